"""The lesson with its cookie: renewal, lifetime, keys, and cookies that the app refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from quart import Quart, session, websocket

from quart_session_demo import create_app
from tests.conftest import KEY, cookie_of, session_contents

SET = '设置session成功'
NONE = '没有session数据'


async def test_get_session_refreshes_permanent_session(app: Quart) -> None:
    """Reading a permanent session renews its cookie."""
    client = app.test_client()
    await client.get('/')

    response = await client.get('/get_session/')

    assert 'Expires=' in response.headers['Set-Cookie']


async def test_get_session_without_refresh_sends_no_cookie() -> None:
    """Without `SESSION_REFRESH_EACH_REQUEST` reading sends no cookie."""
    app = create_app({'SECRET_KEY': KEY, 'SESSION_REFRESH_EACH_REQUEST': False})
    client = app.test_client()
    await client.get('/')

    response = await client.get('/get_session/')

    assert 'Set-Cookie' not in response.headers


async def test_browser_session_cookie_has_no_expiry(app: Quart) -> None:
    """`/browser_session/` sends a cookie that expires when the browser closes."""
    client = app.test_client()
    await client.get('/')

    response = await client.get('/browser_session/')

    cookie = cookie_of(response)
    assert not {'expires', 'max-age'} & cookie.attributes.keys()
    assert await response.get_data(as_text=True) == SET
    assert await session_contents(client) == {'username': 'zhiliao', 'age': 20, '_permanent': False}


async def signed(config: dict[str, Any]) -> str:
    """Return the cookie value of the lesson's session in an app with these settings."""
    response = await create_app(config).test_client().get('/')
    return cookie_of(response).value


async def username_for(app: Quart, cookie: str) -> str:
    response = await app.test_client().get('/get_session/', headers={'Cookie': f'session={cookie}'})
    assert response.status_code == 200
    return await response.get_data(as_text=True)


async def test_good_cookie_is_read(app: Quart) -> None:
    """A cookie that the app signed is accepted."""
    assert await username_for(app, await signed({'SECRET_KEY': KEY})) == 'zhiliao'


async def test_tampered_cookie_is_empty_session(app: Quart) -> None:
    """A cookie with any one character changed gives an empty session."""
    good = await signed({'SECRET_KEY': KEY})

    for place in range(len(good)):
        # The low bits of the last character are padding: take one with other high bits.
        other = 'A' if good[place] not in 'ABCDEFGHIJKLMNOP' else 'z'
        tampered = good[:place] + other + good[place + 1 :]
        assert await username_for(app, tampered) == NONE


async def test_truncated_cookie_is_empty_session(app: Quart) -> None:
    """A cookie cut at any length gives an empty session."""
    good = await signed({'SECRET_KEY': KEY})

    for length in range(len(good)):
        assert await username_for(app, good[:length]) == NONE


async def test_cookie_of_another_key_is_empty_session(app: Quart) -> None:
    """A cookie signed with another key gives an empty session."""
    assert await username_for(app, await signed({'SECRET_KEY': 'another key'})) == NONE


async def test_expired_cookie_is_empty_session(app: Quart) -> None:
    """A cookie signed longer ago than the lifetime gives an empty session."""
    with time_machine.travel(datetime.now(UTC) - timedelta(days=11)):
        old = await signed({'SECRET_KEY': KEY})

    assert await username_for(app, old) == NONE


async def test_fallback_key_accepts_and_renews_cookie() -> None:
    """A cookie of a fallback key is accepted and signed again with the new key."""
    old = await signed({'SECRET_KEY': 'old'})
    replaced = create_app({'SECRET_KEY': 'new', 'SECRET_KEY_FALLBACKS': ['older', 'old']})
    client = replaced.test_client()

    response = await client.get('/get_session/', headers={'Cookie': f'session={old}'})
    renewed = cookie_of(response).value

    assert await response.get_data(as_text=True) == 'zhiliao'
    assert await username_for(create_app({'SECRET_KEY': 'new'}), renewed) == 'zhiliao'
    assert await username_for(create_app({'SECRET_KEY': 'new'}), old) == NONE


async def test_session_can_be_read_in_a_websocket(app: Quart) -> None:
    """A websocket reads the session of its handshake."""

    @app.websocket('/ws')
    async def ws() -> None:
        await websocket.send(session.get('username', NONE))

    cookie = await signed({'SECRET_KEY': KEY})

    async with app.test_client().websocket(
        '/ws', headers={'Cookie': f'session={cookie}'}
    ) as connection:
        assert await connection.receive() == 'zhiliao'
