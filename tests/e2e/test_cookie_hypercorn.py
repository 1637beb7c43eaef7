"""The cookie session behind a real Hypercorn: websockets, and errors in place of replies."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from quart import Quart, Response, abort, copy_current_websocket_context, session, websocket
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Message,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from quart_session_demo.sessions import CookieSessionInterface
from tests.conftest import KEY
from tests.serving import serving

LOST = 'the change is lost'


@pytest.fixture
def app() -> Quart:
    app = Quart('websockets')
    app.config.from_mapping({'SECRET_KEY': KEY, 'PROPAGATE_EXCEPTIONS': False})
    app.session_interface = CookieSessionInterface()
    return app


class Browser:
    """The least of a websocket client."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port = port
        self.cookie = cookie
        self.protocol = WSConnection(ConnectionType.CLIENT)

    async def __aenter__(self) -> 'Browser':
        self.reader, self.writer = await asyncio.open_connection('127.0.0.1', self.port)
        headers = [(b'Cookie', self.cookie.encode())]
        self.send(Request(host='localhost', target='/ws', extra_headers=headers))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    def send(self, event: Event) -> None:
        self.writer.write(self.protocol.send(event))

    async def events(self) -> AsyncIterator[Event]:
        while True:
            for event in self.protocol.events():
                yield event
            data = await self.reader.read(65536)
            if not data:
                return
            self.protocol.receive_data(data)


async def visit(port: int, cookie: str = '') -> list[Event]:
    """Open a websocket and return all that comes back, until the server ends or rejects it."""
    async with Browser(port, cookie) as browser:
        events = []
        async for event in browser.events():
            events.append(event)
            if isinstance(event, CloseConnection):
                browser.send(event.response())
            if isinstance(event, RejectData) and event.body_finished:
                break
        return events


def cookie_of(**values: object) -> str:
    app = Quart('signer')
    app.secret_key = KEY
    serializer: Any = CookieSessionInterface().get_signing_serializer(app)
    return f'session={serializer.dumps(values)}'


def lost_writes(caplog: pytest.LogCaptureFixture) -> int:
    records = [record for record in caplog.records if LOST in record.getMessage()]
    assert all(record.levelno == logging.WARNING for record in records)
    return len(records)


async def test_websocket_reads_the_session(app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    @app.websocket('/ws')
    async def view() -> None:
        await websocket.send(session['name'])

    async with serving(app) as port:
        events = await visit(port, cookie_of(name='zhiliao'))

    assert [event.data for event in events if isinstance(event, Message)] == ['zhiliao']
    assert lost_writes(caplog) == 0


async def test_write_in_an_accepted_websocket_is_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket('/ws')
    async def view() -> None:
        session['a'] = 1
        await websocket.send('one')
        session['b'] = 2

    async with serving(app) as port:
        events = await visit(port)

    assert isinstance(events[0], AcceptConnection)
    assert lost_writes(caplog) == 1


async def test_write_before_an_accepted_websocket_fails_is_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket('/ws')
    async def view() -> None:
        await websocket.accept()
        session['a'] = 1
        raise RuntimeError('the view fails')

    async with serving(app) as port:
        await visit(port)

    assert lost_writes(caplog) == 1


async def test_write_in_a_rejected_websocket_is_kept(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket('/ws')
    async def view() -> None:
        session['a'] = 1
        abort(403)

    async with serving(app) as port:
        [rejection, *_] = await visit(port)

    assert isinstance(rejection, RejectConnection)
    assert rejection.status_code == 403
    names = [value.partition(b'=')[0] for key, value in rejection.headers if key == b'set-cookie']
    assert names == [b'session']
    assert lost_writes(caplog) == 0


async def test_write_in_a_websocket_that_the_client_closes_is_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    ended = asyncio.Event()

    @app.websocket('/ws')
    async def view() -> None:
        session['a'] = 1
        await websocket.send('written')
        await websocket.receive()

    @app.teardown_websocket
    async def end(_: BaseException | None) -> None:
        ended.set()

    async with serving(app) as port, Browser(port, '') as browser:
        async for event in browser.events():
            if isinstance(event, TextMessage):
                browser.send(CloseConnection(code=1000))
        await ended.wait()

    assert lost_writes(caplog) == 1


async def test_write_is_one_warning_however_many_copied_contexts_end(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket('/ws')
    async def view() -> None:
        async def write() -> None:
            session['a'] = 1

        await websocket.accept()
        for _ in range(3):
            await asyncio.create_task(copy_current_websocket_context(write)())

    async with serving(app) as port:
        await visit(port)

    assert lost_writes(caplog) == 1


async def test_write_in_a_copied_context_before_the_rejection_is_kept(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket('/ws')
    async def view() -> None:
        @copy_current_websocket_context
        async def write() -> None:
            session['a'] = 1

        await asyncio.create_task(write())
        abort(403)

    async with serving(app) as port:
        [rejection, *_] = await visit(port)

    assert isinstance(rejection, RejectConnection)
    assert b'set-cookie' in dict(rejection.headers)
    assert lost_writes(caplog) == 0


async def test_write_in_a_websocket_closed_before_it_is_accepted_is_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket('/ws')
    async def view() -> None:
        session['a'] = 1
        await websocket.close(1000)

    async with serving(app) as port:
        await visit(port)

    assert lost_writes(caplog) == 1


async def test_websocket_that_leaves_the_session_alone_is_silent(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket('/ws')
    async def view() -> None:
        await websocket.send('one')

    async with serving(app) as port:
        await visit(port)
        await visit(port, cookie_of(a=1, _permanent=True))

    assert lost_writes(caplog) == 0


async def test_error_in_place_of_a_reply_leaves_the_connection_usable(app: Quart) -> None:
    @app.before_request
    async def overgrow() -> None:
        session['large'] = bytes(range(256)) * 4
        app.config['MAX_COOKIE_SIZE'] = 300

    @app.route('/text')
    async def text() -> str:
        return 'text' * 1000

    @app.route('/stream')
    async def stream() -> AsyncIterator[str]:
        async def parts() -> AsyncIterator[str]:
            for _ in range(1000):
                yield 'part'

        return parts()

    @app.route('/framed')
    async def framed() -> Response:
        return Response('text', headers={'Content-Length': '4', 'Content-MD5': 'of the text'})

    async with serving(app) as port, httpx.AsyncClient() as client:
        for method in ('GET', 'HEAD', 'GET'):
            for path in ('text', 'stream', 'framed', 'text/'):
                reply = await client.request(method, f'http://127.0.0.1:{port}/{path}')

                assert reply.status_code == (404 if path == 'text/' else 413)
                assert 'Set-Cookie' not in reply.headers
                assert (reply.content == b'') == (method == 'HEAD')
