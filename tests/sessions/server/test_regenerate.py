"""New ids: a login, or `clear()` and a new session."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import Quart, Response, session, stream_with_context, websocket

from quart_session_demo.sessions import regenerate_session
from tests.conftest import contents_of, cookie_of, get_with_cookie, session_contents

LESSON = {'username': 'zhiliao', 'age': 20, '_permanent': True}


@pytest.mark.parametrize('path', ['/login', '/clear_and_set'])
async def test_new_id_replaces_the_old_one(app: Quart, path: str) -> None:
    """A login, and `clear()` before new keys, give a new id; the old one is an empty session."""
    client = app.test_client()
    old = cookie_of(await client.get('/')).value

    new = cookie_of(await client.get(path)).value

    assert new != old
    replay = await get_with_cookie(app, '/contents', old)
    assert await replay.get_json() == {}
    before = LESSON if path == '/login' else {}
    assert await session_contents(client) == {**before, 'user': 'zhiliao'}


async def test_login_keeps_concurrent_changes(app: Quart) -> None:
    """A login keeps what another request stored meanwhile, unless the login changed it, too."""
    client = app.test_client()
    old = cookie_of(await client.get('/')).value

    @app.get('/slow_login')
    async def slow_login() -> str:
        session['user'] = 'zhiliao'
        session['age'] = 30
        for path in ('/add/apple', '/set/age', '/del_session/pop/'):
            await get_with_cookie(app, path, old)
        await regenerate_session()
        return 'logged in'

    await client.get('/slow_login')

    assert await session_contents(client) == {
        'age': 30,
        '_permanent': True,
        'cart': ['apple'],
        'user': 'zhiliao',
    }


async def test_refused_change_after_login_keeps_concurrent_changes(app: Quart) -> None:
    """What another request stored before a login stays, also if a later change is refused."""
    client = app.test_client()
    old = cookie_of(await client.get('/')).value

    @app.get('/bad_login')
    async def bad_login() -> str:
        session['user'] = 'zhiliao'
        for path in ('/add/apple', '/del_session/pop/'):
            await get_with_cookie(app, path, old)
        await regenerate_session()
        session['object'] = object()
        return 'logged in'

    assert (await client.get('/bad_login')).status_code == 500

    contents = await session_contents(client)
    assert contents == {'age': 20, '_permanent': True, 'cart': ['apple'], 'user': 'zhiliao'}


@pytest.mark.parametrize('removed', [False, True])
async def test_unstorable_login_logs_nobody_in(
    app: Quart, caplog: pytest.LogCaptureFixture, removed: bool
) -> None:
    """A login with an unstorable value returns 500 and changes nothing, even if later removed."""

    @app.get('/bad_login')
    async def bad_login() -> str:
        session['user'] = {'a', 'set'}
        await regenerate_session()
        if removed:
            session['user'] = 'zhiliao'
        return 'logged in'

    client = app.test_client()
    await client.get('/')

    response = await client.get('/bad_login')

    assert response.status_code == 500
    assert 'Set-Cookie' not in response.headers
    [message] = caplog.messages
    assert "cannot be saved: session['user'] holds a value of type set" in message
    assert len(caplog.text.splitlines()) == 1
    assert await session_contents(client) == LESSON


async def test_new_id_survives_unstorable_change(app: Quart) -> None:
    """A new id stays if the request then fails to store something else."""

    @app.get('/late')
    async def change_late() -> str:
        session['user'] = 'zhiliao'
        await regenerate_session()
        session['late'] = object()
        return 'logged in'

    client = app.test_client()
    old = cookie_of(await client.get('/')).value

    response = await client.get('/late')

    assert response.status_code == 500
    assert cookie_of(response).value != old
    assert await session_contents(client) == {**LESSON, 'user': 'zhiliao'}


async def test_login_without_session_sets_cookie(app: Quart) -> None:
    """A login of a client without a session sets a cookie with a new id."""
    response: Any = await app.test_client().get('/login')

    assert cookie_of(response).value


async def test_late_login_is_not_stored(app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    """A login in an open websocket or a stream is an error, and not stored under the old id."""

    async def login() -> str:
        session['user'] = 'zhiliao'
        with pytest.raises(RuntimeError, match='An open websocket or a stream cannot set'):
            await regenerate_session()
        return 'refused'

    @app.websocket('/ws')
    async def ws() -> None:
        await websocket.accept()
        await websocket.send(await login())

    @app.get('/stream')
    async def stream() -> Response:
        @stream_with_context
        async def body() -> AsyncIterator[str]:
            yield await login()

        return Response(body())

    value = cookie_of(await app.test_client().get('/')).value
    async with app.test_client().websocket(
        '/ws', headers={'Cookie': f'session={value}'}
    ) as connection:
        assert await connection.receive() == 'refused'
    response = await get_with_cookie(app, '/stream', value)
    assert await response.get_data(as_text=True) == 'refused'

    assert await contents_of(app, value) == LESSON
    assert len(caplog.records) == 2
    for record in caplog.records:
        assert 'cannot be saved: An open websocket or a stream' in record.getMessage()
        assert record.exc_info is None


async def test_new_id_always_reaches_the_client(app: Quart) -> None:
    """The cookie with a new id is sent, even if the app then marks the session as unchanged."""

    @app.get('/unmodified')
    async def unmodified() -> str:
        await regenerate_session()
        session.modified = False
        return 'regenerated'

    old = cookie_of(await app.test_client().get('/')).value

    value = cookie_of(await get_with_cookie(app, '/unmodified', old)).value

    assert value != old
    assert await contents_of(app, value) == LESSON
