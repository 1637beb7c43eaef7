"""What the starter refuses, and how it reports it."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.conftest import KEY, ROOT
from tests.serve.conftest import COMMAND, SERVE_APP, Start, environment

pytestmark = pytest.mark.e2e


def run(*arguments: str, **variables: str) -> tuple[int, str]:
    """Run the starter, which ends by itself; return its status and standard error."""
    result = subprocess.run(
        [*COMMAND, *arguments],
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.stdout == ''
    return result.returncode, result.stderr


@pytest.mark.parametrize(
    ('arguments', 'status', 'message'),
    [
        ((), 2, "Missing argument 'MODULE:APP'."),
        ((SERVE_APP, '--processes', '0'), 2, "Invalid value for '--processes'"),
        (('shop:app',), 1, 'shop:app: there is no module shop'),
        (('tests.apps.shop:app',), 1, 'tests.apps.shop:app: there is no module tests.apps.shop'),
        (('shop',), 1, "'shop' names no app: use MODULE:APP, such as shop:app"),
        (('shop:',), 1, "'shop:' names no app"),
        (('json:app',), 1, "json:app: module 'json' has no attribute 'app'"),
        (('.shop:app',), 1, "'.shop:app' names no app"),
        (('json:JSONDecodeError.colno()',), 1, 'json:JSONDecodeError.colno(): '),
        (('json:__name__()',), 1, 'json:__name__() cannot be called: it is of the type str'),
        ((SERVE_APP, '--bind', ''), 1, '--bind is empty: set it to an address, or remove it'),
        (
            ('json:dumps',),
            1,
            'json:dumps is not an ASGI app, such as Quart: it is of the type function; '
            "if it returns the app, use 'json:dumps()'",
        ),
        ((SERVE_APP, '--bind', '192.0.2.1:80'), 1, '192.0.2.1:80 cannot be used'),
        ((SERVE_APP, '--bind', 'a.invalid:80'), 1, 'a.invalid:80 cannot be used'),
        ((SERVE_APP, '--bind', 'unix:/missing/a'), 1, 'unix:/missing/a cannot be used'),
    ],
)
def test_wrong_argument_is_one_line(arguments: tuple[str, ...], status: int, message: str) -> None:
    """A wrong argument ends the start with one line and a status."""
    returncode, output = run(*arguments)

    assert returncode == status
    assert output.startswith(f'Error: {message}')
    assert output.count('\n') == 1


@pytest.mark.parametrize('processes', ['1', '2'])
def test_invalid_setting_of_the_app_is_one_line(processes: str) -> None:
    """The demo app's error is printed once, also for several processes, and the status is 1."""
    variables = {'QUART_PRODUCTION': 'true', 'QUART_SECRET_KEY': 'short'}

    status, output = run('quart_session_demo:app', '--processes', processes, **variables)

    assert status == 1
    assert output.startswith('quart_session_demo: QUART_SECRET_KEY is only 5 bytes long')
    assert output.count('\n') == 1


def test_memory_store_refuses_several_processes() -> None:
    """Sessions in memory with several processes are an error, whichever way they are chosen."""
    variables = {'QUART_SESSION_TYPE': 'memory', 'QUART_SECRET_KEY': KEY}

    by_option = run('quart_session_demo:app', '--processes=2', WEB_CONCURRENCY='1', **variables)
    by_variable = run('quart_session_demo:app', WEB_CONCURRENCY='2', **variables)

    assert by_option == by_variable
    assert by_option[0] == 1
    assert 'WEB_CONCURRENCY=2 processes cannot share' in by_option[1]


def test_memory_store_allows_one_process(start: Start) -> None:
    """`--processes 1` counts, and not WEB_CONCURRENCY, so the store in memory works."""
    variables = {'QUART_SESSION_TYPE': 'memory', 'QUART_SECRET_KEY': KEY}

    started = start('quart_session_demo:app', WEB_CONCURRENCY='2', **variables)

    assert started.stop() == 0


@pytest.mark.parametrize('processes', ['1', '2'])
def test_error_when_the_app_starts_is_the_last_line(processes: str) -> None:
    """An exception in `before_serving` is the last line, and the status is 1."""
    status, output = run(SERVE_APP, '--processes', processes, START_PROBLEM='no database')

    assert status == 1
    last = output.splitlines()[-1]
    assert last == f'Error: {SERVE_APP} cannot be served: RuntimeError: no database'


@pytest.mark.parametrize('processes', ['1', '2'])
def test_failed_start_ends_although_a_thread_goes_on(processes: str) -> None:
    """A thread that does not end cannot prevent the end of a failed start."""
    variables = {'START_THREAD': '1', 'START_PROBLEM': 'no database', 'GRACEFUL_TIMEOUT': '0'}

    status, output = run(SERVE_APP, '--processes', processes, **variables)

    assert status == 1
    assert f'Error: {SERVE_APP} cannot be served: RuntimeError: no database\n' in output
    assert output.endswith('stopped after 3 s, although the app has not ended\n')


def test_module_that_exits_is_one_line(tmp_path: Path) -> None:
    """If the app's module ends the first process with status 0, one line reports it."""
    (tmp_path / 'ending_app.py').write_text('raise SystemExit(0)\n')

    status, output = run(
        'ending_app:app', '--processes', '2', PYTHONPATH=f'{ROOT}{os.pathsep}{tmp_path}'
    )

    assert status == 1
    assert output.endswith('did not start (status 0)\n')
    assert output.count('\n') == 1


def test_taken_port_is_one_line() -> None:
    """A port that is taken ends the start with one line that names it."""
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]

        status, output = run(SERVE_APP, PORT=str(port))

    assert status == 1
    assert output == (
        f'Error: PORT {port} cannot be used (Address already in use): choose another one with '
        'PORT\n'
    )


@pytest.mark.parametrize(
    ('line', 'error'),
    [
        ('import missing_module', "ModuleNotFoundError: No module named 'missing_module'"),
        ('int("x")', "ValueError: invalid literal for int() with base 10: 'x'"),
    ],
)
def test_error_in_the_module_has_a_traceback(line: str, error: str, tmp_path: Path) -> None:
    """An error in the app's own module shows where it is, also a module that is missing there."""
    (tmp_path / 'shop.py').write_text(f'{line}\n')
    path = f'{ROOT}{os.pathsep}{tmp_path}'

    status, output = run('shop:app', PYTHONPATH=path)

    assert status == 1
    assert 'shop.py", line 1' in output
    assert output.splitlines()[-1] == error


def test_function_can_return_the_app(start: Start) -> None:
    """`MODULE:FUNCTION()` serves what the function returns."""
    started = start('quart_session_demo:create_app()', QUART_SECRET_KEY=KEY)

    assert started.stop() == 0
