"""Deployments behind a real nginx, with the configuration of docs/deployment.md."""

import asyncio
import os
import signal
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.proxies import Proxy
from tests.serve.conftest import SERVE_APP, Start
from tests.serve.load import POST, load
from tests.sockets import free_port, free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.nginx]

SERVER = 'server 127.0.0.1:8000 max_fails=0;'
CONNECTION = 'proxy_set_header Connection        $connection_header;'

Nginx = Callable[..., Proxy]


@pytest.fixture
def nginx(tmp_path: Path, certificate: Path) -> Iterator[Nginx]:
    """Yield a function that starts nginx in front of ports, with or without keep-alive."""
    with ExitStack() as stack:

        def start(*ports: int, keep_alive: bool = False, failures: str = 'max_fails=0') -> Proxy:
            first, *others = ports
            server = SERVER.replace('max_fails=0', failures)
            servers = [server, *(server.replace('8000', str(port)) for port in others)]
            replacements = {}
            if keep_alive:
                servers.append('keepalive 16;')
                replacements[CONNECTION] = 'proxy_set_header Connection "";'
            replacements[SERVER] = '\n'.join(servers)
            folder = tmp_path / 'nginx'
            folder.mkdir()
            proxy = Proxy('nginx', folder, certificate, f'127.0.0.1:{first}', replacements)
            return stack.enter_context(proxy)

        yield start


@pytest.mark.parametrize('keep_alive', [False, True])
async def test_restart_behind_nginx_loses_nothing(
    start: Start, nginx: Nginx, keep_alive: bool
) -> None:
    """SIGHUP replaces the processes one by one: no POST through nginx fails."""
    started = start(processes=2)
    proxy = nginx(started.port, keep_alive=keep_alive)

    async with load(proxy.http_port, POST, clients=4) as clients:
        started.send(signal.SIGHUP)
        await clients.wait_until(lambda: started.log.count('after_serving') == 2)
        await clients.wait_for_responses(20)

    assert clients.outcomes.keys() == {'200'}, proxy.log


@pytest.mark.parametrize('keep_alive', [False, True])
async def test_deployment_on_two_servers_loses_nothing(
    start: Start, nginx: Nginx, keep_alive: bool
) -> None:
    """Two servers are stopped and started one after the other: no POST through nginx fails."""
    ports = free_ports(2)
    servers = [start(PORT=str(port)) for port in ports]
    proxy = nginx(*ports, keep_alive=keep_alive)

    async with load(proxy.http_port, POST, clients=4) as clients:
        for port, server in zip(ports, servers, strict=True):
            os.killpg(server.process.pid, signal.SIGTERM)
            await asyncio.to_thread(server.process.wait)
            await asyncio.to_thread(start, SERVE_APP, PORT=str(port))
            await clients.wait_for_responses(20)

    assert clients.outcomes.keys() == {'200'}, proxy.log


async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Return 200 to each request."""
    await reader.readuntil(b'\r\n\r\n')
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    writer.close()


@pytest.mark.parametrize(
    ('failures', 'statuses'),
    [
        ('max_fails=0', {200: 20}),
        # The default, with more than 10 s, so that a slow machine does not change the result.
        ('max_fails=1 fail_timeout=1h', {200: 10, 502: 10}),
    ],
)
async def test_server_is_used_after_its_restart(
    nginx: Nginx, failures: str, statuses: dict[int, int]
) -> None:
    """With nginx's default, no server is used after both have restarted; here each one is."""
    ports = free_ports(2)
    proxy = nginx(*ports, failures=failures)
    found: Counter[int] = Counter()
    async with httpx.AsyncClient(base_url=proxy.http_url, trust_env=False) as client:
        # While one server restarts, the other serves.
        for port in ports:
            async with await asyncio.start_server(respond, '127.0.0.1', port):
                for _ in range(10):
                    found[(await client.get('/')).status_code] += 1

    assert found == statuses


async def test_post_is_not_repeated(nginx: Nginx) -> None:
    """A server that ends without a response may have done the work: only a GET is sent again."""
    received = []

    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append((await reader.readuntil(b'\r\n\r\n')).split()[0])
        writer.close()

    async with (
        await asyncio.start_server(end, '127.0.0.1', 0) as first,
        await asyncio.start_server(end, '127.0.0.1', 0) as second,
    ):
        proxy = nginx(*(server.sockets[0].getsockname()[1] for server in (first, second)))
        async with httpx.AsyncClient(base_url=proxy.http_url, trust_env=False) as client:
            for method in ('POST', 'GET'):
                response = await client.request(method, '/')
                assert response.status_code == 502

    assert received == [b'POST', b'GET', b'GET']


async def test_tls_1_2_and_1_3_have_http_2(nginx: Nginx) -> None:
    """Clients of both versions of TLS are served over HTTP/2."""
    async with await asyncio.start_server(respond, '127.0.0.1', 0) as server:
        proxy = nginx(server.sockets[0].getsockname()[1])
        found = []
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = proxy.tls_context()
            context.minimum_version = context.maximum_version = version
            async with httpx.AsyncClient(http2=True, verify=context, trust_env=False) as client:
                found.append((await client.get(proxy.url)).http_version)

    assert found == ['HTTP/2', 'HTTP/2']


def test_certificate_can_be_renewed(nginx: Nginx, tmp_path: Path) -> None:
    """A file that certbot writes is served over http, also while the app does not run."""
    proxy = nginx(free_port())
    path = '.well-known/acme-challenge/token'
    file = tmp_path / 'nginx' / path
    file.parent.mkdir(parents=True)
    file.write_text('key')

    assert httpx.get(f'{proxy.http_url}/{path}', trust_env=False).text == 'key'
