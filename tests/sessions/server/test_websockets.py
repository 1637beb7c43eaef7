"""Websockets: their changes are stored, however they end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import Quart, abort, copy_current_websocket_context, session, websocket
from quart.testing import WebsocketResponseError
from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, Message, Request

from quart_session_demo.sessions import regenerate_session
from quart_session_demo.sessions.server.store import new_session_id
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, signed_id
from tests.serving import serving


@pytest.fixture
async def app(store: dict[str, Any]) -> AsyncIterator[Quart]:
    app = make_sessions_app(**store)

    @app.websocket('/chat')
    async def chat() -> None:
        while True:
            session['message'] = await websocket.receive()
            await websocket.send('received')

    @app.websocket('/once')
    async def once() -> None:
        session['message'] = 'once'
        await websocket.send('done')

    @app.websocket('/copies/<how>')
    async def copies(how: str) -> None:
        @copy_current_websocket_context
        async def background() -> None:
            session['message'] = 'in the background'

        if how == 'accepted':
            await websocket.accept()
        await asyncio.create_task(background())
        session['message'] = await websocket.receive()
        if how == 'back':
            session['message'] = None
        await websocket.send('received')
        if how != 'back':
            await websocket.receive()

    @app.websocket('/fails')
    async def fails() -> None:
        session['message'] = 'before failing'
        await websocket.send('done')
        raise RuntimeError

    @app.websocket('/refuses')
    async def refuses() -> None:
        session['message'] = 'refused'
        abort(403)

    @app.websocket('/clears')
    async def clears() -> None:
        session.clear()
        await websocket.send('done')

    @app.websocket('/regenerates')
    async def regenerates() -> None:
        await websocket.accept()
        try:
            await regenerate_session()
        except RuntimeError as error:
            await websocket.send(str(error))

    async with app.test_app():
        yield app


async def cookie_header(app: Quart) -> dict[str, str]:
    """Return the Cookie header of a new session."""
    return {'Cookie': f'session={cookie_of(await app.test_client().get("/")).value}'}


async def contents(app: Quart, cookie: dict[str, str]) -> dict[str, Any]:
    return await contents_of(app, cookie['Cookie'].removeprefix('session='))


async def wait_for_message(app: Quart, cookie: dict[str, str], expected: str | None) -> None:
    """Wait up to 30 seconds until the session contains this message."""
    async with asyncio.timeout(30):
        while (await contents(app, cookie)).get('message', '') != expected:
            pass


async def test_change_is_stored_when_the_client_closes(app: Quart) -> None:
    """The last of several changes is stored when the client closes the websocket."""
    cookie = await cookie_header(app)

    async with app.test_client().websocket('/chat', headers=cookie) as connection:
        for message in ('first', 'second'):
            await connection.send(message)
            await connection.receive()

    assert (await contents(app, cookie))['message'] == 'second'


@pytest.mark.parametrize(('path', 'expected'), [('/once', 'once'), ('/fails', 'before failing')])
async def test_change_is_stored_when_the_handler_ends(app: Quart, path: str, expected: str) -> None:
    """A change is stored when the handler returns or fails, before the client closes."""
    cookie = await cookie_header(app)

    async with app.test_client().websocket(path, headers=cookie) as connection:
        await connection.receive()
        await wait_for_message(app, cookie, expected)


@pytest.mark.parametrize(
    ('how', 'expected'), [('accepted', 'hello'), ('opening', 'hello'), ('back', None)]
)
async def test_change_is_stored_after_copied_context(
    app: Quart, how: str, expected: str | None
) -> None:
    """Changes before and after the end of a copied context are stored."""
    cookie = await cookie_header(app)

    async with app.test_client().websocket(f'/copies/{how}', headers=cookie) as connection:
        await connection.send('hello')
        await connection.receive()
        if how != 'back':
            assert (await contents(app, cookie))['message'] == 'in the background'

    await wait_for_message(app, cookie, expected)


async def test_change_is_stored_when_the_handshake_is_refused(app: Quart) -> None:
    """A change of a stored session is stored although the handler refuses the handshake."""
    cookie = await cookie_header(app)

    with pytest.raises(WebsocketResponseError):
        async with app.test_client().websocket('/refuses', headers=cookie) as connection:
            await connection.receive()

    assert (await contents(app, cookie))['message'] == 'refused'


async def test_session_cleared_in_websocket_is_deleted(app: Quart) -> None:
    """A session that a websocket clears is deleted."""
    cookie = await cookie_header(app)

    async with app.test_client().websocket('/clears', headers=cookie) as connection:
        await connection.receive()

    assert await contents(app, cookie) == {}


async def test_open_websocket_cannot_regenerate(app: Quart) -> None:
    """`regenerate_session` in an open websocket raises RuntimeError, and changes nothing."""
    cookie = await cookie_header(app)

    async with app.test_client().websocket('/regenerates', headers=cookie) as connection:
        assert 'cookie' in await connection.receive()

    assert (await contents(app, cookie))['username'] == 'zhiliao'


async def test_handshake_is_503_without_store(unreachable_store: dict[str, Any]) -> None:
    """A handshake whose handler reads the session returns 503 while the store does not answer."""
    app = make_sessions_app(**unreachable_store)

    @app.websocket('/ws')
    async def ws() -> None:
        await websocket.send(session['username'])

    cookie = {'Cookie': f'session={signed_id(new_session_id())}'}
    with pytest.raises(WebsocketResponseError) as refused:
        async with app.test_client().websocket('/ws', headers=cookie) as connection:
            await connection.receive()

    assert refused.value.response.status_code == 503
    assert refused.value.response.headers['Retry-After']


async def test_change_is_stored_when_a_real_client_vanishes(app: Quart) -> None:
    """A change is stored when a real client closes its connection at once after the close frame."""
    cookie = await cookie_header(app)
    connection = WSConnection(ConnectionType.CLIENT)
    headers = [(name.encode(), value.encode()) for name, value in cookie.items()]

    async with serving(app) as port:
        reader, writer = await asyncio.open_connection('127.0.0.1', port)

        async def events() -> list[Any]:
            connection.receive_data(await reader.read(4096))
            return list(connection.events())

        writer.write(connection.send(Request('127.0.0.1', '/chat', extra_headers=headers)))
        await events()
        writer.write(connection.send(Message('from afar')))
        await events()
        writer.write(connection.send(CloseConnection(1000)))
        writer.close()
        await wait_for_message(app, cookie, 'from afar')
