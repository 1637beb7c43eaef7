"""The Procfile, started by honcho in an environment with requirements.txt and nothing else."""

import asyncio
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import httpx
import pytest
from quart.sessions import SecureCookieSessionInterface

from quart_session_demo import create_app
from tests.conftest import ROOT
from tests.sockets import free_port, read_all, refuses

pytestmark = pytest.mark.e2e

PROCFILE = (ROOT / 'Procfile').read_text('utf-8')
NEW_SESSION = '设置session成功'
NO_SESSION = '没有session数据'
HOLDING = PROCFILE.replace('quart_session_demo:app', 'tests.apps.holding_app:app')
WEBSOCKET = (
    b'\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13'
    b'\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nConnection: upgrade'
)


@dataclass
class Deployed:
    """A process that honcho started from a Procfile."""

    honcho: subprocess.Popen[bytes]
    port: int
    log_file: Path

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.port}'

    @property
    def log(self) -> str:
        return self.log_file.read_text('utf-8', 'replace')

    def signal_server(self, signal_: signal.Signals) -> None:
        (pid,) = re.findall(r'web\.1 started \(pid=(\d+)\)', self.log)
        os.kill(int(pid), signal_)

    def terminate(self) -> None:
        """Send SIGTERM to the process group, as a PaaS does."""
        os.killpg(self.honcho.pid, signal.SIGTERM)

    def stop(self) -> None:
        self.terminate()
        self.honcho.wait()


