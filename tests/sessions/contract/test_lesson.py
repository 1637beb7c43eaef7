"""The lesson's routes, the same on every store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from quart import Quart
from werkzeug.http import parse_date

from tests.conftest import cookie_of, cookies_of, get_with_cookie, session_contents

SET = '设置session成功'
NO_SESSION = '没有session数据'
DELETED = '删除session成功...'
PERMANENT = {'username': 'zhiliao', 'age': 20, '_permanent': True}
BROWSER = {'username': 'zhiliao', 'age': 20, '_permanent': False}
NO_USERNAME = {'age': 20, '_permanent': True}

#: One user's way through the lesson: path, status, text, what the session contains then.
WALK: list[tuple[str, int, str, dict[str, Any]]] = [
    ('/get_session/', 200, NO_SESSION, {}),
    ('/del_session/', 200, DELETED, {}),
    ('/', 200, SET, PERMANENT),
    ('/get_session/', 200, 'zhiliao', PERMANENT),
    ('/del_session/pop/', 200, DELETED, NO_USERNAME),
    ('/get_session/', 200, NO_SESSION, NO_USERNAME),
    ('/del_session/pop/', 404, NO_SESSION, NO_USERNAME),
    ('/', 200, SET, PERMANENT),
    ('/del_session/del/', 200, DELETED, NO_USERNAME),
    ('/del_session/del/', 404, NO_SESSION, NO_USERNAME),
    ('/browser_session/', 200, SET, BROWSER),
    ('/get_session/', 200, 'zhiliao', BROWSER),
    ('/', 200, SET, PERMANENT),
    ('/del_session/', 200, DELETED, {}),
    ('/get_session/', 200, NO_SESSION, {}),
]


async def test_lesson_walk(app: Quart) -> None:
    """Each page of the lesson shows and stores the lesson's values."""
    client = app.test_client()
    for path, status, text, contents in WALK:
        response = await client.get(path)

        assert response.status_code == status
        assert response.content_type == 'text/html; charset=utf-8'
        assert await response.get_data(as_text=True) == text
        assert await session_contents(client) == contents


async def test_get_session_returns_text(app: Quart) -> None:
    """`/get_session/` returns text for a value that is not text."""
    client = app.test_client()
    async with client.session_transaction() as session:
        session['username'] = 42

    response = await client.get('/get_session/')

    assert (response.status_code, await response.get_data(as_text=True)) == (200, '42')


async def test_index_cookie_expires_after_ten_days(app: Quart) -> None:
    """The lesson's permanent cookie expires after ten days and has safe attributes."""
    cookie = cookie_of(await app.test_client().get('/'))

    expires = parse_date(cookie.attributes['expires'])
    assert expires is not None
    assert abs(expires - datetime.now(UTC) - timedelta(days=10)) < timedelta(minutes=1)
    del cookie.attributes['expires']
    assert cookie.attributes == {'httponly': '', 'samesite': 'Lax', 'path': '/'}


async def test_index_makes_browser_session_permanent(app: Quart) -> None:
    """`/` gives a browser session's cookie an expiry again."""
    client = app.test_client()
    await client.get('/browser_session/')

    assert cookie_of(await client.get('/')).attributes['expires']


@pytest.mark.parametrize(
    'garbage',
    ['', '.', '..', '...', '=', '"', '\\', 'é', '\xff\xfe\x80', 'a.b.c', '.eJw', 'A' * 9999],
)
async def test_garbage_cookie_is_empty_session(app: Quart, garbage: str) -> None:
    """A cookie that no app could have set is an empty session, and no error."""
    response = await get_with_cookie(app, '/get_session/', garbage)

    assert response.status_code == 200
    assert await response.get_data(as_text=True) == NO_SESSION


@pytest.mark.parametrize(
    ('method', 'path', 'status'),
    [
        ('OPTIONS', '/get_session/', 200),
        ('POST', '/', 405),
        ('GET', '/get_session', 308),
        ('GET', '/nowhere/', 404),
    ],
)
async def test_routing_needs_no_session(app: Quart, method: str, path: str, status: int) -> None:
    """Responses that Quart makes itself are the same with any session, and set no cookie."""
    client: Any = app.test_client()
    response = await client.open(path, method=method)

    assert response.status_code == status
    assert 'Set-Cookie' not in response.headers
    if status in (200, 405):
        assert response.allow.as_set() == {'get', 'head', 'options'}
    if status == 308:
        assert response.headers['Location'].endswith('/get_session/')


async def test_one_request_sets_one_cookie(app: Quart) -> None:
    """A page that sets the session sends one `Set-Cookie` header, with one cookie."""
    cookies = cookies_of(await app.test_client().get('/'))

    assert [cookie.name for cookie in cookies] == ['session']
