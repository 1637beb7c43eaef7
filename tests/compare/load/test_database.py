"""The database of the scenarios that need PostgreSQL."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from quart_session_demo.compare.harness import postgres
from quart_session_demo.compare.load.backends import run_backend
from quart_session_demo.compare.load.database import SCHEMA, BackendError, run_postgres
from tests.compare.conftest import APPS, compare_environment
from tests.postgres_server import PostgresServer
from tests.processes import wait_until_gone

SECRET = 'hunter2-hunter2'

ROWS = 'SELECT count(*), max(id) FROM quart_session_demo_load.items'
STATISTICS = "SELECT reltuples FROM pg_class WHERE oid = 'quart_session_demo_load.items'::regclass"
ITEM = 'SELECT name FROM quart_session_demo_load.items WHERE id = 7'
SCHEMAS = "SELECT 1 FROM pg_namespace WHERE nspname = 'quart_session_demo_load'"


def query(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def error_of(url: str | None, connections: int = 1) -> str:
    """Return the error, which is one line without the password."""
    with pytest.raises(BackendError) as caught, run_postgres(url, connections):
        pass
    assert '\n' not in str(caught.value)
    assert 'hunter' not in str(caught.value)
    return str(caught.value)


@pytest.mark.postgres
def test_started_database_has_the_table() -> None:
    """A PostgreSQL is started with the table, its statistics and enough connections."""
    with run_postgres(None, connections=600) as database:
        assert query(database.url, ROWS) == [(100_000, 100_000)]
        assert query(database.url, STATISTICS) == [(100_000,)]
        [[limit]] = query(database.url, 'SHOW max_connections')
        assert int(str(limit)) > 600
        assert query(database.url, 'SHOW server_version') == [(database.version,)]
        passwordless = psycopg.conninfo.make_conninfo(database.url, password='')
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(passwordless)


@pytest.mark.postgres
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_started_database_ends_after_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    """After Ctrl-C or SIGTERM neither a process of PostgreSQL nor a file remains."""
    environment = compare_environment(TMPDIR=str(tmp_path))
    # PostgreSQL runs as another user.
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == tmp_path.owner() and folder != Path('/'):
            folder.chmod(folder.stat().st_mode | 0o711)
    command = [sys.executable, str(APPS / 'load_database.py')]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid, folder_name = process.stdout.readline().split()
        postmaster = psutil.Process(int(pid))
        pids = [child.pid for child in postmaster.children()] + [postmaster.pid]
        process.send_signal(number)

    assert process.returncode == 128 + number
    wait_until_gone(pids)
    assert folder_name.startswith(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_missing_postgres_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PostgreSQL the error names what to install, and the option."""
    monkeypatch.setattr(postgres, 'find_program', lambda _: None)

    assert error_of(None) == (
        'there is no PostgreSQL: install it (apt-get install postgresql), or use --postgres URL'
    )


@pytest.mark.postgres
def test_own_database_is_left_as_it_was(postgres_server: PostgresServer) -> None:
    """In the user's database the table has a schema of its own, which is dropped."""
    url = postgres_server.new_database()
    query(url, 'CREATE TABLE items (id integer)')

    with run_backend('postgres', 1, url) as running:
        assert running.environment['DATABASE_URL'] == url
        assert query(url, ITEM) == [('item 7',)]

    assert query(url, 'SELECT count(*) FROM items') == [(0,)]
    assert query(url, SCHEMAS) == []


@pytest.mark.postgres
def test_other_run_is_not_disturbed(postgres_server: PostgresServer) -> None:
    """If the schema exists, the error names it, and the schema stays."""
    url = postgres_server.new_database()
    query(url, f'CREATE SCHEMA {SCHEMA}')

    assert f'the schema {SCHEMA} exists already' in error_of(url)

    assert query(url, SCHEMAS) == [(1,)]


@pytest.mark.postgres
def test_few_connections_are_an_error(postgres_server: PostgresServer) -> None:
    """The error states how many connections are missing, and nothing is created."""
    url = postgres_server.new_database()

    error = error_of(url, connections=10_000)

    assert 'all servers together open 10000: raise max_connections' in error
    assert query(url, SCHEMAS) == []


@pytest.mark.postgres
def test_missing_permission_is_an_error(postgres_server: PostgresServer) -> None:
    """If the role may not create a schema, the error is that of the database."""
    role = f'reader_{os.getpid()}'
    url = postgres_server.new_database()
    query(url, f'CREATE ROLE {role} LOGIN')

    error = error_of(url.replace('postgres@', f'{role}@'))

    query(url, f'DROP ROLE {role}')
    assert error.startswith('--postgres: the database refuses: permission denied for database ')


@pytest.mark.parametrize(
    ('url', 'problem'),
    [
        (f'postgresql://me:{SECRET}@127.0.0.1:9/db', '(Connection refused)'),
        (f'postgresql://me:{SECRET}@no-such-host.invalid/db', 'no connection'),
        (f'postgresql+asyncpg://me:{SECRET}@127.0.0.1/db', 'not a URL of PostgreSQL'),
        (f'postgresql://me:{SECRET}@127.0.0.1:port/db', 'no connection: check the URL'),
        (f'postgresql://me:a@{SECRET}@127.0.0.1/db', 'no connection'),
        (f'postgresql://me:a/{SECRET}@127.0.0.1/db', '--postgres: no'),
        (f'postgresql://me@127.0.0.1/db?{SECRET}=1', 'not a URL of PostgreSQL'),
        (f'me:{SECRET}@127.0.0.1/db', 'not a URL of PostgreSQL'),
    ],
)
def test_wrong_url_is_an_error(url: str, problem: str) -> None:
    """The error is one line that states what is wrong, without any part of the URL."""
    assert problem in error_of(url)


@pytest.mark.postgres
def test_wrong_database_is_an_error(postgres_server: PostgresServer) -> None:
    """A database that does not exist is an error that names it."""
    url = postgres_server.url.removesuffix('postgres') + 'no_such_database'

    assert 'database "no_such_database" does not exist' in error_of(url)
