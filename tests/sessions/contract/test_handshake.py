"""A websocket's handshake: what changes before it is stored, and its response has the cookie."""

import asyncio
from typing import Any

import pytest
from quart import Quart, copy_current_websocket_context, session, websocket
from quart.testing import WebsocketResponseError

from quart_session_demo.sessions import regenerate_session
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, cookies_of
from tests.sessions.conftest import each_kind
from tests.sessions.websockets import Connection, connect, new_cookie


@pytest.fixture
def app(app: Quart) -> Quart:
    @app.websocket('/begin')
    async def begin() -> None:
        session['begun'] = 'before accept'
        await websocket.send('begun')

    @app.websocket('/value')
    async def value() -> None:
        session['begun'] = {object}
        await websocket.send('begun')

    return app


async def refusal(connection: Connection) -> Any:
    """Return the response with which a handshake is refused."""
    with pytest.raises(WebsocketResponseError) as refused:
        async with connection:
            await connection.receive()
    assert not connection.accepted
    return refused.value.response


@pytest.mark.parametrize('known', [False, True], ids=['new', 'known'])
async def test_change_before_accept_is_stored_with_its_cookie(
    app: Quart, caplog: pytest.LogCaptureFixture, known: bool
) -> None:
    """What is set before accept is stored, and the handshake's response has the cookie."""
    connection = connect(app, '/begin', await new_cookie(app) if known else None)
    async with connection:
        assert await connection.receive() == 'begun'
        # The websocket is still open.
        contents = await contents_of(app, cookie_of(connection).value)

    assert contents['begun'] == 'before accept'
    assert contents.get('username') == ('zhiliao' if known else None)
    assert cookie_of(connection).attributes.keys() >= {'httponly', 'path'}
    assert caplog.messages == []


async def test_headers_of_accept_stay(app: Quart) -> None:
    """The session's cookie is added to the headers and cookies that the app gives to accept."""

    @app.websocket('/headers')
    async def headers() -> None:
        session['begun'] = True
        await websocket.accept(headers={'X-Own': 'yes', 'Set-Cookie': 'own=1'}, subprotocol='chat')
        await websocket.send('begun')

    connection = connect(app, '/headers')
    async with connection:
        await connection.receive()

    assert connection.headers['X-Own'] == 'yes'
    assert [cookie.name for cookie in cookies_of(connection)] == ['own', 'session']


async def test_several_tasks_accept_once(app: Quart) -> None:
    """Several tasks that send the first message at the same time get one session and one cookie."""

    @app.websocket('/tasks')
    async def tasks() -> None:
        session['begun'] = True

        async def send() -> None:
            await websocket.send(repr(session['begun']))

        await asyncio.gather(*(copy_current_websocket_context(send)() for _ in range(5)))

    connection = connect(app, '/tasks')
    async with connection:
        assert [await connection.receive() for _ in range(5)] == ['True'] * 5

    assert await contents_of(app, cookie_of(connection).value) == {'begun': True}


async def test_unchanged_session_needs_no_cookie(app: Quart) -> None:
    """A handshake that only reads a browser session, or has none, sets no cookie."""

    @app.websocket('/read')
    async def read() -> None:
        await websocket.send(repr(session.get('key')))

    for cookie in (None, await new_cookie(app, '/set/key')):
        connection = connect(app, '/read', cookie)
        async with connection:
            await connection.receive()

        assert cookies_of(connection) == []


async def test_session_cleared_before_accept_loses_its_cookie(app: Quart) -> None:
    """A session that is cleared before accept is deleted, and the response deletes its cookie."""

    @app.websocket('/clear')
    async def clear() -> None:
        session.clear()
        await websocket.send('cleared')

    connection = connect(app, '/clear', await new_cookie(app))
    async with connection:
        await connection.receive()

    assert cookie_of(connection).value == ''
    assert cookie_of(connection).attributes['max-age'] == '0'


async def test_login_before_accept(app: Quart, store: dict[str, Any]) -> None:
    """A login before accept gives the session a new id, whose cookie the response sets."""

    @app.websocket('/login')
    async def login() -> None:
        session['user'] = 'ann'
        await regenerate_session()
        await websocket.send('logged in')

    for cookie in (None, await new_cookie(app)):
        connection = connect(app, '/login', cookie)
        async with connection:
            await connection.receive()
            contents = await contents_of(app, cookie_of(connection).value)

        assert contents['user'] == 'ann'
        if cookie is not None and store.get('SESSION_TYPE') != 'cookie':
            assert cookie_of(connection).value != cookie.value
            assert await contents_of(app, cookie.value) == {}


async def test_unstorable_value_refuses_the_handshake(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A value that cannot be stored refuses the handshake with 500, without a cookie."""
    response = await refusal(connect(app, '/value'))

    assert response.status_code == 500
    assert cookies_of(response) == []
    [line] = caplog.messages
    assert "session['begun']" in line


async def test_session_that_is_too_large_refuses_the_handshake(store: dict[str, Any]) -> None:
    """A session that is too large refuses the handshake with 413, and stays as it was."""
    limits = {'SESSION_MAX_STORED_SIZE': 1000, 'SESSION_COOKIE_MAX_DECOMPRESSED': 1000}
    app = make_sessions_app(**store, **limits)

    @app.websocket('/large')
    async def large() -> None:
        session['large'] = 'x' * 2000
        await websocket.send('accepted')

    async with app.test_app():
        cookie = await new_cookie(app)
        response = await refusal(connect(app, '/large', cookie))

        assert response.status_code == 413
        assert cookies_of(response) == []
        assert (await contents_of(app, cookie.value)).keys() == {'username', 'age', '_permanent'}


@each_kind
async def test_refused_handshake_stays_refused(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A handler that catches the refusal gets it again, and what it changes is not stored."""

    @app.websocket('/again')
    async def again() -> None:
        session['begun'] = {object}
        for _ in range(2):
            with pytest.raises(Exception, match='500'):
                await websocket.accept()
            session['begun'] = True
        await websocket.send('refused')

    response = await refusal(connect(app, '/again'))

    assert response.status_code == 500
    assert cookies_of(response) == []


async def test_websocket_that_ends_without_accept_warns(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that a websocket begins and never accepts is lost, which one warning reports."""

    @app.websocket('/silent')
    async def silent() -> None:
        session['begun'] = True

    async with connect(app, '/silent'):
        pass

    assert len(caplog.messages) == 1
