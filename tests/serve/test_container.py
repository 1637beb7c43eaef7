"""The starter as a container, honcho or systemd runs it."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT
from tests.processes import wait_until
from tests.serve.conftest import COMMAND, SERVE_APP, Launch, Start, end, environment
from tests.sockets import read_all

pytestmark = pytest.mark.e2e

#: A program's child is process 1 of a namespace of its own, as in a container.
UNSHARE = ('unshare', '--pid', '--fork', '--kill-child')
#: Some containers allow no namespaces. The child is then a usual process.
SHELL = ('sh', '-c', '"$@" & wait $!', 'sh')


@pytest.fixture(scope='module')
def container() -> tuple[str, ...]:
    """Return a command whose child is the starter, as process 1 if that is allowed."""
    for options in ((), ('--user', '--map-root-user')):
        try:
            subprocess.run([*UNSHARE, *options, 'true'], check=True, capture_output=True)
        except (FileNotFoundError, subprocess.CalledProcessError):
            continue
        return (*UNSHARE, *options, *COMMAND)
    return (*SHELL, *COMMAND)


def handles_signals(process: psutil.Process) -> bool:
    """Return whether a starter handles its signals."""
    status = Path(f'/proc/{process.pid}/status').read_text()
    mask = int(status.partition('SigCgt:')[2].split()[0], 16)
    # Coverage handles SIGTERM, until the starter does. SIGUSR2 is handled last.
    return bool(mask >> (signal.SIGUSR2 - 1) & 1)


@pytest.mark.parametrize('processes', ['1', '2'])
def test_first_process_can_be_stopped_early(container: tuple[str, ...], processes: str) -> None:
    """SIGTERM to process 1 while it starts, before the app is imported, ends it with status 0."""
    command = [*container, 'tests.apps.slow_app:app', '--processes', processes]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE) as unshare:
        try:
            children = psutil.Process(unshare.pid).children
            wait_until(lambda: children() and handles_signals(children()[0]))
            children()[0].send_signal(signal.SIGTERM)

            assert unshare.wait(60) == 0
            assert unshare.stderr
            assert unshare.stderr.read() == b''
        finally:
            end(unshare)


@pytest.mark.parametrize('processes', [1, 2])
def test_first_process_finishes_open_requests(
    start: Start, container: tuple[str, ...], processes: int
) -> None:
    """Process 1 finishes the open requests at SIGTERM, and the status is 0."""
    started = start(processes=processes, command=container)
    connections = [started.connect('GET /wait/1 HTTP/1.1\nHost: a\n\n') for _ in range(10)]

    psutil.Process(started.process.pid).children()[0].send_signal(signal.SIGTERM)

    assert all(read_all(connection).endswith(b'finished') for connection in connections)
    assert started.process.wait(60) == 0


@pytest.mark.parametrize('processes', [1, 2])
def test_inherited_socket_can_be_served_again(processes: int) -> None:
    """A socket of systemd outlives the starter: the next one serves what was sent meanwhile."""
    with socket.create_server(('127.0.0.1', 0)) as listener, ExitStack() as stack:
        options = [f'--bind=fd://{listener.fileno()}', f'--processes={processes}']
        for _ in range(2):
            connection = stack.enter_context(socket.create_connection(listener.getsockname()))
            connection.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
            process = subprocess.Popen(
                [*COMMAND, SERVE_APP, *options],
                env=environment(DRAIN_SECONDS='0'),
                stderr=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
            )
            stack.callback(end, process)
            assert connection.recv(65536).startswith(b'HTTP/1.1 200')
            process.terminate()
            assert process.wait(60) == 0


@pytest.mark.parametrize('processes', [1, 2])
def test_honcho_loses_no_request(launch: Launch, processes: int, tmp_path: Path) -> None:
    """SIGTERM to honcho and to all that it started finishes the open requests."""
    starter = f'{sys.executable} -m quart_session_demo.serve {SERVE_APP} --processes {processes}'
    (tmp_path / 'Procfile').write_text(f'web: exec {starter}\n')
    honcho = f'{sys.executable} -m honcho -f {tmp_path}/Procfile -d {ROOT} -e {os.devnull}'
    started = launch([*honcho.split(), 'start', '--port=0'])
    started.wait_for('Running on', processes)
    connections = [started.connect('GET /wait/1 HTTP/1.1\nHost: a\n\n') for _ in range(20)]

    os.killpg(started.process.pid, signal.SIGTERM)

    assert all(read_all(connection).endswith(b'finished') for connection in connections)
    started.process.wait()
    assert 'web.1 stopped (rc=0)' in started.log
    assert started.log.count('after_serving') == processes
    assert 'Traceback' not in started.log
