"""The settings of sessions in a database: refused when the app is made, without their secrets."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from quart import Quart

from quart_session_demo import create_app
from quart_session_demo.config import ConfigError
from quart_session_demo.sessions import ServerSessionInterface, create_session_interface
from quart_session_demo.sessions.extras import install_command
from quart_session_demo.sessions.sql import SQLStore
from tests.conftest import KEY

SECRET = 'never-shown'
URL = f'postgresql://app:{SECRET}@db.example.com/app'
#: A URL, and a part of the problem that the error states.
WRONG_URLS = [
    ('', 'not a URL'),
    (SECRET, 'not a URL'),
    (f'postgresql://app:{SECRET}@host:port/app', 'not a URL'),
    (f'mysql://app:{SECRET}@host/app', 'does not begin with'),
    (f'postgresql+psycopg2://app:{SECRET}@host/app', 'does not begin with'),
    (f'{URL}?target_session_attrs=any', 'option target_session_attrs'),
    (f'{URL}?sslmode=require&pool_size=5', 'option pool_size'),
    (f'postgresql://app:{SECRET}@/app?host=first,second', 'several hosts'),
    (f'postgresql://app:{SECRET}@first,second/app', 'several hosts'),
    (f'postgresql://app:{SECRET}@db..example.com/app', 'invalid host'),
    (f'postgresql://app:{SECRET}@host:65536/app', 'invalid port'),
    (f'{URL}?sslmode=on', 'sslmode'),
    (f'{URL}?sslmode=require&sslmode=require', 'option twice'),
    (f'{URL}?sslmode=verify-full&sslrootcert=/no/such/file', 'certificates'),
    (f'{URL}?sslmode=verify-full&sslcert=/no/such/file', 'certificates'),
    (f'{URL}?sslrootcert=/no/such/file', 'sslmode'),
    ('sqlite://', 'no file'),
    ('sqlite:///:memory:', 'no file'),
    ('sqlite://sessions.db', 'names a host'),
    ('sqlite://var/lib/app/sessions.db', 'names a host'),
    (f'sqlite://app:{SECRET}@/sessions.db', 'names a host or a user'),
    ('sqlite:////tmp/sessions.db?mode=ro', 'option mode'),
    ('sqlite+pysqlite:////tmp/sessions.db', 'does not begin with'),
    ('sqlite:////tmp', 'not a file'),
    ('sqlite:////dev/null/sessions.db', 'not a folder'),
]


def make_sql_app(**settings: Any) -> Quart:
    return create_app({'SECRET_KEY': KEY, 'SESSION_TYPE': 'sqlalchemy', **settings})


@pytest.mark.parametrize(('url', 'problem'), WRONG_URLS)
def test_wrong_url_is_refused_without_password(url: str, problem: str) -> None:
    """A wrong URL is an error that names the setting and the problem, in any app."""
    with pytest.raises(ConfigError, match=r'^SESSION_SQLALCHEMY_URL ') as caught:
        make_sql_app(SESSION_SQLALCHEMY_URL=url)

    assert problem in str(caught.value)
    assert SECRET not in str(caught.value)
    app = Quart('own_app')
    app.config.update(SESSION_TYPE='sqlalchemy', SESSION_SQLALCHEMY_URL=url)
    with pytest.raises(ValueError, match=r'^SESSION_SQLALCHEMY_URL ') as refused:
        create_session_interface(app)
    assert str(refused.value) == str(caught.value)


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('SESSION_SQLALCHEMY_URL', 5432),
        ('SESSION_SQLALCHEMY_URL', b'sqlite:///sessions.db'),
        ('SESSION_SQLALCHEMY_TIMEOUT', '2'),
        ('SESSION_SQLALCHEMY_TIMEOUT', 0),
        ('SESSION_SQLALCHEMY_TIMEOUT', True),
        ('SESSION_KEY_PREFIX', ''),
    ],
)
def test_wrong_value_is_refused_in_any_app(name: str, value: Any, tmp_path: Path) -> None:
    """A wrong value is an error that names the setting, in the demo and in an app of one's own."""
    settings = {'SESSION_SQLALCHEMY_URL': f'sqlite:///{tmp_path}/sessions.db', name: value}
    with pytest.raises(ConfigError, match=name):
        make_sql_app(**settings)

    app = Quart('own_app')
    app.config.update(SESSION_TYPE='sqlalchemy', **settings)
    with pytest.raises(ValueError, match=name):
        create_session_interface(app)


