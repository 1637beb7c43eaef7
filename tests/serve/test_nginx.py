"""Deployments behind a real nginx, with the configuration of docs/deployment.md."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.proxies import Proxy
from tests.serve.conftest import SERVE_APP, Start
from tests.serve.load import POST, load
from tests.sockets import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.nginx]

SERVER = 'server 127.0.0.1:8000 max_fails=0;'
CONNECTION = 'proxy_set_header Connection        $connection_header;'

Nginx = Callable[..., Proxy]


@pytest.fixture
def nginx(tmp_path: Path, certificate: Path) -> Iterator[Nginx]:
    """Yield a function that starts nginx in front of ports, with or without keep-alive."""
    with ExitStack() as stack:

        def start(*ports: int, keep_alive: bool = False) -> Proxy:
            first, *others = ports
            servers = [SERVER, *(SERVER.replace('8000', str(port)) for port in others)]
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
    ports = [free_port(), free_port()]
    servers = [start(PORT=str(port)) for port in ports]
    proxy = nginx(*ports, keep_alive=keep_alive)

    async with load(proxy.http_port, POST, clients=4) as clients:
        for port, server in zip(ports, servers, strict=True):
            os.killpg(server.process.pid, signal.SIGTERM)
            await asyncio.to_thread(server.process.wait)
            await asyncio.to_thread(start, SERVE_APP, PORT=str(port))
            await clients.wait_for_responses(20)

    assert clients.outcomes.keys() == {'200'}, proxy.log
