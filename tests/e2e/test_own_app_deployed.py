"""An own app, deployed as docs/deployment.md shows: the wheel, the Procfile, nginx and Redis."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import ROOT, parse_set_cookie
from tests.docs.test_own_app import PLATFORM
from tests.processes import PATH, wait_until
from tests.proxies import Proxy
from tests.redis_server import RedisServer
from tests.serve.conftest import Started, end
from tests.serve.load import load
from tests.sockets import free_ports
from tests.wheels import build_wheel, install_wheel

pytestmark = [pytest.mark.e2e, pytest.mark.nginx, pytest.mark.redis]

APP = ROOT / 'tests/apps/own_shop'
HOST = 'shop.example'
PASSWORD = 'a password of ann'
#: An address of this machine that is no proxy.
CLIENT = '127.0.0.2'
FORGED = {
    'X-Forwarded-For': '6.6.6.6',
    'X-Forwarded-Proto': 'http',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Port': '6666',
    'Forwarded': 'for=6.6.6.6;proto=http;host=evil.example',
}
SERVER = 'server 127.0.0.1:8000 max_fails=0;'


class Deployment:
    """The app in a folder of its own, whose releases are started behind nginx.

    Attributes:
        proxy: nginx, which sends requests to the two ports of `release`.
        variables: The environment of the app.
    """

    def __init__(self, folder: Path, certificate: Path, redis_url: str, stack: ExitStack) -> None:
        """Install the app and start nginx."""
        self._stack = stack
        self._logs = folder
        self._ports = free_ports(2)
        self.folder = folder / 'app'
        shutil.copytree(APP, self.folder, ignore=shutil.ignore_patterns('__pycache__'))
        installed, nginx, wheel = (folder / name for name in ('installed', 'nginx', 'wheel'))
        for new in (installed, nginx, wheel):
            new.mkdir()
        install_wheel(build_wheel(wheel), installed)
        self.variables = {
            'PATH': PATH,
            'PYTHONPATH': f'{installed}{os.pathsep}.',
            'REDIS_URL': redis_url,
            'ANNS_PASSWORD': PASSWORD,
            # Shorter than the default, for a shorter test.
            'DRAIN_SECONDS': '0.1',
            **PLATFORM,
        }
        first, second = self._ports
        servers = {SERVER: f'{SERVER}\n{SERVER.replace("8000", str(second))}'}
        proxy = Proxy('nginx', nginx, certificate, f'127.0.0.1:{first}', servers)
        self.proxy = stack.enter_context(proxy)

    def process(self, name: str) -> str:
        """Return the command of a process in the Procfile."""
        procfile = (self.folder / 'Procfile').read_text('utf-8')
        [command] = re.findall(rf'^{name}: (.*)$', procfile, re.MULTILINE)
        return str(command)

    def release(self) -> Started:
        """Start the next release."""
        port = self._ports.pop(0)
        log_file = self._logs / f'{port}.log'
        with log_file.open('wb') as log:
            process = subprocess.Popen(
                ['sh', '-c', self.process('web')],
                cwd=self.folder,
                env={**self.variables, 'PORT': str(port)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._stack.callback(end, process)
        started = Started(process, log_file, self._stack)
        started.wait_for('Running on', 2)
        return started

    def client(self, *, url: str | None = None, host: str = HOST) -> httpx.Client:
        """Return a client that requests a host through nginx, each time on a new connection."""
        transport = httpx.HTTPTransport(
            verify=self.proxy.tls_context(),
            local_address=CLIENT,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        headers = {'Host': host}
        return httpx.Client(base_url=url or self.proxy.url, transport=transport, headers=headers)


@pytest.fixture(scope='module')
def deployment(
    redis_program: None, certificate: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Yield the installed app, with a Redis that stores what it confirms."""
    folder = tmp_path_factory.mktemp('deployed')
    (folder / 'redis').mkdir()
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder / 'redis', '--appendonly', 'yes'))
        yield Deployment(folder, certificate, redis.url, stack)


@pytest.fixture(scope='module')
def running(deployment: Deployment) -> Started:
    """Return the first release, which the last test replaces."""
    return deployment.release()


def log_in(client: httpx.Client) -> httpx.Response:
    """Submit the form as a browser does."""
    return client.post('/login', data={'user': 'ann', 'password': PASSWORD})


