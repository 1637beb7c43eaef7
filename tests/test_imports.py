"""Importing the package builds nothing; each way to use `app` builds it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from quart_session_demo.compare.harness.servers import ServerCommand, run_servers
from tests.conftest import KEY, ROOT

WRONG = {
    'QUART_PERMANENT_SESSION_LIFETIME': 'ten',
    'QUART_SECRET_KEY_FALLBACKS': 'never-shown',
    'QUART_SESSION_COOKIE_SECURE': 'no',
}

# What an own app that imports the sessions must not load.
NOT_FOR_SESSIONS = (
    'quart_session_demo.cli',
    'quart_session_demo.compare',
    'quart_session_demo.config',
    'quart_session_demo.factory',
    'quart_session_demo.lesson',
    'quart_session_demo.playground',
    'quart_session_demo.port',
    'quart_session_demo.session_pages',
    'quart_session_demo.sessions.server.redis',
    'quart_session_demo.sessions.server.sql',
    'aiosqlite',
    'asyncpg',
    'hdrh',
    'libcst',
    'matplotlib',
    'psycopg',
    'redis',
    'sqlalchemy',
)

# What serving the app must not load.
NOT_FOR_THE_APP = (
    'gunicorn',
    'hdrh',
    'httpx',
    'libcst',
    'matplotlib',
    'msgspec',
    'psycopg',
    'quart_session_demo.cli.cookie_report',
    'quart_session_demo.cli.cookie_text',
    'quart_session_demo.cli.session_facts',
    'quart_session_demo.compare',
    'quart_session_demo.deploy_check',
    'quart_session_demo.port',
    'quart_session_demo.tables',
    'redis',
    'rich',
    'sqlalchemy',
    'uvloop',
)
# What serving the app in production must not load either.
NOT_FOR_PRODUCTION = (
    'quart_session_demo.playground',
    'quart_session_demo.session_pages',
    'quart_session_demo.sessions.inspector',
)

SERVERS = {
    'hypercorn': ('hypercorn', '--workers', '0', '--bind', '127.0.0.1:{port}'),
    'uvicorn': ('uvicorn', '--port', '{port}'),
    'starter': ('quart_session_demo.serve', '--bind', '127.0.0.1:{port}'),
    'granian': ('granian', '--interface', 'asgi', '--port', '{port}'),
}

READ_USERNAME = """
import asyncio
response = asyncio.run(app.test_client().get('/get_session/'))
print(response.status_code)
"""


def python(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run Python in another folder, with this package on its path."""
    return subprocess.run(
        [sys.executable, '-B', *arguments],
        cwd=folder,
        env={'PATH': os.environ['PATH'], 'PYTHONPATH': str(ROOT), **(environment or {})},
        capture_output=True,
        text=True,
        check=check,
    )


def loaded(names: tuple[str, ...], modules: list[str]) -> set[str]:
    return {
        module
        for module in modules
        for name in names
        if module == name or module.startswith(f'{name}.')
    }


@pytest.mark.parametrize(
    'module',
    [
        'quart_session_demo',
        'quart_session_demo.sessions',
        'quart_session_demo.middleware',
        'quart_session_demo.wsgi',
    ],
)
def test_import_for_an_own_app_builds_nothing(tmp_path: Path, module: str) -> None:
    """An own app's import reads no `QUART_*`, writes nothing and loads only what it needs."""
    program = str(ROOT / 'tests/apps/environment_reads.py')

    result = python(tmp_path, program, module, environment=WRONG)

    variables, modules = result.stdout.splitlines()
    assert variables == ''
    assert module in modules.split()
    assert loaded(NOT_FOR_SESSIONS, modules.split()) == set()
    assert result.stderr == ''
    assert list(tmp_path.iterdir()) == []


def test_own_app_runs_with_wrong_settings_of_this_app(tmp_path: Path) -> None:
    """An own app with our session interface serves despite wrong settings of this app."""
    program = str(ROOT / 'tests/apps/own_session_app.py')

    result = python(tmp_path, program, environment=WRONG)

    assert result.stdout.startswith('session=')
    assert result.stderr == ''


