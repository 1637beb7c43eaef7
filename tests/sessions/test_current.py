"""The functions for the current session, in apps without one of our sessions."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from quart import Quart, session

from quart_session_demo.sessions import (
    CookieSessionInterface,
    do_not_extend_session,
    list_sessions,
    regenerate_session,
    reload_session,
    revoke_session,
    revoke_sessions,
    save_session,
    session_expires_at,
    session_user,
)
from tests.conftest import KEY, session_contents


async def _session_user() -> str | None:
    return session_user()


#: The functions that need sessions on a server.
SERVER_FUNCTIONS: dict[str, Callable[[], Awaitable[Any]]] = {
    'log in': lambda: regenerate_session(user='ann'),
    'log in with a wrong user': lambda: regenerate_session(user=''),
    'user': _session_user,
    'list': lambda: list_sessions('ann'),
    'revoke': lambda: revoke_session('0123456789abcdef', user='ann'),
    'revoke all': lambda: revoke_sessions('ann', keep_current=True),
    'reload': reload_session,
    'save': save_session,
}


def assert_names_reason(message: str, interface: str) -> None:
    """Assert that the error of cookie sessions names the interface, the reason and the setting."""
    assert message.startswith(f'{interface} stores no sessions on a server')
    assert (
        'a cookie that was copied stays valid: set SESSION_TYPE to redis or sqlalchemy' in message
    )


@pytest.mark.parametrize('function', [do_not_extend_session, session_expires_at])
async def test_stock_interface_is_an_error(function: Callable[[], Any]) -> None:
    """With Quart's own session interface each function raises an error that names it."""
    app = Quart('own')
    app.secret_key = KEY

    async with app.test_request_context('/'):
        with pytest.raises(AttributeError, match='SecureCookieSessionInterface'):
            function()


@pytest.mark.parametrize('function', [do_not_extend_session, session_expires_at])
async def test_app_without_key_has_no_session(function: Callable[[], Any]) -> None:
    """Without a secret key nothing is extended, and nothing expires."""
    app = Quart('own')
    app.session_interface = CookieSessionInterface()

    async with app.test_request_context('/'):
        assert function() is None


@pytest.mark.parametrize('call', SERVER_FUNCTIONS.values(), ids=SERVER_FUNCTIONS)
async def test_cookie_sessions_have_no_users(
    cookie_app: Quart, call: Callable[[], Awaitable[Any]]
) -> None:
    """On cookie sessions each of these functions raises one error with the reason."""

    @cookie_app.get('/call')
    async def use() -> dict[str, str]:
        session['a'] = 1
        with pytest.raises(RuntimeError) as error:
            await call()
        return {'error': str(error.value)}

    client = cookie_app.test_client()

    shown = await (await client.get('/call')).get_json()

    assert_names_reason(shown['error'], 'CookieSessionInterface')
    assert await session_contents(client) == {'a': 1}


@pytest.mark.parametrize(
    'call', list(SERVER_FUNCTIONS.values())[2:], ids=list(SERVER_FUNCTIONS)[2:]
)
async def test_stock_sessions_have_no_users(call: Callable[[], Awaitable[Any]]) -> None:
    """Quart's own sessions are such cookies too, with and without a request."""
    app = Quart('own')
    app.secret_key = KEY

    async with app.app_context():
        with pytest.raises(RuntimeError) as error:
            await call()
    async with app.test_request_context('/'):
        with pytest.raises(RuntimeError) as again:
            await call()

    assert str(error.value) == str(again.value)
    assert_names_reason(str(error.value), 'SecureCookieSessionInterface')


async def test_new_id_without_user_does_nothing_on_cookie_sessions(cookie_app: Quart) -> None:
    """On cookie sessions `regenerate_session()` without a user does nothing."""
    client = cookie_app.test_client()
    await client.get('/set/a')

    assert (await client.get('/login')).status_code == 200

    assert await session_contents(client) == {'a': 'a', 'user': 'zhiliao'}
