"""Outages of a store that runs: what clients get meanwhile, and afterwards."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import Quart, request, request_finished, session, websocket, websocket_finished
from quart.typing import TestClientProtocol as Client

from quart_session_demo.sessions import regenerate_session
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie, session_contents
from tests.sessions.server.conftest import (
    FragileServer,
    assert_no_traceback,
    assert_unavailable,
    text,
)

LESSON = {'username': 'zhiliao', 'age': 20, '_permanent': True}
NO_SESSION = '没有session数据'


@pytest.fixture
async def app(fragile_server: FragileServer) -> AsyncIterator[Quart]:
    app = make_sessions_app(**fragile_server.settings)
    async with app.test_app():
        yield app


@pytest.mark.parametrize('fault', ['stop', 'pause'])
async def test_outage_is_503_where_session_is_used(
    fragile_server: FragileServer, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    """While a store is down or hangs, requests that use the session get 503, and no others."""
    app = make_sessions_app(**fragile_server.settings_with_timeout(0.2))

    @app.after_request
    async def read_late(response: Any) -> Any:
        if 'late' in request.args:
            session.get('username')
        return response

    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        getattr(fragile_server, fault)()

        # No response takes longer than two attempts; without a limit it would hang.
        async with asyncio.timeout(30):
            paths = ('/get_session/', '/', '/del_session/', '/login', '/unused?late')
            failed = asyncio.gather(*(assert_unavailable(client, path) for path in paths))
            assert await text(client, '/unused') == 'unused'
            assert (await client.get('/nowhere')).status_code == 404
            await failed
        assert_no_traceback(caplog)

        fragile_server.start() if fault == 'stop' else fragile_server.resume()
        # The first request works, and nobody was logged out.
        assert await text(client, '/get_session/') == 'zhiliao'


async def test_waits_for_hung_store_do_not_add_up(fragile_server: FragileServer) -> None:
    """Many requests to a store that hangs wait no longer than one, and work afterwards."""
    settings = fragile_server.settings_with_timeout(0.25)
    app = make_sessions_app(**settings, SESSION_REDIS_MAX_CONNECTIONS=5)
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        fragile_server.pause()

        start = time.monotonic()
        await client.get('/get_session/')
        one = time.monotonic() - start
        start = time.monotonic()
        responses = await asyncio.gather(*(client.get('/get_session/') for _ in range(40)))
        many = time.monotonic() - start
        fragile_server.resume()

        assert {response.status_code for response in responses} == {503}
        # Five at a time, they would wait eight times as long.
        assert many < 4 * one
        results = await asyncio.gather(*(text(client, '/get_session/') for _ in range(40)))
        assert set(results) == {'zhiliao'}


async def test_new_client_needs_store_only_to_save(
    app: Quart, fragile_server: FragileServer
) -> None:
    """While a store is down a new client gets 503 only where its session would be stored."""
    fragile_server.stop()
    client = app.test_client()

    assert await text(client, '/get_session/') == NO_SESSION
    await assert_unavailable(client, '/')


async def test_app_starts_before_its_store(
    fragile_server: FragileServer, caplog: pytest.LogCaptureFixture
) -> None:
    """An app that starts while its store is down works as soon as the store does."""
    fragile_server.stop()
    app = make_sessions_app(**fragile_server.settings)
    async with app.test_app():
        client = app.test_client()
        await assert_unavailable(client, '/')
        fragile_server.start()

        assert await text(client, '/') == '设置session成功'
    assert_no_traceback(caplog)


async def test_logout_survives_a_crash_of_the_store(
    app: Quart, fragile_server: FragileServer
) -> None:
    """After a crash and a restart of the store a deleted session stays deleted, others stay."""
    old = cookie_of(await app.test_client().get('/')).value
    other = app.test_client()
    await other.get('/')
    response = await get_with_cookie(app, '/del_session/', old)
    assert response.status_code == 200

    fragile_server.stop()
    fragile_server.start()

    assert await (await get_with_cookie(app, '/contents', old)).get_json() == {}
    assert await session_contents(other) == LESSON


async def test_error_page_may_use_session(
    app: Quart, client: Client, fragile_server: FragileServer, caplog: pytest.LogCaptureFixture
) -> None:
    """An app's own 503 page may read the session, which is empty, and gets the headers of a 503."""

    @app.errorhandler(503)
    async def page(error: Exception) -> tuple[str, int]:
        return f'Sorry, {session.get("username", "user")}', 503

    fragile_server.stop()

    response = await client.get('/get_session/')

    assert response.status_code == 503
    assert await response.get_data(as_text=True) == 'Sorry, user'
    assert int(response.headers['Retry-After']) > 0
    assert response.headers['Cache-Control'] == 'no-store'
    assert_no_traceback(caplog)


