"""The lesson's routes: their responses and what is in the session afterwards."""

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
import time_machine
from quart import Quart, session, websocket
from quart.typing import TestClientProtocol as Client
from werkzeug.http import parse_date

from quart_session_demo import create_app
from tests.conftest import KEY

SET = '设置session成功'
NONE = '没有session数据'
DELETED = '删除session成功...'


async def get(client: Client, path: str) -> tuple[int, str]:
    response = await client.get(path)
    assert response.content_type == 'text/html; charset=utf-8'
    return response.status_code, await response.get_data(as_text=True)


async def session_contents(client: Client) -> dict[str, Any]:
    async with client.session_transaction() as inside:
        return dict(inside)


async def test_index_sets_username_age_and_permanent(app: Quart) -> None:
    """`/` stores the lesson's two values and makes the session permanent."""
    client = app.test_client()

    assert await get(client, '/') == (200, SET)
    assert await session_contents(client) == {'username': 'zhiliao', 'age': 20, '_permanent': True}


async def test_index_cookie_expires_after_ten_days(app: Quart) -> None:
    """The cookie of `/` expires after ten days and has the default attributes."""
    response = await app.test_client().get('/')

    cookie = SimpleCookie(response.headers['Set-Cookie'])['session']
    expires = parse_date(cookie['expires'])
    assert expires is not None
    assert abs(expires - datetime.now(UTC) - timedelta(days=10)) < timedelta(minutes=1)
    assert cookie['httponly']
    assert cookie['samesite'] == 'Lax'
    assert cookie['path'] == '/'
    assert not cookie['secure']


async def test_get_session_returns_username(app: Quart) -> None:
    """`/get_session/` returns the stored name."""
    client = app.test_client()
    await client.get('/')

    assert await get(client, '/get_session/') == (200, 'zhiliao')


async def test_get_session_without_session_returns_default(app: Quart) -> None:
    """Without a session `/get_session/` returns the lesson's default text."""
    assert await get(app.test_client(), '/get_session/') == (200, NONE)


async def test_get_session_returns_text_of_any_value(app: Quart) -> None:
    """A stored value that is not a string is returned as text."""
    client = app.test_client()
    async with client.session_transaction() as inside:
        inside['username'] = 42

    assert await get(client, '/get_session/') == (200, '42')


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


async def test_del_session_clears_everything(app: Quart) -> None:
    """`/del_session/` deletes every value."""
    client = app.test_client()
    await client.get('/')

    assert await get(client, '/del_session/') == (200, DELETED)
    assert await session_contents(client) == {}


async def test_del_session_without_session_succeeds(app: Quart) -> None:
    """`/del_session/` returns the same text when there is nothing to delete."""
    assert await get(app.test_client(), '/del_session/') == (200, DELETED)


@pytest.mark.parametrize('path', ['/del_session/pop/', '/del_session/del/'])
async def test_del_session_of_one_value_leaves_others(app: Quart, path: str) -> None:
    """`pop` and `del` delete one value only."""
    client = app.test_client()
    await client.get('/')

    assert await get(client, path) == (200, DELETED)
    assert await session_contents(client) == {'age': 20, '_permanent': True}


@pytest.mark.parametrize('path', ['/del_session/pop/', '/del_session/del/'])
async def test_del_session_of_missing_value_returns_404(app: Quart, path: str) -> None:
    """`pop` and `del` of a missing value return 404 and change nothing."""
    client = app.test_client()
    await client.get('/')
    await client.get(path)

    assert await get(client, path) == (404, NONE)
    assert await session_contents(client) == {'age': 20, '_permanent': True}


async def test_browser_session_cookie_has_no_expiry(app: Quart) -> None:
    """`/browser_session/` sends a cookie that expires when the browser closes."""
    client = app.test_client()
    await client.get('/')

    response = await client.get('/browser_session/')

    cookie = SimpleCookie(response.headers['Set-Cookie'])['session']
    assert (cookie['expires'], cookie['max-age']) == ('', '')
    assert await response.get_data(as_text=True) == SET
    assert await session_contents(client) == {'username': 'zhiliao', 'age': 20, '_permanent': False}


async def test_index_makes_browser_session_permanent_again(app: Quart) -> None:
    """`/` gives the cookie of a browser session an expiry time again."""
    client = app.test_client()
    await client.get('/browser_session/')

    response = await client.get('/')

    assert 'Expires=' in response.headers['Set-Cookie']


async def test_options_lists_methods(app: Quart) -> None:
    """OPTIONS lists the methods of a route."""
    response = await app.test_client().options('/get_session/')

    assert (response.status_code, response.allow.as_set()) == (200, {'get', 'head', 'options'})


async def test_missing_trailing_slash_redirects(app: Quart) -> None:
    """A path without its trailing slash redirects with 308."""
    response = await app.test_client().get('/get_session')

    assert response.status_code == 308
    assert response.headers['Location'].endswith('/get_session/')


async def test_unknown_path_returns_404(app: Quart) -> None:
    """A path without a route returns 404."""
    assert (await app.test_client().get('/nowhere/')).status_code == 404


async def test_other_method_returns_405(app: Quart) -> None:
    """POST to a route returns 405 with the allowed methods."""
    response = await app.test_client().post('/')

    assert (response.status_code, response.allow.as_set()) == (405, {'get', 'head', 'options'})


async def signed(config: dict[str, Any]) -> str:
    """Return the cookie value of the lesson's session in an app with these settings."""
    response = await create_app(config).test_client().get('/')
    return SimpleCookie(response.headers['Set-Cookie'])['session'].value


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


@pytest.mark.parametrize(
    'garbage',
    ['', '.', '..', '...', '=', '"', '\\', 'é', '\xff\xfe\x80', 'a.b.c', '.eJw', 'A' * 9999],
)
async def test_garbage_cookie_is_empty_session(app: Quart, garbage: str) -> None:
    """Any other text as a cookie gives an empty session."""
    assert await username_for(app, garbage) == NONE


async def test_fallback_key_accepts_and_renews_cookie() -> None:
    """A cookie of a fallback key is accepted and signed again with the new key."""
    old = await signed({'SECRET_KEY': 'old'})
    replaced = create_app({'SECRET_KEY': 'new', 'SECRET_KEY_FALLBACKS': ['older', 'old']})
    client = replaced.test_client()

    response = await client.get('/get_session/', headers={'Cookie': f'session={old}'})
    renewed = SimpleCookie(response.headers['Set-Cookie'])['session'].value

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