@pytest.fixture(scope='module')
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a virtual environment from requirements.txt alone; return where its programs are."""
    folder = tmp_path_factory.mktemp('bare') / 'venv'
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', folder], check=True)
    pip = f'{sys.executable} -m pip --python {folder}/bin/python install -q --retries=1'.split()
    result = subprocess.run(
        [*pip, '--require-hashes', '-r', ROOT / 'requirements.txt'],
        capture_output=True,
        text=True,
    )
    if 'connection broken' in result.stderr:
        pytest.skip('no package index in reach: connect to the network')
    assert result.returncode == 0, result.stderr
    return folder / 'bin'


Start = Callable[..., Deployed]


@contextmanager
def starting(bare: Path, folder: Path) -> Iterator[Start]:
    """Yield a function that starts the Procfile's web process; stop what is running at the end."""

    def start(key: str, port: int | None = None, procfile: str = PROCFILE, **env: str) -> Deployed:
        port = port or free_port()
        file = folder / f'Procfile-{secrets.token_hex(4)}'
        file.write_text(procfile)
        log = file.with_suffix('.log')
        with log.open('wb') as output:
            honcho = subprocess.Popen(
                honcho_command(file, 'web', f'--port={port}'),
                # The default, one second, would be added to each stop.
                env=environment(bare, QUART_SECRET_KEY=key, DRAIN_SECONDS='0.1', **env),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deployed = Deployed(honcho, port, log)
        running.callback(end, deployed)
        with httpx.Client() as client:
            while honcho.poll() is None:
                with suppress(httpx.TransportError):
                    client.get(f'{deployed.url}/health').raise_for_status()
                    return deployed
                # Leave the processor to the server.
                time.sleep(0.02)
        pytest.fail(deployed.log)

    def end(deployed: Deployed) -> None:
        if deployed.honcho.poll() is None:
            deployed.stop()

    with ExitStack() as running:
        yield start


@pytest.fixture
def start(bare: Path, tmp_path: Path) -> Iterator[Start]:
    with starting(bare, tmp_path) as start:
        yield start


@pytest.fixture(scope='module')
def deployed(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Yield one server for the tests that do not change it."""
    with starting(bare, tmp_path_factory.mktemp('deployed')) as start:
        yield start(secrets.token_hex(32))


def honcho_command(procfile: Path, process: str, *options: str) -> list[str]:
    honcho = f'{sys.executable} -m honcho -f {procfile} -d {ROOT} -e {os.devnull}'.split()
    return [*honcho, 'start', *options, process]


def environment(bare: Path, **env: str) -> dict[str, str]:
    # Without this environment's packages and settings.
    return {'PATH': f'{bare}:{os.defpath}', 'LANG': 'C.UTF-8', **env}


def session_cookie(response: httpx.Response) -> dict[str, str]:
    """Return a Cookie header. Python's cookie jars send no Secure cookie over http."""
    return {'Cookie': response.headers['Set-Cookie'].partition(';')[0]}


@pytest.mark.parametrize(
    ('env', 'passes'),
    [
        ({'QUART_SECRET_KEY': secrets.token_hex(32)}, True),
        ({}, False),
        ({'QUART_SECRET_KEY': 'changeme'}, False),
        ({'QUART_SECRET_KEY': 'changeme' * 5}, False),
    ],
    ids=['good key', 'no key', 'short key', 'guessable key'],
)
def test_release_passes_with_a_good_key_only(bare: Path, env: dict[str, str], passes: bool) -> None:
    """The `release:` line passes with a good key and no other setting."""
    result = subprocess.run(
        honcho_command(ROOT / 'Procfile', 'release'),
        env=environment(bare, **env),
        capture_output=True,
        text=True,
    )

    assert (result.returncode == 0) is passes, result.stdout
    assert 'Traceback' not in result.stdout
    assert passes or 'QUART_SECRET_KEY' in result.stdout
    assert 'changeme' not in result.stdout


def test_lesson_works_in_production(deployed: Deployed) -> None:
    """In production the session works, with a safe cookie and HSTS."""
    with httpx.Client(base_url=deployed.url) as client:
        first = client.get('/')
        cookie = session_cookie(first)
        client.cookies.clear()
        read = client.get('/get_session/', headers=cookie)
        deleted = client.get('/del_session/', headers=cookie)
        client.cookies.clear()
        gone = client.get('/get_session/')

    assert first.text == NEW_SESSION
    attributes = first.headers['Set-Cookie'].split('; ')
    assert attributes[0].startswith('__Host-session=')
    assert {'Secure', 'HttpOnly', 'Path=/', 'SameSite=Lax'} <= set(attributes)
    assert first.headers['Strict-Transport-Security'] == 'max-age=31536000; includeSubDomains'
    assert read.text == 'zhiliao'
    assert deleted.headers['Set-Cookie'].startswith('__Host-session=;')
    assert gone.text == NO_SESSION


def test_health_answers_head_without_a_body(deployed: Deployed) -> None:
    """HEAD `/health` has the length of GET, and the connection stays usable."""
    with httpx.Client(base_url=deployed.url) as client:
        responses = [client.head('/health'), client.get('/health'), client.head('/health')]

    assert [response.status_code for response in responses] == [200, 200, 200]
    assert responses[0].headers['Content-Length'] == responses[1].headers['Content-Length']


def test_requests_in_flight_finish_when_stopped(start: Start) -> None:
    """On SIGTERM to the process group all requests in flight finish."""
    deployed = start(secrets.token_hex(32), procfile=HOLDING)

    async def stop_under_load() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=deployed.url, timeout=60) as client:
            load = [asyncio.create_task(client.get('/hold/')) for _ in range(20)]
            while (await client.get('/held/')).text != '20':
                pass
            deployed.terminate()
            while not refuses(deployed.port):
                pass
            assert not any(task.done() for task in load)
            deployed.signal_server(signal.SIGUSR1)
            return await asyncio.gather(*load)

    responses = asyncio.run(stop_under_load())
    deployed.honcho.wait()

    assert [response.text for response in responses] == ['finished'] * 20
    assert 'web.1 stopped (rc=0)' in deployed.log
    assert 'Traceback' not in deployed.log


def test_session_survives_a_killed_process(start: Start) -> None:
    """A session is valid after the server was killed and restarted."""
    key = secrets.token_hex(32)
    killed = start(key)
    cookie = session_cookie(httpx.get(killed.url))

    killed.signal_server(signal.SIGKILL)
    killed.honcho.wait()
    restarted = start(key, port=killed.port)

    assert 'web.1 stopped (rc=-9)' in killed.log
    assert httpx.get(f'{restarted.url}/get_session/', headers=cookie).text == 'zhiliao'


def test_key_rotation_in_two_steps_loses_no_session(start: Start) -> None:
    """A key replaced in two steps, one starter of two processes at a time, loses no session."""
    old, new = secrets.token_hex(32), secrets.token_hex(32)
    processes = [start(old, WEB_CONCURRENCY='2') for _ in range(2)]
    router = cycle([0, 1])
    cookies = [session_cookie(httpx.get(processes[next(router)].url)) for _ in range(6)]
    requests = [0] * len(cookies)
    lost = 0

    async def use_session(number: int) -> None:
        nonlocal lost
        # A new connection for each request, as a router may send it to either process.
        async with httpx.AsyncClient(headers={'Connection': 'close'}) as client:
            while True:
                # Leave the processor to the process that starts.
                await asyncio.sleep(0.03)
                url = f'{processes[next(router)].url}/get_session/'
                try:
                    response = await client.get(url, headers=cookies[number])
                except httpx.TransportError:
                    # This process restarts; a router would use the other.
                    continue
                client.cookies.clear()
                lost += response.text != 'zhiliao'
                # Each response has a new cookie, signed with the key of its process.
                cookies[number] = session_cookie(response)
                requests[number] += 1

    async def wait_for_requests() -> None:
        goals = [count + 3 for count in requests]
        while True:
            if all(count >= goal for count, goal in zip(requests, goals, strict=True)):
                return
            await asyncio.sleep(0.01)

    async def replace_key() -> None:
        load = asyncio.gather(*(use_session(number) for number in range(len(cookies))))
        # Every process accepts the new key before the first one signs with it.
        for key, fallback in ((old, new), (new, old)):
            for number, process in enumerate(processes):
                await asyncio.to_thread(process.stop)
                processes[number] = await asyncio.to_thread(
                    start,
                    key,
                    port=process.port,
                    QUART_SECRET_KEY_FALLBACKS=f'["{fallback}"]',
                    WEB_CONCURRENCY='2',
                )
                await wait_for_requests()
        load.cancel()
        with suppress(asyncio.CancelledError):
            await load

    asyncio.run(replace_key())

    assert lost == 0
    signing = SecureCookieSessionInterface().get_signing_serializer(create_app({'SECRET_KEY': new}))
    assert signing
    for cookie in cookies:
        assert signing.loads(cookie['Cookie'].partition('=')[2])['username'] == 'zhiliao'


async def test_key_rotation_in_one_step_loses_sessions() -> None:
    """A process without the new key refuses cookies that are signed with it."""
    replaced = create_app({'SECRET_KEY': 'new', 'SECRET_KEY_FALLBACKS': ['old']})
    not_yet = create_app({'SECRET_KEY': 'old'})
    cookie = (await replaced.test_client().get('/')).headers['Set-Cookie'].partition(';')[0]

    response = await not_yet.test_client().get('/get_session/', headers={'Cookie': cookie})

    assert await response.get_data(as_text=True) == NO_SESSION


METHODS = [b'BREW', b'get', b'head', b'G\xe9T', b'TRACE', b'CONNECT']
TARGETS = [
    b'*',
    b'//',
    b'/..',
    b'/%',
    b'/%00',
    b'/%ff',
    b'x',
    b'/\xff',
    b'/?\xff',
    b'/?%ff=%',
    b'http://[',
    b':',
    b'?x',
    b'http://a',
    b'http://a/',
    b'a:b',
    b'/x%0aFORGED',
    b'/?%0d%0aFORGED',
    b'/#',
    b'/;',
    b'/health',
    b'/health?',
    b'/health%00',
    b'/health%0aFORGED',
    b'/health/..',
    b'/static/' + b'a' * 256,
    b'/static/' + b'a' * 4096,
    b'/static/' + b'a' * 9000,
]
VERSIONS = [b'0.9', b'1.0', b'2.0', b'9.9', b'x', b'']
HOSTS = [b'', b'[', b'a b', b'\xff', b'a:b', b'..', b'a' * 99]
CONTENT_LENGTHS = [b'-1', b'x', b'1\r\nContent-Length: 2', b'99999999999999999999', b'']
HEADERS = [b'Accept', b'Accept-Encoding', b'Content-Type', b'Range', b'If-None-Match']
HEADER_VALUES = [b'\xff', b';;==,', b'q=x']
COOKIES = [b'', b'a.b.c', b'.eJw.a.b', b'...', b'"', b'{}', b'e30.' + b'a' * 9000]
READ = b'GET /get_session/ HTTP/1.1\r\nCookie: __Host-session='

# Whole requests, without their last empty line.
COMPLETE = [
    b'head /health HTTP/1.1',
    b'head http://[ HTTP/1.1',
    b'GET / HTTP/1.1\r\nHost: a\r\nHost: b',
    b'GET / HTTP/1.1\r\nHost: a\r\nHost: a',
    b'GET / HTTP/1.1\r\nNo colon',
    b'GET /',
    b'',
    b'GET / HTTP/1.1\r\n: empty',
    b'GET / HTTP/1.1\r\n folded',
    b'GET / HTTP/1.1\r\nA\x00: b',
    b'GET / HTTP/1.1\r\nA: ' + b'a' * 30_000,
    b'GET /' + b'a' * 30_000 + b' HTTP/1.1',
    b'POST / HTTP/1.1\r\nTransfer-Encoding: gzip',
    b'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nxyz',
    b'GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade',
    b'GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade',
    b'GET / HTTP/1.1\r\nHost: a' + WEBSOCKET,
    b'GET / HTTP/1.1\r\nHost: ..' + WEBSOCKET,
    b'GET http://[ HTTP/1.1' + WEBSOCKET,
]
COMPLETE += [b'%b / HTTP/1.1' % method for method in METHODS]
COMPLETE += [b'GET %b HTTP/1.1' % target for target in TARGETS]
COMPLETE += [b'GET / HTTP/%b' % version for version in VERSIONS]
COMPLETE += [b'GET / HTTP/1.1\r\nHost: %b' % host for host in HOSTS]
COMPLETE += [b'POST / HTTP/1.1\r\nContent-Length: %b' % length for length in CONTENT_LENGTHS]
COMPLETE += [
    b'GET / HTTP/1.1\r\n%b: %b' % (name, value) for name in HEADERS for value in HEADER_VALUES
]
# Every byte in the value of one cookie and in the name of the next.
COMPLETE += [READ + b'%c; %c=a' % (byte, byte) for byte in range(256)]
COMPLETE += [READ + cookie for cookie in COOKIES]


def http2(*headers: tuple[bytes, bytes]) -> bytes:
    """Return what an HTTP/2 client sends without negotiation: settings and one request."""
    block = b''.join(
        b'\0' + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in headers
    )
    frames = [(4, 0, 0, b''), (1, 5, 1, block)]
    return b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b''.join(
        len(payload).to_bytes(3) + bytes([type_, flags]) + stream.to_bytes(4) + payload
        for type_, flags, stream, payload in frames
    )


SECRET_COOKIE = (b'cookie', b'__Host-session=a-cookie-of-http2')
# `:status: 500` in HPACK's static table (RFC 7541, A), as the first field of a header block.
HTTP2_500 = b'\x01\x04\x00\x00\x00\x01\x8e'
CUT_OFF = [
    http2((b':method', b'GET'), (b':scheme', b'http'), (b':path', b'/\xff'), SECRET_COOKIE),
    http2((b':method', b'GET'), (b':scheme', b'http'), (b':path', b'/?\xff'), SECRET_COOKIE),
    http2((b':method', b'\xff'), (b':scheme', b'http'), (b':path', b'/'), SECRET_COOKIE),
    http2((b':method', b'CONNECT'), (b':authority', b'a'), SECRET_COOKIE),
    b'G',
    b'GET / HTTP/1.1\r\nHost: a',
    b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx',
    b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n',
    b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\xff' * 100,
    b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
]


def test_malformed_requests_cause_no_error(deployed: Deployed) -> None:
    """No malformed request returns 500, logs a traceback or forges a log line."""
    responses = {}
    for request in COMPLETE:
        host = b'' if b'Host:' in request else b'\r\nHost: a'
        close = b'' if b'Connection:' in request else b'\r\nConnection: close'
        responses[request] = raw(deployed.port, request + host + close + b'\r\n\r\n')
    for request in CUT_OFF:
        responses[request] = raw(deployed.port, request, cut_off=True)

    assert len(responses) > 300
    statuses = {request: response[9:12] for request, response in responses.items()}
    assert [request for request, status in statuses.items() if status == b'500'] == []
    assert [request for request, response in responses.items() if HTTP2_500 in response] == []
    assert list(statuses.values()).count(b'200') > 100
    assert list(statuses.values()).count(b'400') > 30
    assert httpx.get(f'{deployed.url}/get_session/').text == NO_SESSION
    assert 'Traceback' not in deployed.log
    assert 'FORGED' not in deployed.log
    assert 'a-cookie-of-http2' not in deployed.log


def test_rejected_websocket_is_closed(deployed: Deployed) -> None:
    """The connection of a rejected websocket is closed by the server."""
    request = b'GET / HTTP/1.1\r\nHost: a' + WEBSOCKET + b'\r\n\r\n'

    with socket.create_connection(('127.0.0.1', deployed.port)) as client:
        client.sendall(request)
        # Much less than the server's idle timeout.
        client.settimeout(30)
        response = read_all(client)

    assert response.startswith(b'HTTP/1.1 400')


def raw(port: int, request: bytes, cut_off: bool = False) -> bytes:
    with socket.create_connection(('127.0.0.1', port)) as connection:
        connection.sendall(request)
        if cut_off:
            connection.shutdown(socket.SHUT_WR)
        response = b''
        with suppress(ConnectionResetError):
            while b'\r\n\r\n' not in response and (data := connection.recv(65536)):
                response += data
        return response


def test_log_contains_no_cookie(deployed: Deployed) -> None:
    """No request writes a cookie to the log."""
    first = httpx.get(deployed.url)
    httpx.get(f'{deployed.url}/get_session/', headers=session_cookie(first))

    assert session_cookie(first)['Cookie'].partition('=')[2] not in deployed.log
