"""Lifetime: how long a cookie and its session are good."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart
from werkzeug.http import parse_date

from tests.apps.sessions_app import make_sessions_app
from tests.conftest import cookie_of, get_with_cookie

NO_SESSION = '没有session数据'


async def test_cookie_expires_with_lifetime(store: dict[str, Any]) -> None:
    """A permanent session's cookie expires after `PERMANENT_SESSION_LIFETIME`."""
    app = make_sessions_app(**store, PERMANENT_SESSION_LIFETIME=7200)
    async with app.test_app():
        response = await app.test_client().get('/')

    expires = parse_date(cookie_of(response).attributes['expires'])
    assert expires is not None
    assert abs(expires - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=1)


async def test_browser_session_cookie_has_no_expiry(app: Quart) -> None:
    """The cookie of a session that is not permanent has neither Expires nor Max-Age."""
    cookie = cookie_of(await app.test_client().get('/browser_session/'))

    assert not {'expires', 'max-age'} & cookie.attributes.keys()


@pytest.mark.parametrize('path', ['/', '/browser_session/'], ids=['permanent', 'browser session'])
@pytest.mark.parametrize(
    ('seconds', 'text'), [(3590, 'zhiliao'), (3610, NO_SESSION)], ids=['within', 'past']
)
async def test_session_expires_unless_used(
    store: dict[str, Any], path: str, seconds: int, text: str
) -> None:
    """A session is empty once its lifetime has passed without a use, whoever sends the cookie."""
    app = make_sessions_app(**store, PERMANENT_SESSION_LIFETIME=3600)
    async with app.test_app():
        value = cookie_of(await app.test_client().get(path)).value
        with time_machine.travel(timedelta(seconds=seconds)):
            response = await get_with_cookie(app, '/get_session/', value)

    assert await response.get_data(as_text=True) == text


async def test_read_extends_permanent_session(store: dict[str, Any]) -> None:
    """A permanent session that is only read lives on: its cookie is sent with a later expiry."""
    app = make_sessions_app(**store, PERMANENT_SESSION_LIFETIME=3600)
    async with app.test_app():
        value = cookie_of(await app.test_client().get('/')).value
        with time_machine.travel(timedelta(seconds=3000)):
            refreshed = cookie_of(await get_with_cookie(app, '/get_session/', value))
        with time_machine.travel(timedelta(seconds=6000)):
            response = await get_with_cookie(app, '/get_session/', refreshed.value)

    expires = parse_date(refreshed.attributes['expires'])
    assert expires is not None
    assert abs(expires - datetime.now(UTC) - timedelta(seconds=6600)) < timedelta(minutes=1)
    assert await response.get_data(as_text=True) == 'zhiliao'


async def test_read_does_not_extend_if_disabled(store: dict[str, Any]) -> None:
    """Without `SESSION_REFRESH_EACH_REQUEST` a session that is only read gets no new cookie."""
    app = make_sessions_app(**store, SESSION_REFRESH_EACH_REQUEST=False)
    async with app.test_app():
        value = cookie_of(await app.test_client().get('/')).value
        soon = await get_with_cookie(app, '/get_session/', value)
        with time_machine.travel(timedelta(days=9)):
            late = await get_with_cookie(app, '/get_session/', value)
            unused = await get_with_cookie(app, '/unused', value)

    assert await late.get_data(as_text=True) == 'zhiliao'
    for response in (soon, late, unused):
        assert 'Set-Cookie' not in response.headers
    assert 'Vary' not in unused.headers


async def test_extension_of_unused_session_varies(app: Quart) -> None:
    """A response that extends a session which the view did not use sends `Vary: Cookie`."""
    value = cookie_of(await app.test_client().get('/')).value

    with time_machine.travel(timedelta(days=1)):
        response = await get_with_cookie(app, '/unused', value)

    assert 'Set-Cookie' in response.headers
    assert response.headers.getlist('Vary') == ['Cookie']