async def test_signal_receiver_may_use_session(
    app: Quart, client: Client, fragile_server: FragileServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A receiver of `request_finished` may read the session, which is empty."""
    seen = []

    async def receive(sender: Quart, **_: Any) -> None:
        seen.append(session.get('username'))

    fragile_server.stop()
    with request_finished.connected_to(receive, app):
        assert await text(client, '/unused') == 'unused'
        await assert_unavailable(client, '/get_session/')

    assert seen == [None, None]
    assert_no_traceback(caplog)


async def test_functions_after_websocket_may_use_session(
    app: Quart, client: Client, fragile_server: FragileServer, caplog: pytest.LogCaptureFixture
) -> None:
    """`after_websocket` and receivers of `websocket_finished` may read the session: it is empty."""
    seen = []

    @app.websocket('/ws')
    async def ws() -> None:
        await websocket.send('hello')

    @app.after_websocket
    async def after(response: Any) -> Any:
        seen.append(session.get('username'))
        return response

    async def receive(sender: Quart, **_: Any) -> None:
        seen.append(session.get('username'))

    fragile_server.stop()
    with websocket_finished.connected_to(receive, app):
        async with client.websocket('/ws') as connection:
            assert await connection.receive() == 'hello'

    assert seen == [None, None]
    assert_no_traceback(caplog)


async def test_view_that_catches_everything_is_503(
    app: Quart, client: Client, fragile_server: FragileServer
) -> None:
    """A view that catches every error, and goes on without the session, returns 503."""

    @app.get('/catches')
    async def catches() -> str:
        try:
            return str(session['username'])
        except Exception:
            return str(session.get('username', 'not logged in'))

    fragile_server.stop()

    await assert_unavailable(client, '/catches')


async def test_outage_before_save_changes_nothing(
    app: Quart, client: Client, fragile_server: FragileServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A request whose store stops before the save returns 503, and the session is as before."""

    @app.get('/stops')
    async def stops() -> str:
        session['username'] = 'another user'
        session['more'] = 1
        fragile_server.stop()
        return 'stored?'

    await assert_unavailable(client, '/stops')

    assert_no_traceback(caplog)
    fragile_server.start()
    assert await session_contents(client) == LESSON


async def test_failed_login_leaves_old_id_logged_out(fragile_server: FragileServer) -> None:
    """A login whose new id cannot be stored returns 503, and the old id is not logged in."""
    app = make_sessions_app(**fragile_server.settings_with_timeout(0.5))

    @app.get('/hangs_at_login')
    async def hangs() -> str:
        session['user'] = 'zhiliao'
        fragile_server.pause()
        try:
            await regenerate_session()
        finally:
            fragile_server.resume()
        return 'logged in'

    async with app.test_app():
        old = cookie_of(await app.test_client().get('/')).value

        response = await get_with_cookie(app, '/hangs_at_login', old)

        assert response.status_code == 503
        # The store may have deleted the old session, without a response in time.
        assert await contents_of(app, old) in ({}, LESSON)


async def test_failed_login_is_503_if_the_view_catches(
    app: Quart, client: Client, fragile_server: FragileServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A login whose new id cannot be stored returns 503 although the view catches the error."""

    @app.get('/catches_login')
    async def catches_login() -> str:
        session['user'] = 'zhiliao'
        fragile_server.stop()
        with contextlib.suppress(Exception):
            await regenerate_session()
        fragile_server.start()
        return 'logged in'

    await assert_unavailable(client, '/catches_login')

    assert_no_traceback(caplog)
    assert await session_contents(client) == LESSON