def test_release_line_passes(deployment: Deployment) -> None:
    """On a platform with the page's settings, `check-deploy` finds nothing, also in Redis."""
    result = subprocess.run(
        ['sh', '-c', deployment.process('release')],
        cwd=deployment.folder,
        env=deployment.variables,
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.startswith('No problems found.')
    assert 'session store' in result.stdout


def test_browser_logs_in(deployment: Deployment, running: Started) -> None:
    """The form and its file are served, and the cookie of the session is safe."""
    with deployment.client() as client:
        assert '<form' in client.get('/login').text
        assert 'font-family' in client.get('/static/shop.css').text
        response = log_in(client)

    assert response.status_code == 303
    assert response.headers['Location'] == f'https://{HOST}/account'
    cookie = parse_set_cookie(response.headers['Set-Cookie'])
    assert cookie.name == '__Host-session'
    assert cookie.attributes == {'secure': '', 'httponly': '', 'path': '/', 'samesite': 'Lax'}


@pytest.mark.parametrize('forged', [{}, FORGED], ids=['plain', 'forged'])
def test_both_processes_serve_the_session(
    deployment: Deployment, running: Started, forged: dict[str, str]
) -> None:
    """Each process has the user, and the client's own scheme, host and address."""
    processes = {child.pid for child in psutil.Process(running.process.pid).children()}
    seen = set()

    with deployment.client() as client:
        log_in(client)

        def get() -> bool:
            account = client.get('/account', headers=forged).json()
            seen.add(account.pop('process'))
            assert account == {
                'user': 'ann',
                'url': f'https://{HOST}/account',
                'external': f'https://{HOST}/account',
                'client': CLIENT,
            }
            return len(seen) == 2

        wait_until(get)

    assert seen <= processes


def test_other_host_is_refused(deployment: Deployment, running: Started) -> None:
    """A host that the app does not trust gets 400, over http too."""
    for url in (deployment.proxy.url, deployment.proxy.http_url):
        with deployment.client(url=url, host='evil.example') as client:
            assert client.get('/account').status_code == 400


def test_http_is_redirected(deployment: Deployment, running: Started) -> None:
    """A page over http is redirected to https, which forged headers do not prevent."""
    forged = {**FORGED, 'X-Forwarded-Proto': 'https'}
    with deployment.client(url=deployment.proxy.http_url) as client:
        responses = [client.get('/account', headers=headers) for headers in ({}, forged)]

    for response in responses:
        assert response.status_code == 308
        assert response.headers['Location'] == f'https://{HOST}/account'


async def test_websocket_reads_the_session(deployment: Deployment, running: Started) -> None:
    """A websocket over TLS has the session of the page and the public address."""
    with deployment.client() as client:
        log_in(client)
        cookies = '; '.join(f'{name}={value}' for name, value in client.cookies.items())
    headers = {'Cookie': cookies, **FORGED}

    message = await deployment.proxy.open_websocket('/ws', CLIENT, headers, HOST)

    assert message == f'ann wss://{HOST}/ws'


@pytest.mark.parametrize('path', ['/health', '/health/ready'])
def test_health_check_needs_no_host_and_no_https(
    deployment: Deployment, running: Started, path: str
) -> None:
    """A platform can request the health checks by IP address, over http."""
    response = running.get(path)

    assert (response.status_code, response.json()) == (200, {'status': 'ok'})


async def test_deployment_loses_nothing(deployment: Deployment, running: Started) -> None:
    """Under load, SIGHUP and a new release that replaces the old one fail no request."""
    with deployment.client() as client:
        log_in(client)
        [(name, session)] = client.cookies.items()
    request = (
        f'POST /items HTTP/1.1\r\nHost: {HOST}\r\nCookie: {name}={session}\r\n'
        'Connection: close\r\nContent-Length: 0\r\n\r\n'
    )
    tls = deployment.proxy.tls_context()

    async with load(deployment.proxy.port, request.encode(), 4, 0.02, tls) as clients:
        running.send(signal.SIGHUP)
        await clients.wait_until(lambda: running.log.count('Running on') == 4)
        await clients.wait_for_responses(20)
        new = await asyncio.to_thread(deployment.release)
        os.killpg(running.process.pid, signal.SIGTERM)
        await clients.wait_until(lambda: running.process.poll() is not None)
        await clients.wait_for_responses(20)

    assert clients.outcomes.keys() == {'200'}, deployment.proxy.log
    assert running.process.returncode == 0
    assert new.stop() == 0
    for secret in (PLATFORM['QUART_SECRET_KEY'], PASSWORD, session, session.partition('.')[0]):
        assert secret not in running.log + new.log
