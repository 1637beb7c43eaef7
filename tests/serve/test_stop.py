"""A stop finishes what was sent, and ends the rest in time."""

import re
import signal

import httpx
import psutil
import pytest

from tests.processes import wait_until
from tests.serve.conftest import COMMAND, Start
from tests.sockets import read_all

pytestmark = pytest.mark.e2e

GET = 'GET {} HTTP/1.1\nHost: a\n\n'
WEBSOCKET = (
    'GET /open HTTP/1.1\nHost: a\nUpgrade: websocket\nConnection: upgrade\n'
    'Sec-WebSocket-Version: 13\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\n\n'
)
UPLOAD = 'POST /upload HTTP/1.1\nHost: a\nContent-Length: 1000\n\nabc'
ENDED = 'ended: not finished 0.5 s after the signal to stop'
SHORT = {'GRACEFUL_TIMEOUT': '0.5', 'DRAIN_SECONDS': '0'}


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize('processes', [1, 2])
def test_requests_in_flight_finish(start: Start, processes: int, number: signal.Signals) -> None:
    """After SIGTERM and SIGINT, open requests finish, the app ends, and the status is 0."""
    started = start(processes=processes)
    connections = [started.connect(GET.format('/wait/1')) for _ in range(10)]

    status = started.stop(number)

    assert all(read_all(connection).endswith(b'finished') for connection in connections)
    assert status == 0
    assert started.log.count('after_serving') == processes
    assert 'Traceback' not in started.log


@pytest.mark.parametrize('processes', [1, 2])
def test_requests_that_were_not_accepted_finish(start: Start, processes: int) -> None:
    """Of 100 requests that were sent to a paused server, none is lost at SIGTERM."""
    started = start(processes=processes, DRAIN_SECONDS='1')
    paused = [psutil.Process(pid) for pid in (started.process.pid, *started.pids())]
    for process in paused:
        process.suspend()
    connections = [started.connect(GET.format('/')) for _ in range(100)]
    started.send(signal.SIGTERM)
    for process in paused:
        process.resume()

    answered = sum(read_all(connection).startswith(b'HTTP/1.1 200') for connection in connections)

    assert answered == 100
    assert started.process.wait() == 0


@pytest.mark.parametrize('processes', [1, 2])
def test_background_program_does_not_occupy_the_address(start: Start, processes: int) -> None:
    """After the stop, a program that the app has started and that goes on holds no socket."""
    started = start(processes=processes)
    assert started.get('/background').text == 'started'
    [pid] = map(int, re.findall(r'^(\d+)$', started.log, re.MULTILINE))

    assert started.stop() == 0

    program = psutil.Process(pid)
    try:
        with pytest.raises(ConnectionRefusedError):
            started.connect('')
    finally:
        program.kill()


def test_readiness_fails_while_the_server_drains(start: Start) -> None:
    """While it drains, a server accepts requests, but `/health/ready` returns 503."""
    started = start(DRAIN_SECONDS='20')
    started.send(signal.SIGTERM)

    wait_until(lambda: started.get('/health/ready').status_code == 503)
    ready = started.get('/health/ready')
    head = httpx.head(f'{started.url}/health/ready', timeout=60)
    page = started.get()

    assert ready.json() == {'error': 'Service Unavailable'}
    assert ready.headers['Cache-Control'] == 'no-store'
    assert (head.status_code, head.text) == (503, '')
    assert page.status_code == 200
    assert {response.headers['Connection'] for response in (ready, head, page)} == {'close'}


def test_readiness_is_the_apps_own_before_the_stop(start: Start) -> None:
    """Before a signal, the app responds to `/health/ready`, and connections stay open."""
    started = start()

    response = started.get('/health/ready')

    assert response.status_code == 404
    assert 'Connection' not in response.headers


