"""`SESSION_PERMANENT`: each session with content is permanent, without code in the app."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart, session

from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie, session_contents


def make_app(**config: Any) -> Quart:
    app = make_sessions_app(**config)

    @app.get('/permanent')
    async def permanent() -> dict[str, bool]:
        return {'permanent': session.permanent, 'content': bool(session)}

    @app.get('/not_permanent')
    async def not_permanent() -> str:
        session.permanent = False
        return 'set'

    return app


@pytest.fixture
async def app(store: dict[str, Any]) -> AsyncIterator[Quart]:
    app = make_app(**store, SESSION_PERMANENT=True)
    async with app.test_app():
        yield app


async def test_session_is_permanent_by_setting(app: Quart) -> None:
    """A session with content is permanent, has Expires and is extended; it stores nothing more."""
    cookie = cookie_of(await app.test_client().get('/set/user'))

    assert 'expires' in cookie.attributes
    assert await contents_of(app, cookie.value) == {'user': 'user'}
    with time_machine.travel(timedelta(days=9)):
        extended = cookie_of(await get_with_cookie(app, '/unused', cookie.value))
    with time_machine.travel(timedelta(days=18)):
        assert await contents_of(app, extended.value) == {'user': 'user'}


async def test_existing_session_becomes_permanent(store: dict[str, Any]) -> None:
    """The setting applies to sessions that exist when it is set."""
    app = make_app(**store)
    async with app.test_app():
        cookie = cookie_of(await app.test_client().get('/set/user'))
        assert 'expires' not in cookie.attributes
        app.config['SESSION_PERMANENT'] = True
        with time_machine.travel(timedelta(days=1)):
            extended = cookie_of(await get_with_cookie(app, '/contents', cookie.value))

    assert 'expires' in extended.attributes


async def test_app_overrides_the_setting(app: Quart) -> None:
    """`session.permanent = False` wins over the setting, and is stored."""
    client = app.test_client()
    assert 'expires' in cookie_of(await client.get('/set/user')).attributes

    cookie = cookie_of(await client.get('/not_permanent'))

    assert 'expires' not in cookie.attributes
    assert await (await client.get('/permanent')).get_json() == {
        'permanent': False,
        'content': True,
    }
    assert await session_contents(client) == {'user': 'user', '_permanent': False}
    # The lesson sets it, as each Flask app may.
    assert 'expires' not in cookie_of(await client.get('/browser_session/')).attributes


async def test_empty_session_is_not_sent(app: Quart) -> None:
    """A session without content reads as permanent, is false and gets no cookie."""
    response = await app.test_client().get('/permanent')

    assert await response.get_json() == {'permanent': True, 'content': False}
    assert 'Set-Cookie' not in response.headers


async def test_test_client_session_is_permanent(app: Quart) -> None:
    """A session that a test changes with `session_transaction` is permanent too."""
    client = app.test_client()
    async with client.session_transaction() as changed:
        assert changed.permanent
        changed['user'] = 'zhiliao'

    assert client.cookie_jar is not None
    [cookie] = client.cookie_jar
    assert cookie.expires is not None
    assert await session_contents(client) == {'user': 'zhiliao'}


@pytest.mark.parametrize('setting', [True, False])
async def test_stored_flag_wins(store: dict[str, Any], setting: bool) -> None:
    """A flag that the app stored has the same effect with and without the setting."""
    app = make_app(**store, SESSION_PERMANENT=setting)
    async with app.test_app():
        for path, permanent in (('/', True), ('/browser_session/', False)):
            client = app.test_client()
            assert ('expires' in cookie_of(await client.get(path)).attributes) is permanent
            found = await (await client.get('/permanent')).get_json()
            assert found == {'permanent': permanent, 'content': True}
