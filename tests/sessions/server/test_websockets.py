"""Websocket handlers that write to a session on Redis."""

import asyncio
import logging
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any

import pytest
from quart import Quart, abort, copy_current_websocket_context, session, websocket
from quart.testing import WebsocketResponseError
from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, Message, Request

from quart_session_demo import create_app
from quart_session_demo.sessions import regenerate_session
from quart_session_demo.sessions.server.store import new_session_id
from tests.conftest import KEY
from tests.redis_server import RedisServer
from tests.serving import serving


@pytest.fixture
async def app(redis_server: RedisServer) -> AsyncIterator[Quart]:
    app = create_app(
        {
            'SECRET_KEY': KEY,
            'SESSION_TYPE': 'redis',
            'SESSION_REDIS_URL': redis_server.url,
            'PROPAGATE_EXCEPTIONS': False,
        }
    )

    @app.websocket('/chat')
    async def chat() -> None:
        while True:
            session['said'] = await websocket.receive()
            await websocket.send('heard')

    @app.websocket('/once')
    async def once() -> None:
        session['said'] = 'once'
        await websocket.send('done')

    @app.websocket('/copies/<how>')
    async def copies(how: str) -> None:
        @copy_current_websocket_context
        async def background() -> None:
            session['said'] = 'in the background'

        if how == 'accepted':
            await websocket.accept()
        await asyncio.create_task(background())
        if how == 'refused':
            abort(403)
        session['said'] = await websocket.receive()
        if how == 'back':
            session['said'] = None
        await websocket.send('heard')
        if how != 'back':
            await websocket.receive()

    @app.websocket('/fails')
    async def fails() -> None:
        session['said'] = 'before failing'
        await websocket.send('done')
        raise RuntimeError

    @app.websocket('/refuses')
    async def refuses() -> None:
        session['said'] = 'refused'
        abort(403)

    @app.websocket('/clears')
    async def clears() -> None:
        session.clear()
        await websocket.send('done')

    @app.websocket('/login')
    async def login() -> None:
        try:
            await regenerate_session()
        except RuntimeError as error:
            await websocket.send(str(error))

    @app.get('/said')
    async def said() -> str:
        return str(session.get('said'))

    async with app.test_app():
        yield app


async def begun(app: Quart) -> dict[str, str]:
    """Return the Cookie header of a new session."""
    response = await app.test_client().get('/')
    return {'Cookie': 'session=' + SimpleCookie(response.headers['Set-Cookie'])['session'].value}


async def said(app: Quart, cookie: dict[str, str]) -> str:
    response = await app.test_client(use_cookies=False).get('/said', headers=cookie)
    return str(await response.get_data(as_text=True))


async def test_write_is_saved_when_the_client_closes(app: Quart) -> None:
    cookie = await begun(app)

    async with app.test_client().websocket('/chat', headers=cookie) as connection:
        for message in ('first', 'second'):
            await connection.send(message)
            await connection.receive()

    assert await said(app, cookie) == 'second'


@pytest.mark.parametrize(('path', 'expected'), [('/once', 'once'), ('/fails', 'before failing')])
async def test_write_is_saved_when_the_server_ends_it(app: Quart, path: str, expected: str) -> None:
    cookie = await begun(app)

    async with app.test_client().websocket(path, headers=cookie) as connection:
        await connection.receive()
        # The client has not closed yet.
        async with asyncio.timeout(30):
            while await said(app, cookie) != expected:
                pass


@pytest.mark.parametrize(
    ('how', 'expected'), [('accepted', 'hello'), ('opening', 'hello'), ('back', 'None')]
)
async def test_write_is_saved_after_a_copied_context_ended(
    app: Quart, how: str, expected: str
) -> None:
    cookie = await begun(app)

    async with app.test_client().websocket(f'/copies/{how}', headers=cookie) as connection:
        await connection.send('hello')
        await connection.receive()
        assert how == 'back' or await said(app, cookie) == 'in the background'

    async with asyncio.timeout(30):
        while await said(app, cookie) != expected:
            pass


async def test_session_begun_in_a_copied_context_comes_with_the_refusal(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(WebsocketResponseError) as refused:
        async with app.test_client().websocket('/copies/refused') as connection:
            await connection.receive()

    cookies = SimpleCookie(refused.value.response.headers['Set-Cookie'])
    assert await said(app, {'Cookie': f'session={cookies["session"].value}'}) == 'in the background'
    assert caplog.messages == []


async def test_write_is_saved_when_the_handshake_is_refused(app: Quart) -> None:
    cookie = await begun(app)

    with pytest.raises(WebsocketResponseError):
        async with app.test_client().websocket('/refuses', headers=cookie) as connection:
            await connection.receive()

    assert await said(app, cookie) == 'refused'


async def test_session_cleared_in_a_websocket_is_dead(app: Quart) -> None:
    cookie = await begun(app)

    async with app.test_client().websocket('/clears', headers=cookie) as connection:
        await connection.receive()

    response = await app.test_client(use_cookies=False).get('/get_session/', headers=cookie)
    assert await response.get_data(as_text=True) == '没有session数据'


async def test_websocket_cannot_have_a_new_id(app: Quart) -> None:
    cookie = await begun(app)

    async with app.test_client().websocket('/login', headers=cookie) as connection:
        assert 'cannot set the cookie' in await connection.receive()

    response = await app.test_client(use_cookies=False).get('/get_session/', headers=cookie)
    assert await response.get_data(as_text=True) == 'zhiliao'


async def test_session_begun_in_a_websocket_is_lost_with_a_warning(
    app: Quart, caplog: pytest.LogCaptureFixture, redis_server: RedisServer
) -> None:
    before = set(redis_server.ask('KEYS', '*'))

    with caplog.at_level(logging.WARNING):
        async with app.test_client().websocket('/chat') as connection:
            await connection.send('hello')
            await connection.receive()

    assert 'an accepted websocket cannot set a cookie' in caplog.text
    assert set(redis_server.ask('KEYS', '*')) <= before


async def test_handshake_is_503_when_redis_does_not_answer() -> None:
    # Nothing listens there.
    app = create_app(
        {'SECRET_KEY': KEY, 'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': 'redis://127.0.0.1:1'}
    )

    @app.websocket('/ws')
    async def ws() -> None:
        await websocket.send(session['username'])

    cookie = {'Cookie': f'session={new_session_id()}'}
    with pytest.raises(WebsocketResponseError) as refused:
        async with app.test_client().websocket('/ws', headers=cookie) as connection:
            await connection.receive()

    assert refused.value.response.status_code == 503
    assert refused.value.response.headers['Retry-After']


async def test_write_is_saved_when_a_real_client_vanishes(app: Quart) -> None:
    cookie = await begun(app)
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
        async with asyncio.timeout(30):
            while await said(app, cookie) != 'from afar':
                pass
