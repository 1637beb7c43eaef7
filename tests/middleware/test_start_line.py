"""The line that an app prints when its server has started, and the URL in it."""

import asyncio
import socket
from multiprocessing import current_process
from pathlib import Path
from typing import Any

import pytest
from quart import Quart

from quart_session_demo.middleware import start_line
from quart_session_demo.middleware.server_url import ServerUrlMiddleware, local_url
from tests.conftest import make_app


def bound(family: socket.AddressFamily, address: Any, *, v6only: bool = False) -> socket.socket:
    """Return a socket that is bound to an address."""
    listener = socket.socket(family)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    listener.bind(address)
    return listener


@pytest.mark.parametrize(
    ('family', 'address', 'v6only', 'name', 'host'),
    [
        (socket.AF_INET, '127.0.0.1', False, None, '127.0.0.1'),
        (socket.AF_INET, '127.0.0.1', False, 'localhost', 'localhost'),
        (socket.AF_INET, '0.0.0.0', False, None, '127.0.0.1'),  # noqa: S104
        (socket.AF_INET, '0.0.0.0', False, '0', '127.0.0.1'),  # noqa: S104
        (socket.AF_INET6, '::1', True, None, '[::1]'),
        (socket.AF_INET6, '::', True, None, '[::1]'),
        (socket.AF_INET6, '::', False, None, '127.0.0.1'),
    ],
)
def test_url_is_one_that_browsers_open(
    family: socket.AddressFamily, address: str, v6only: bool, name: str | None, host: str
) -> None:
    """The URL has the bound address and port; for all addresses of a machine, that of loopback."""
    with bound(family, (address, 0), v6only=v6only) as listener:
        assert local_url(listener, name) == f'http://{host}:{listener.getsockname()[1]}'


def test_unix_socket_has_no_url(tmp_path: Path) -> None:
    """Browsers cannot open a Unix socket."""
    with bound(socket.AF_UNIX, str(tmp_path / 'a')) as listener:
        assert local_url(listener) == ''


async def run_lifespan(app: Any, *events: str, **asgi: str) -> None:
    """Start an app as a server does, wait until the line would be printed, and stop it."""
    received = asyncio.Queue[Any]()
    started = asyncio.Event()

    async def send(event: Any) -> None:
        assert event['type'] in events
        started.set()

    received.put_nowait({'type': 'lifespan.startup'})
    task = asyncio.create_task(app({'type': 'lifespan', 'asgi': asgi}, received.get, send))
    await started.wait()
    # The delay is 0 here: another callback of the event loop is later.
    printed = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, printed.set)
    await printed.wait()
    received.put_nowait({'type': 'lifespan.shutdown'})
    await task


COMPLETE = ('lifespan.startup.complete', 'lifespan.shutdown.complete')


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """Return a function that returns what was printed, where lines are printed at once."""
    monkeypatch.setattr(start_line, 'DELAY_SECONDS', 0)
    return lambda: capfd.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ('url', 'expected'),
    [
        ('http://127.0.0.1:8000', ['Playground: http://127.0.0.1:8000/playground/']),
        ('', ['Playground: /playground/']),
        (None, []),
    ],
)
async def test_line_has_the_servers_url(
    app: Quart, lines: Any, url: str | None, expected: list[str]
) -> None:
    """The line has the URL that the server adds; a further process of a server prints none."""
    await run_lifespan(ServerUrlMiddleware(app, url), *COMPLETE, version='3.0')

    assert lines() == expected


async def test_requests_are_passed_as_they_are() -> None:
    """The URL is only in the lifespan scope."""
    scopes: list[Any] = []

    async def app(scope: Any, *_: Any) -> None:
        scopes.append(scope)

    middleware: Any = ServerUrlMiddleware(app, 'http://127.0.0.1:8000')
    await middleware({'type': 'http'}, None, None)

    assert scopes == [{'type': 'http'}]


@pytest.mark.parametrize(
    ('name', 'count'),
    [('MainProcess', 1), ('SpawnProcess-1', 1), ('SpawnProcess-2', 0), ('SpawnProcess-11', 0)],
)
async def test_first_worker_prints_the_path(
    app: Quart, lines: Any, monkeypatch: pytest.MonkeyPatch, name: str, count: int
) -> None:
    """Under a server that adds no URL, its first worker process prints the path."""
    monkeypatch.setattr(current_process(), 'name', name)

    await run_lifespan(app, *COMPLETE, version='3.0')

    assert lines() == ['Playground: /playground/'] * count


async def test_failed_start_prints_no_line(app: Quart, lines: Any) -> None:
    """An app that cannot start prints no address."""

    @app.before_serving
    async def fail() -> None:
        raise RuntimeError('failed')

    failed = ('lifespan.startup.failed', 'lifespan.shutdown.complete')
    await run_lifespan(app, *failed, version='3.0')

    assert not [line for line in lines() if 'Playground' in line]


async def test_server_that_stops_at_once_prints_no_line(
    app: Quart, capfd: pytest.CaptureFixture[str]
) -> None:
    """A server that starts the app, and then cannot use its address, prints no line."""
    received = asyncio.Queue[Any]()
    for event in ('lifespan.startup', 'lifespan.shutdown'):
        received.put_nowait({'type': event})

    async def send(event: Any) -> None:
        # A server needs some turns of the event loop to find that its address is taken.
        await asyncio.sleep(0.01)

    asgi: Any = app
    await asgi({'type': 'lifespan', 'asgi': {'version': '3.0'}}, received.get, send)
    await asyncio.sleep(2 * start_line.DELAY_SECONDS)

    assert 'Playground' not in capfd.readouterr().err


@pytest.mark.parametrize('config', [{'PLAYGROUND': False}, {'PRODUCTION': True}])
async def test_no_line_without_the_playground(lines: Any, config: dict[str, bool]) -> None:
    """With PLAYGROUND off, and in production, no line is printed."""
    await run_lifespan(make_app(**config), *COMPLETE, version='3.0')

    assert lines() == []


async def test_test_app_prints_no_line(app: Quart, lines: Any) -> None:
    """Quart's `test_app` serves nothing and prints nothing."""
    async with app.test_app():
        await asyncio.sleep(0.01)

    assert lines() == []