@pytest.mark.parametrize(
    'url',
    [
        'postgres://host/app',
        URL,
        f'postgresql+asyncpg://app:{SECRET}@[::1]:5433/app?sslmode=require&application_name=web',
        f'{URL}?sslmode=verify-full',
        f'{URL}?sslmode=verify-ca&sslrootcert=system',
        f'postgresql://app:{SECRET}@/app?host=/var/run/postgresql',
        f'postgresql://app:{SECRET}@/app?host=/{"long" * 20}/run',
    ],
)
def test_usual_url_is_accepted(url: str) -> None:
    """The URLs that platforms give are accepted, and nothing is connected."""
    make_sql_app(SESSION_SQLALCHEMY_URL=url)


async def test_default_is_a_file_in_the_instance_folder(tmp_path: Path) -> None:
    """Without a URL, the sessions of an app are in a file of its instance folder."""
    app = Quart('own_app', instance_path=str(tmp_path / 'instance'))
    app.config.update(SECRET_KEY=KEY, SESSION_TYPE='sqlalchemy')

    interface = create_session_interface(app)
    async with app.test_app():
        assert isinstance(interface, ServerSessionInterface)
        assert await interface.is_ready()

    assert (tmp_path / 'instance/sessions.db').is_file()


def test_object_of_flask_session_is_refused() -> None:
    """Flask-Session's setting is an error, because the sessions would be stored elsewhere."""
    with pytest.raises(ConfigError, match='set SESSION_SQLALCHEMY_URL'):
        make_sql_app(SESSION_SQLALCHEMY=object())


def test_making_an_app_writes_nothing(tmp_path: Path) -> None:
    """An app that is made but not served creates no file and no folder."""
    make_sql_app(SESSION_SQLALCHEMY_URL=f'sqlite:///{tmp_path}/a/b/sessions.db')

    assert list(tmp_path.iterdir()) == []


async def test_file_is_for_its_user_only(tmp_path: Path) -> None:
    """The files and the folder that are created can be read by the user of the process only."""
    path = tmp_path / 'new folder?#%41/sessions.db'
    store = SQLStore(sqlalchemy.URL.create('sqlite', database=str(path)).render_as_string())
    await store.ping()

    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    await store.close()

    assert modes == {f'sessions.db{end}': 0o600 for end in ('', '-wal', '-shm')}
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_relative_path_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is that of the folder where the store was made."""
    monkeypatch.chdir(tmp_path)
    store = SQLStore('sqlite:///sessions.db')
    monkeypatch.chdir('/')

    await store.ping()
    await store.close()

    assert (tmp_path / 'sessions.db').exists()


@contextmanager
def without_rights() -> Iterator[None]:
    """Let this process fail where a user without rights fails."""
    if os.getuid() != 0:
        yield
        return
    # `os.access` checks the rights of the real user, all else those of the effective one. The saved
    # one stays, to undo this.
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_folder_without_rights_is_one_line() -> None:
    """A folder or file that cannot be written is an error of one line when the app is made."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / 'open').mkdir()
        (folder / 'open').chmod(0o777)
        (folder / 'open/read_only.db').touch(0o444)
        (folder / 'closed').mkdir()
        (folder / 'closed').chmod(0o555)
        (folder / 'hidden').mkdir(0o000)
        folder.chmod(0o755)
        wrong = ('closed/sessions.db', 'closed/new/sessions.db', 'open/read_only.db')
        # Imports what another user may not read.
        make_sql_app()
        with without_rights():
            make_sql_app(SESSION_SQLALCHEMY_URL=f'sqlite:///{folder}/open/sessions.db')
            for path in (*wrong, 'hidden/sessions.db', 'hidden/new/sessions.db'):
                with pytest.raises(ConfigError, match='may not write: set it to') as caught:
                    make_sql_app(SESSION_SQLALCHEMY_URL=f'sqlite:///{folder}/{path}')
                assert len(str(caught.value).splitlines()) == 1


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SQLAlchemy `SESSION_TYPE` sqlalchemy is an error that names the extra."""
    monkeypatch.setitem(sys.modules, 'sqlalchemy', None)

    with pytest.raises(ConfigError, match=re.escape(install_command('sql'))):
        make_sql_app()


@pytest.mark.parametrize('package', ['sqlalchemy', 'asyncpg'])
def test_missing_extra_is_named_in_any_app(package: str) -> None:
    """Without a package of the extra, the import of the store is an error that names the extra."""
    code = f'import sys\nsys.modules["{package}"] = None\nimport quart_session_demo.sessions.sql\n'

    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)

    last_line = result.stderr.splitlines()[-1]
    assert last_line.startswith('ImportError')
    assert last_line.endswith(f"'sql': {install_command('sql')}")
