"""What a signed cookie cannot do, as docs/sessions.md describes it, here and with Quart's own."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart, session
from quart.sessions import SecureCookieSessionInterface

from quart_session_demo.sessions import CookieSessionInterface, regenerate_session
from tests.conftest import KEY, cookie_of, cookies_of, get_with_cookie, session_contents

#: The lifetime in these tests, in seconds.
LIFETIME = 3600
LOGGED_IN = {'user': 'zhiliao', '_permanent': True}


@pytest.fixture(params=[CookieSessionInterface, SecureCookieSessionInterface])
def make_login_app(request: pytest.FixtureRequest) -> Callable[..., Quart]:
    """Return a factory of apps with a login that lasts for `LIFETIME`, and a page for the user."""

    def make(**config: Any) -> Quart:
        app = Quart('own')
        app.config.from_mapping(
            {'SECRET_KEY': KEY, 'PERMANENT_SESSION_LIFETIME': LIFETIME, **config}
        )
        app.session_interface = request.param()

        @app.get('/login')
        async def login() -> str:
            session['user'] = 'zhiliao'
            session.permanent = True
            # Quart's own interface has no such method.
            if isinstance(app.session_interface, CookieSessionInterface):
                await regenerate_session()
            return ''

        @app.get('/logout')
        async def logout() -> str:
            session.clear()
            return ''

        @app.get('/get/<key>')
        async def get_key(key: str) -> str:
            return str(session.get(key))

        @app.get('/set/<key>')
        async def set_key(key: str) -> str:
            session[key] = True
            return ''

        @app.get('/unused')
        async def unused() -> str:
            return ''

        return app

    return make


async def user_of(app: Quart, cookie: str, key: str = 'user') -> str:
    """Return which user a cookie logs in, or the value of another key of its session."""
    response = await get_with_cookie(app, f'/get/{key}', cookie)
    return await response.get_data(as_text=True)


async def renewed(app: Quart, path: str, cookie: str) -> str:
    """Return the cookie that a client has after a request with this one."""
    response = await get_with_cookie(app, path, cookie)
    return cookie_of(response).value if cookies_of(response) else cookie


async def user_after_slow_request(app: Quart, write: bool) -> dict[str, Any]:
    """Return a client's session after a request that began before its logout, and ended later."""
    started, logged_out = asyncio.Event(), asyncio.Event()

    @app.get('/slow')
    async def slow() -> str:
        started.set()
        await logged_out.wait()
        if write:
            session['written'] = True
        return ''

    client = app.test_client()
    await client.get('/login')
    async with asyncio.TaskGroup() as requests:
        requests.create_task(client.get('/slow'))
        await started.wait()
        await client.get('/logout')
        assert await session_contents(client) == {}
        logged_out.set()
    return await session_contents(client)


@pytest.mark.parametrize('path', ['/unused', '/get/user'])
async def test_copied_permanent_cookie_renews_itself(
    make_login_app: Callable[..., Quart], path: str
) -> None:
    """A copy of a permanent cookie is renewed by each response, long after the logout."""
    app = make_login_app()
    client = app.test_client()
    with time_machine.travel('2026-11-26', tick=False) as clock:
        copy = first = cookie_of(await client.get('/login')).value
        await client.get('/logout')

        for _ in range(10):
            clock.shift(timedelta(seconds=LIFETIME - 1))
            copy = await renewed(app, path, copy)

        assert await user_of(app, copy) == 'zhiliao'
        assert await user_of(app, first) == 'None'


@pytest.mark.parametrize(
    ('settings', 'path', 'user'),
    [
        # Not permanent.
        ({}, '/set/user', 'True'),
        ({'SESSION_REFRESH_EACH_REQUEST': False}, '/login', 'zhiliao'),
    ],
)
async def test_copied_cookie_without_refresh_is_renewed_only_by_changes(
    make_login_app: Callable[..., Quart], settings: dict[str, Any], path: str, user: str
) -> None:
    """A copy of a cookie that responses do not refresh is renewed by one that changes it."""
    app = make_login_app(**settings)
    with time_machine.travel('2026-11-26', tick=False) as clock:
        copy = cookie_of(await app.test_client().get(path)).value
        clock.shift(timedelta(seconds=LIFETIME - 1))
        read = await renewed(app, '/get/user', copy)
        changed = await renewed(app, '/set/more', copy)
        clock.shift(timedelta(seconds=2))

        assert read == copy
        assert await user_of(app, copy) == 'None'
        assert await user_of(app, changed) == user


async def test_slow_request_restores_a_logged_out_session(
    make_login_app: Callable[..., Quart],
) -> None:
    """A request that does not use the session sends the cookie of before the logout."""
    assert await user_after_slow_request(make_login_app(), write=False) == LOGGED_IN


@pytest.mark.parametrize('write', [False, True], ids=['unused', 'changed'])
async def test_slow_request_without_refresh_restores_only_if_it_changes(
    make_login_app: Callable[..., Quart], write: bool
) -> None:
    """Without `SESSION_REFRESH_EACH_REQUEST` only a slow change restores the session."""
    app = make_login_app(SESSION_REFRESH_EACH_REQUEST=False)

    contents = await user_after_slow_request(app, write)

    assert contents == ({**LOGGED_IN, 'written': True} if write else {})


async def test_login_leaves_older_cookies_valid(make_login_app: Callable[..., Quart]) -> None:
    """A login, also a second one, ends no cookie of before it: ASVS 5.0, 7.2.4, is not met."""
    app = make_login_app()
    client = app.test_client()
    anonymous = cookie_of(await client.get('/set/cart')).value
    with time_machine.travel('2026-11-26', tick=False) as clock:
        first = cookie_of(await client.get('/login')).value
        clock.shift(timedelta(seconds=1))
        second = cookie_of(await client.get('/login')).value

        assert first != second
        assert [await user_of(app, cookie) for cookie in (first, second)] == ['zhiliao'] * 2
    assert await user_of(app, anonymous) == 'None'
    assert await user_of(app, anonymous, 'cart') == 'True'


async def test_cookie_holds_no_time_but_that_of_its_signature(
    make_login_app: Callable[..., Quart],
) -> None:
    """A cookie renewed after a day equals that of a new login: it cannot show its age."""
    app = make_login_app(PERMANENT_SESSION_LIFETIME=timedelta(days=2))
    with time_machine.travel('2026-11-26', tick=False) as clock:
        first = cookie_of(await app.test_client().get('/login')).value
        clock.shift(timedelta(days=1))
        old = await renewed(app, '/unused', first)
        new = cookie_of(await app.test_client().get('/login')).value

    assert first != old == new
