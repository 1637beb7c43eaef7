"""No client can leave HTTP/1.1 for HTTP/2 behind a proxy, which would then read no request."""

import asyncio
from pathlib import Path

import pytest

from tests.proxies import Proxy
from tests.serve.conftest import Start

UPGRADES = ['h2c', 'H2C', 'websocket, h2c', 'h2c, websocket']
UPGRADES += ['websocket\r\nUpgrade: h2c', 'h2c\r\nUpgrade: websocket']
REQUEST = (
    'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: {}\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n'
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    'Connection: Upgrade, HTTP2-Settings\r\n\r\n'
)


async def status_line(port: int, upgrade: str) -> bytes:
    """Return the first line of the response to a request for an upgrade."""
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(REQUEST.format(upgrade).encode())
    line = await reader.readline()
    writer.close()
    return line


async def test_starter_ignores_h2c(start: Start) -> None:
    """The request has the response of HTTP/1.1, not an upgrade."""
    started = start()

    assert (await status_line(started.port, 'h2c')).startswith(b'HTTP/1.1 200')


@pytest.mark.e2e
@pytest.mark.parametrize(
    'program',
    [
        pytest.param('nginx', marks=pytest.mark.nginx),
        pytest.param('haproxy', marks=pytest.mark.haproxy),
    ],
)
async def test_proxy_passes_on_websockets_only(
    program: str, tmp_path: Path, certificate: Path
) -> None:
    """An app that would accept each upgrade gets none to another protocol."""
    received: list[bytes] = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b'\r\n\r\n'))
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
        writer.close()

    async with await asyncio.start_server(respond, '127.0.0.1', 0) as server:
        app = f'127.0.0.1:{server.sockets[0].getsockname()[1]}'
        with Proxy(program, tmp_path, certificate, app) as proxy:
            for upgrade in UPGRADES:
                await status_line(proxy.http_port, upgrade)

    assert len(received) == len(UPGRADES)
    assert b'h2c' not in b''.join(received).lower()
