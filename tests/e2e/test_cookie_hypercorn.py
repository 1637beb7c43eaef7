"""The cookie session on a real Hypercorn: websockets, and error responses."""

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
from tests.apps.sessions_app import make_cookie_app
from tests.serving import serving


@pytest.fixture
def app() -> Quart:
    return make_cookie_app()


class WebsocketClient:
    """A small websocket client; `async with` opens and closes the connection."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port = port
        self.cookie = cookie
        self.protocol = WSConnection(ConnectionType.CLIENT)

    async def __aenter__(self) -> 'WebsocketClient':
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


async def connect(port: int, cookie: str = '') -> list[Event]:
    """Open a websocket and return its events until the server closes or rejects it."""
    async with WebsocketClient(port, cookie) as client:
        events = []
        async for event in client.events():
            events.append(event)
            if isinstance(event, CloseConnection):
                client.send(event.response())
            if isinstance(event, RejectData) and event.body_finished:
                break
        return events


def cookie_header(**values: object) -> str:
    """Return the Cookie header of a session with these values."""
    serializer: Any = CookieSessionInterface().get_signing_serializer(make_cookie_app())
    return f'session={serializer.dumps(values)}'


def warnings_in(app: Quart, caplog: pytest.LogCaptureFixture) -> int:
    """Return how many warnings the app logged."""
    return len(
        [
            record
            for record in caplog.records
            if record.name == app.logger.name and record.levelno == logging.WARNING
        ]
    )


async def test_websocket_reads_session(app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    """A websocket reads the session of its cookie, and logs nothing."""

    @app.websocket('/ws')
    async def view() -> None:
        await websocket.send(session['name'])

    async with serving(app) as port:
        events = await connect(port, cookie_header(name='zhiliao'))

    assert [event.data for event in events if isinstance(event, Message)] == ['zhiliao']
    assert warnings_in(app, caplog) == 0


async def test_change_after_accept_is_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """Changes in an accepted websocket are lost, which one warning reports."""

    @app.websocket('/ws')
    async def view() -> None:
        session['a'] = 1
        await websocket.send('one')
        session['b'] = 2

    async with serving(app) as port:
        events = await connect(port)

    assert isinstance(events[0], AcceptConnection)
    assert warnings_in(app, caplog) == 1


async def test_change_before_failure_is_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A change in an accepted websocket that then fails is one warning."""

    @app.websocket('/ws')
    async def view() -> None:
        await websocket.accept()
        session['a'] = 1
        raise RuntimeError('the view fails')

    async with serving(app) as port:
        await connect(port)

    assert warnings_in(app, caplog) == 1


async def test_change_before_rejection_sets_cookie(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A rejected handshake sets the cookie with the change, and nothing is logged."""

    @app.websocket('/ws')
    async def view() -> None:
        session['a'] = 1
        abort(403)

    async with serving(app) as port:
        [rejection, *_] = await connect(port)

    assert isinstance(rejection, RejectConnection)
    assert rejection.status_code == 403
    names = [value.partition(b'=')[0] for key, value in rejection.headers if key == b'set-cookie']
    assert names == [b'session']
    assert warnings_in(app, caplog) == 0


async def test_change_before_client_closes_is_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A change in an open websocket that the client closes is one warning."""
    ended = asyncio.Event()

    @app.websocket('/ws')
    async def view() -> None:
        await websocket.accept()
        session['a'] = 1
        await websocket.send('written')
        await websocket.receive()

    @app.teardown_websocket
    async def end(_: BaseException | None) -> None:
        ended.set()

    async with serving(app) as port, WebsocketClient(port, '') as client:
        async for event in client.events():
            if isinstance(event, TextMessage):
                client.send(CloseConnection(code=1000))
        await ended.wait()

    assert warnings_in(app, caplog) == 1


async def test_copied_contexts_are_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A change is one warning, however many copied contexts end."""

    @app.websocket('/ws')
    async def view() -> None:
        async def write() -> None:
            session['a'] = 1

        await websocket.accept()
        for _ in range(3):
            await asyncio.create_task(copy_current_websocket_context(write)())

    async with serving(app) as port:
        await connect(port)

    assert warnings_in(app, caplog) == 1


async def test_change_in_copied_context_sets_cookie(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A rejected handshake sets the cookie with a change that a copied context made."""

    @app.websocket('/ws')
    async def view() -> None:
        @copy_current_websocket_context
        async def write() -> None:
            session['a'] = 1

        await asyncio.create_task(write())
        abort(403)

    async with serving(app) as port:
        [rejection, *_] = await connect(port)

    assert isinstance(rejection, RejectConnection)
    assert b'set-cookie' in dict(rejection.headers)
    assert warnings_in(app, caplog) == 0


async def test_change_before_close_is_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A change in a websocket that is closed before it is accepted is one warning."""

    @app.websocket('/ws')
    async def view() -> None:
        session['a'] = 1
        await websocket.close(1000)

    async with serving(app) as port:
        await connect(port)

    assert warnings_in(app, caplog) == 1


async def test_unused_session_is_silent(app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    """A websocket that does not use its session logs nothing."""

    @app.websocket('/ws')
    async def view() -> None:
        await websocket.send('one')

    async with serving(app) as port:
        await connect(port)
        await connect(port, cookie_header(a=1, _permanent=True))

    assert warnings_in(app, caplog) == 0


async def test_connection_survives_error_responses(app: Quart) -> None:
    """A connection works on after an error in place of a text, a stream or a response to HEAD."""

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
                response = await client.request(method, f'http://127.0.0.1:{port}/{path}')

                assert response.status_code == (404 if path == 'text/' else 413)
                assert 'Set-Cookie' not in response.headers
                assert (response.content == b'') == (method == 'HEAD')
