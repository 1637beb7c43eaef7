"""An interface whose `should_set_cookie` returns False stores nothing without a cookie."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import Quart, session

from quart_session_demo.sessions import (
    ServerSessionInterface,
    regenerate_session,
    session_expires_at,
)
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie
from tests.sessions.server.stored import Remaining, store_of


class SilentInterface(ServerSessionInterface):
    """Sets no cookie where the app's setting `SILENT` is true."""

    def should_set_cookie(self, app: Quart, session: Any) -> bool:
        return not app.config['SILENT'] and super().should_set_cookie(app, session)


@pytest.fixture
async def app(readable_store: dict[str, Any]) -> AsyncIterator[Quart]:
    app = make_sessions_app(**readable_store, SILENT=False)
    app.session_interface = SilentInterface(app, store_of(app))  # type: ignore[assignment]

    @app.get('/expiry')
    async def expiry() -> str:
        session['user'] = 'zhiliao'
        return str(session_expires_at())

    @app.get('/caught_login')
    async def caught_login() -> str:
        session['user'] = 'zhiliao'
        with pytest.raises(RuntimeError, match='should_set_cookie returns False'):
            await regenerate_session()
        return 'logged in'

    async with app.test_app():
        yield app


async def test_new_session_is_not_stored(app: Quart, remaining: Remaining) -> None:
    """A new session is not stored, because the client would not get its id, and has no expiry."""
    app.config['SILENT'] = True

    for path in ('/', '/set/user', '/clear_and_set', '/expiry'):
        response = await app.test_client().get(path)
        assert response.status_code == 200
        assert 'Set-Cookie' not in response.headers

    assert await response.get_data(as_text=True) == 'None'
    assert remaining(app) == []


async def test_changes_of_a_stored_session_are_stored(app: Quart, remaining: Remaining) -> None:
    """A session whose id the client has is changed, without a cookie."""
    value = cookie_of(await app.test_client().get('/')).value
    app.config['SILENT'] = True

    response = await get_with_cookie(app, '/add/apple', value)

    assert 'Set-Cookie' not in response.headers
    assert (await contents_of(app, value))['cart'] == ['apple']
    assert len(remaining(app)) == 1


async def test_cleared_session_is_not_replaced(app: Quart, remaining: Remaining) -> None:
    """What is set after `clear()` is not stored, and the old session is deleted."""
    value = cookie_of(await app.test_client().get('/')).value
    app.config['SILENT'] = True

    response = await get_with_cookie(app, '/clear_and_set', value)

    assert cookie_of(response).attributes['max-age'] == '0'
    assert remaining(app) == []
    assert await contents_of(app, value) == {}


@pytest.mark.parametrize('path', ['/login', '/caught_login'])
async def test_login_changes_nothing(app: Quart, remaining: Remaining, path: str) -> None:
    """`regenerate_session` raises an error, and the login is stored under neither id."""
    value = cookie_of(await app.test_client().get('/')).value
    before = await contents_of(app, value)
    app.config['SILENT'] = True

    for cookie in (value, ''):
        response = await get_with_cookie(app, path, cookie)
        assert response.status_code == 500
        assert 'Set-Cookie' not in response.headers

    assert await contents_of(app, value) == before
    assert len(remaining(app)) == 1
