"""A standard error that is full, closed or has no reader does not end or hang the server."""

import io
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from quart_session_demo.serve import standard_error
from tests.processes import wait_until
from tests.serve.conftest import COMMAND, SERVE_APP, end, environment

pytestmark = pytest.mark.e2e

Serve = Callable[..., tuple[subprocess.Popen[bytes], str]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Yield a function that starts the starter with this standard error."""

    def serve(
        *options: str, stderr: int | None, script: str = 'exec "$@"'
    ) -> tuple[subprocess.Popen[bytes], str]:
        listener = stack.enter_context(socket.create_server(('127.0.0.1', 0)))
        bind = f'--bind=fd://{listener.fileno()}'
        process = subprocess.Popen(
            ['sh', '-c', script, 'sh', *COMMAND, SERVE_APP, bind, *options],
            env=environment(DRAIN_SECONDS='0', GRACEFUL_TIMEOUT='1'),
            pass_fds=[listener.fileno()],
            stderr=stderr,
        )
        stack.callback(end, process)
        return process, f'http://127.0.0.1:{listener.getsockname()[1]}'

    with ExitStack() as stack:
        yield serve


@pytest.mark.parametrize('processes', [1, 2])
def test_full_pipe_does_not_block(serve: Serve, processes: int) -> None:
    """With a pipe that nobody reads, requests are served and the server stops."""
    reader, writer = os.pipe()
    process, url = serve(f'--processes={processes}', stderr=writer)
    os.close(writer)

    for _ in range(4):
        # Much more than the 64 KB of a pipe on Linux.
        assert httpx.get(f'{url}/log/1000', timeout=60).text == 'logged'
    if processes == 2:
        killed = psutil.Process(process.pid).children()[0]
        killed.kill()
        # It is replaced although the supervisor can log nothing.
        wait_until(lambda: len(psutil.Process(process.pid).children()) == 2)
    assert httpx.get(url, timeout=60).status_code == 200

    process.terminate()
    assert process.wait(60) == 0
    os.close(reader)


def test_messages_are_written_when_the_pipe_is_read(serve: Serve) -> None:
    """When somebody reads again, messages arrive, and the numbers of those that were dropped."""
    process, url = serve(stderr=subprocess.PIPE)
    assert httpx.get(f'{url}/log/3000', timeout=60).text == 'logged'
    process.terminate()

    _, printed = process.communicate()

    dropped = [int(number) for number in re.findall(rb'(\d+) messages were dropped', printed)]
    assert sum(dropped) > 0
    assert printed.count(b'x' * 1000) + sum(dropped) == 3000


def test_missing_reader_does_not_end_the_server(serve: Serve) -> None:
    """A pipe whose reader has ended changes nothing."""
    reader, writer = os.pipe()
    os.close(reader)
    process, url = serve(stderr=writer)
    os.close(writer)

    assert httpx.get(f'{url}/log/10', timeout=60).text == 'logged'

    process.terminate()
    assert process.wait(60) == 0


@pytest.mark.parametrize('processes', [1, 2])
def test_closed_streams_are_not_reused(serve: Serve, processes: int) -> None:
    """If the standard streams are closed, no socket gets their numbers, and requests are served."""
    process, url = serve(f'--processes={processes}', stderr=None, script='exec "$@" <&- >&- 2>&-')

    served = httpx.get(f'{url}/log/10', timeout=60).text
    assert served == 'logged'
    wait_until(lambda: all_streams_of(process) == {os.devnull})
    process.terminate()
    assert process.wait(60) == 0


def all_streams_of(process: subprocess.Popen[bytes]) -> set[str]:
    """Return where the standard streams of a starter and its processes lead."""
    pids = [process.pid, *(child.pid for child in psutil.Process(process.pid).children())]
    return {target(Path(f'/proc/{pid}/fd/{number}')) for pid in pids for number in range(3)}


def target(stream: Path) -> str:
    """Return where a stream leads; nothing if it is closed, as while a process starts."""
    try:
        return str(stream.readlink())
    except FileNotFoundError:
        return ''


def test_watchdog_ends_an_app_that_has_closed_the_stream(serve: Serve) -> None:
    """If the app closes `sys.stderr`, what does not end is abandoned all the same."""
    process, url = serve(stderr=subprocess.DEVNULL)
    with socket.create_connection(('127.0.0.1', httpx.URL(url).port or 0)) as connection:
        connection.sendall(b'GET /thread HTTP/1.1\r\nHost: a\r\n\r\n')
        assert httpx.get(f'{url}/close', timeout=60).text == 'closed'

        process.terminate()

        assert process.wait(60) == 1


def test_stream_has_what_apps_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apps can change the stream, and write bytes, as with Python's own."""
    reader, writer = os.pipe()
    monkeypatch.setattr(sys, 'stderr', sys.stderr)
    monkeypatch.setattr(standard_error, 'FILENO', writer)

    standard_error.install()
    assert isinstance(sys.stderr, io.TextIOWrapper)
    sys.stderr.reconfigure(line_buffering=True)
    sys.stderr.buffer.write(b'bytes, ')
    print('text', file=sys.stderr)
    standard_error.flush()

    assert os.read(reader, 100) == b'bytes, text\n'
    assert sys.stderr.name == '<stderr>'
    os.close(reader)
    os.close(writer)


def test_line_is_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts that `print` writes are one message, so that lines of processes do not mix."""
    reader, writer = socket.socketpair(type=socket.SOCK_DGRAM)
    with reader, writer:
        monkeypatch.setattr(sys, 'stderr', sys.stderr)
        monkeypatch.setattr(standard_error, 'FILENO', writer.fileno())

        standard_error.install()
        print('stopped', 1, 2, file=sys.stderr)
        print('no end of a line', end='', file=sys.stderr)
        standard_error.flush()

        assert reader.recv(100) == b'stopped 1 2\n'
        assert reader.recv(100) == b'no end of a line'


def test_handler_can_print_while_the_app_prints() -> None:
    """A signal handler that interrupts a message can print one too."""
    process = subprocess.run(
        [sys.executable, '-m', 'tests.apps.printing_handler'],
        env=environment(),
        stderr=subprocess.DEVNULL,
        timeout=30,
    )

    assert process.returncode == 0
