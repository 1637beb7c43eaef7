"""`python -m quart_session_demo` runs the development server, and reports what it cannot do."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from quart_session_demo.compare.harness.servers import ServerCommand, run_servers
from tests.conftest import KEY, ROOT
from tests.processes import wait_until

COMMAND = (sys.executable, '-m', 'quart_session_demo')


def run(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command, which ends by itself."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'QUART_SECRET_KEY': KEY, **variables},
        capture_output=True,
        text=True,
    )


@pytest.mark.e2e
def test_options_choose_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--host` and `--port` choose where the lesson is served, in debug mode, and are printed."""
    monkeypatch.setenv('PYTHONUNBUFFERED', '1')
    command = (*COMMAND, '--host', 'localhost', '--port', '{port}')

    with run_servers(ServerCommand('development', command, {'QUART_SECRET_KEY': KEY})) as [server]:
        assert httpx.get(f'{server.url}/get_session/').text == '没有session数据'
        line = f'Playground: http://localhost:{server.port}/playground/'
        wait_until(lambda: line in server.log.tail().splitlines())
        log = server.log.tail()

    assert 'Debug mode: True' in log
    assert f'Running on http://localhost:{server.port} ' in log


def test_server_name_is_the_default_address(tmp_path: Path) -> None:
    """Without options the address is that of SERVER_NAME, as in Quart."""
    with socket.create_server(('127.0.0.1', 0)) as taken:
        name = f'localhost:{taken.getsockname()[1]}'

        result = run(folder=tmp_path, QUART_SERVER_NAME=name)

    assert result.stderr.startswith(f'Error: {name} cannot be used (Address already in use)')


@pytest.mark.parametrize('host', ['127.0.0.1', 'localhost', '0.0.0.0', '::1', '[::1]'])  # noqa: S104
def test_taken_port_is_one_line(host: str, tmp_path: Path) -> None:
    """A port that is taken ends the start with one line with the address and the option."""
    is_ipv6 = ':' in host
    with ExitStack() as stack:
        taken = stack.enter_context(socket.create_server(('127.0.0.1', 0)))
        port = taken.getsockname()[1]
        # Without IPv6, the same line has another reason.
        with suppress(OSError):
            address = ('::1', port)
            stack.enter_context(socket.create_server(address, family=socket.AF_INET6))

        result = run('--host', host, '--port', str(port), folder=tmp_path)

    shown = f'[::1]:{port}' if is_ipv6 else f'{host}:{port}'
    assert result.stderr.startswith(f'Error: {shown} cannot be used (')
    assert f'--port {port + 1}' in result.stderr
    assert result.stderr.count('\n') == 1
    assert (result.returncode, result.stdout) == (1, '')


@pytest.mark.parametrize('host', ['host.invalid', 'a..b', '999.1.1.1', 'a' * 300])
def test_host_without_address_is_one_line(host: str, tmp_path: Path) -> None:
    """A host that has no address here ends the start with one line that names it."""
    result = run('--host', host, folder=tmp_path)

    assert result.stderr.startswith(f'Error: {host}:5000 cannot be used (')
    assert 'another host with --host' in result.stderr
    assert result.stderr.count('\n') == 1
    assert (result.returncode, result.stdout) == (1, '')


@pytest.mark.parametrize(
    ('arguments', 'named'),
    [
        (['--port', '0'], '0'),
        (['--port', '70000'], '70000'),
        (['--port', '-1'], '-1'),
        (['--port', 'http'], "'http'"),
        (['--port'], "'--port'"),
        (['--prot', '8001'], "'--prot'"),
        (['--bind', '127.0.0.1:8001'], "'--bind'"),
        (['--reload'], "'--reload'"),
        (['8001'], '8001'),
    ],
    ids=str,
)
def test_unknown_argument_is_refused(arguments: list[str], named: str, tmp_path: Path) -> None:
    """An argument that is not known ends the start with one line that names it, and status 2."""
    # The settings are not read before.
    result = run(*arguments, folder=tmp_path, QUART_SESSION_COOKIE_SECURE='no')

    assert result.stderr.startswith('Error: ')
    assert named in result.stderr
    assert result.stderr.count('\n') == 1
    assert (result.returncode, result.stdout) == (2, '')


@pytest.mark.parametrize('option', ['--help', '-h'])
def test_help_shows_options_and_statuses(option: str, tmp_path: Path) -> None:
    """The help names both options, an example and the exit statuses, and builds no app."""
    result = run(option, folder=tmp_path, QUART_SESSION_COOKIE_SECURE='no')

    for text in ('--host', '--port', 'Example: ', 'Exit status: 1', 'Usage: python -m'):
        assert text in result.stdout
    assert (result.returncode, result.stderr) == (0, '')


def test_ctrl_c_during_the_start_prints_nothing(tmp_path: Path) -> None:
    """Ctrl-C before the server has started ends with status 130, and without a traceback."""
    code = (
        'import runpy, signal, socket\n'
        'socket.socket.bind = lambda *_: signal.raise_signal(signal.SIGINT)\n'
        "runpy.run_module('quart_session_demo', run_name='__main__')\n"
    )

    result = subprocess.run(
        [sys.executable, '-c', code],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'QUART_SECRET_KEY': KEY},
        capture_output=True,
        text=True,
    )

    assert (result.returncode, result.stdout, result.stderr.strip()) == (130, '', '')