@pytest.mark.parametrize(
    ('request_', 'logged', 'response'),
    [
        (UPLOAD, 'POST /upload', b'HTTP/1.1 503'),
        (GET.format('/wait/600'), 'GET /wait/600', b'HTTP/1.1 503'),
        (GET.format('/wait/600?%0aFORGED'), 'GET /wait/600', b'HTTP/1.1 503'),
        # RFC 6455, 5.2: a close frame with two bytes of status.
        (WEBSOCKET, 'websocket /open', b'\x88\x02' + (1001).to_bytes(2)),
    ],
    ids=['upload', 'request', 'query', 'websocket'],
)
def test_open_request_ends_with_one_line(
    start: Start, request_: str, logged: str, response: bytes
) -> None:
    """What is open at the graceful timeout ends with a response and one line in the log."""
    started = start(**SHORT)
    connection = started.connect(request_)
    if request_ == WEBSOCKET:
        assert connection.recv(65536).startswith(b'HTTP/1.1 101')
    elif 'GET' in request_:
        started.wait_in_flight(1)
    else:
        # A later request has a response, so the upload has begun.
        started.get()
    lines = len(started.log.splitlines())

    status = started.stop()

    assert read_all(connection).startswith(response)
    assert status == 0
    ended, last = started.log.splitlines()[lines:]
    assert ended.endswith(f'[WARNING] {logged} {ENDED}')
    assert last == 'after_serving'


@pytest.mark.parametrize(
    'request_',
    [GET.format('/cleanup'), WEBSOCKET.replace('/open', '/cleanup')],
    ids=['request', 'websocket'],
)
def test_ended_handler_cleans_up(start: Start, request_: str) -> None:
    """A handler whose request is ended runs its `finally` before `after_serving`."""
    started = start(**SHORT)
    started.connect(request_)
    # A later request has a response, so the other has begun.
    started.get()

    assert started.stop() == 0

    assert started.log.splitlines()[-2:] == ['cleaned up', 'after_serving']


@pytest.mark.parametrize('path', ['/endless', '/stubborn', '/thread'])
def test_app_ends_although_a_request_does_not(start: Start, path: str) -> None:
    """`after_serving` runs although a client, a handler or a thread does not end."""
    started = start(**SHORT)
    started.connect(GET.format(path))
    # A later request has a response, so the other has begun.
    started.get()

    status = started.stop()

    assert status == 0
    assert f'GET {path} {ENDED}' in started.log
    assert started.log.count('after_serving') == 1
    assert 'Traceback' not in started.log


def test_waiting_request_ends_beside_an_endless_one(start: Start) -> None:
    """A request that waits gets 503 and one line in the log, although another client is slow."""
    started = start(GRACEFUL_TIMEOUT='1')
    started.connect(GET.format('/endless'))
    late = started.connect(GET.format('/wait/10'))
    started.wait_in_flight(1)

    assert started.stop() == 0

    assert late.recv(65536).startswith(b'HTTP/1.1 503')
    assert started.log.count('/wait/10') == 1
    assert 'Traceback' not in started.log


def test_closed_standard_output_does_not_prevent_the_end(start: Start) -> None:
    """Requests can be ended although standard output is closed."""
    command = ('sh', '-c', 'exec "$@" >&-', 'sh', *COMMAND)
    started = start(command=command, **SHORT)
    started.connect(GET.format('/wait/60'))
    started.wait_in_flight(1)

    assert started.stop() == 0

    assert 'Traceback' not in started.log


@pytest.mark.parametrize('processes', [1, 2])
def test_app_that_does_not_end_is_abandoned(start: Start, processes: int) -> None:
    """A function in `after_serving` that does not end cannot hold a process."""
    started = start(processes=processes, **SHORT, STOP_SECONDS='600')

    status = started.stop()

    assert status == 1
    assert started.log.splitlines()[-1].endswith(
        '[ERROR] stopped after 3.5 s, although the app has not ended'
    )


@pytest.mark.parametrize('processes', [1, 2])
def test_handler_that_blocks_the_event_loop_is_abandoned(start: Start, processes: int) -> None:
    """A handler that does not await, such as with `time.sleep`, cannot hold a process."""
    started = start(processes=processes, **SHORT)
    started.connect(GET.format('/block'))
    started.wait_for('blocking')

    status = started.stop()

    assert status == 1
    assert started.log.count('stopped after 3.5 s, although the app has not ended') == 1