@pytest.mark.parametrize(
    'statement',
    [
        'from quart_session_demo import app',
        'import quart_session_demo; app = quart_session_demo.app',
        'import quart_session_demo; app = vars(quart_session_demo)["app"]',
        'from quart_session_demo import create_app; app = create_app()',
    ],
)
def test_each_import_of_app_builds_it(tmp_path: Path, statement: str) -> None:
    """Each way to name the app in Python gives a working app, without heavy modules."""
    code = f'{statement}\n{READ_USERNAME}\nimport sys; print(*sys.modules)'

    status, modules = python(tmp_path, '-c', code).stdout.splitlines()

    assert status == '200'
    assert loaded(NOT_FOR_THE_APP, modules.split()) - {'quart_session_demo.cli.compare'} == set()


def test_production_loads_no_playground(tmp_path: Path) -> None:
    """In production the app loads none of the pages that it does not serve."""
    code = 'from quart_session_demo import app; import sys; print(*sys.modules)'
    environment = {'QUART_PRODUCTION': 'true', 'QUART_SECRET_KEY': KEY}

    modules = python(tmp_path, '-c', code, environment=environment).stdout.split()

    assert 'quart_session_demo.lesson' in modules
    assert loaded((*NOT_FOR_THE_APP, *NOT_FOR_PRODUCTION), modules) == set()


def test_app_is_built_where_sighup_is_missing(tmp_path: Path) -> None:
    """The app is built on Windows, which has no SIGHUP."""
    code = 'import signal; del signal.SIGHUP; from quart_session_demo import app; print(app.name)'

    assert python(tmp_path, '-c', code).stdout == 'quart_session_demo\n'


def test_app_is_built_once(tmp_path: Path) -> None:
    """All ways to name the app give the same object."""
    code = (
        'import quart_session_demo as package\n'
        'from quart_session_demo import app\n'
        'print(app is package.app is vars(package)["app"], "app" in dir(package))\n'
    )

    assert python(tmp_path, '-c', code).stdout == 'True True\n'


def test_unknown_name_is_an_attribute_error(tmp_path: Path) -> None:
    """A misspelled name raises the usual error, and builds no app."""
    code = 'import quart_session_demo; quart_session_demo.ap'

    result = python(tmp_path, '-c', code, check=False, environment=WRONG)

    assert result.stderr.splitlines()[-1] == (
        "AttributeError: module 'quart_session_demo' has no attribute 'ap'"
    )


@pytest.mark.e2e
@pytest.mark.parametrize('server', SERVERS)
def test_each_server_serves_the_app(server: str) -> None:
    """`SERVER quart_session_demo:app` serves the lesson."""
    pytest.importorskip(SERVERS[server][0])
    command = (sys.executable, '-m', *SERVERS[server], 'quart_session_demo:app')

    with (
        run_servers(ServerCommand(server, command, {'QUART_SECRET_KEY': KEY})) as [running],
        httpx.Client(base_url=running.url) as client,
    ):
        client.get('/')
        assert client.get('/get_session/').text == 'zhiliao'


def test_quart_command_line_finds_the_app(tmp_path: Path) -> None:
    """`quart --app quart_session_demo` finds the app."""
    result = python(tmp_path, '-m', 'quart', '--app', 'quart_session_demo', 'routes')

    assert '/get_session/' in result.stdout


@pytest.mark.parametrize(
    'arguments',
    [
        ('-m', 'hypercorn', '--workers', '0', '--bind', '127.0.0.1:0', 'quart_session_demo:app'),
        ('-m', 'uvicorn', '--port', '0', 'quart_session_demo:app'),
        ('-m', 'quart', '--app', 'quart_session_demo', 'routes'),
        ('-m', 'quart_session_demo'),
        ('-m', 'quart_session_demo.serve', 'quart_session_demo:app'),
        ('-c', 'from quart_session_demo import app'),
    ],
    ids=' '.join,
)
def test_wrong_settings_end_each_entry_with_one_line(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Wrong settings end the start with status 1 and one line that names all, and no secret."""
    result = python(tmp_path, *arguments, check=False, environment=WRONG)

    assert result.returncode == 1
    assert result.stdout == ''
    [line] = result.stderr.splitlines()
    assert all(name in line for name in WRONG)
    assert 'never-shown' not in line


def test_wrong_settings_stop_granian(tmp_path: Path) -> None:
    """Granian, which logs lines of its own, ends with status 1 and prints the same line."""
    arguments = ('-m', 'granian', '--interface', 'asgi', '--port', '0', 'quart_session_demo:app')

    result = python(tmp_path, *arguments, check=False, environment=WRONG)

    assert result.returncode == 1
    assert len([line for line in result.stderr.splitlines() if all(n in line for n in WRONG)]) == 1
    assert 'never-shown' not in result.stderr
