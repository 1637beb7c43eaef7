"""Calls in an unusual order, canceled or failing in the middle: no login is lost or misplaced."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart, session

from quart_session_demo.sessions import (
    StoreError,
    list_sessions,
    regenerate_session,
    reload_session,
    revoke_sessions,
    save_session,
    session_user,
)
from quart_session_demo.sessions.current import server_interface
from quart_session_demo.sessions.server.unavailable import UnavailableSession
from quart_session_demo.sessions.tracking import current_session
from tests.conftest import cookie_of, cookies_of, get_with_cookie
from tests.sessions.conftest import in_memory
from tests.sessions.server.devices import Device, log_in, records, user_of
from tests.sessions.server.stored import store_of

pytestmark = in_memory


async def test_canceled_login_binds_nothing(
    users_app: Quart, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that is canceled while the store works leaves the old id without a user."""

    @users_app.get('/canceled')
    async def canceled() -> str:
        async def hang(*_: Any, **__: Any) -> str:
            await asyncio.Event().wait()
            return ''

        monkeypatch.setattr(server_interface().store, 'create', hang)
        try:
            async with asyncio.timeout(0.01):
                await regenerate_session(user=user)
        except TimeoutError:
            monkeypatch.undo()
        return 'done'

    cookie = cookie_of(await users_app.test_client().get('/')).value
    response = await get_with_cookie(users_app, '/canceled', cookie)

    assert response.status_code == 500
    assert cookies_of(response) == []
    assert await user_of(users_app, cookie) is None
    assert await records(users_app, user) == []


async def test_login_after_an_emptied_session_gets_its_cookie(users_app: Quart, user: str) -> None:
    """A session that was emptied and saved in the same request can log in."""

    @users_app.get('/empty-and-log-in')
    async def empty_and_log_in() -> str:
        for key in list(session):
            session.pop(key)
        await save_session()
        await regenerate_session(user=user)
        return 'done'

    cookie = cookie_of(await users_app.test_client().get('/')).value
    response = await get_with_cookie(users_app, '/empty-and-log-in', cookie)

    assert await user_of(users_app, cookie_of(response).value) == user


async def test_login_gets_its_cookie_though_the_store_fails_later(
    users_app: Quart, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new id reaches the client, even if the session cannot be extended at the end."""
    users_app.config['PERMANENT_SESSION_LIFETIME'] = timedelta(seconds=2)

    @users_app.get('/slow-log-in')
    async def slow_log_in() -> str:
        await regenerate_session(user=user)
        await asyncio.sleep(0.05)

        async def fail(*_: Any, **__: Any) -> None:
            raise StoreError('down')

        monkeypatch.setattr(server_interface().store, 'write', fail)
        return 'done'

    cookie = cookie_of(await users_app.test_client().get('/')).value
    response = await get_with_cookie(users_app, '/slow-log-in', cookie)
    monkeypatch.undo()

    assert await user_of(users_app, cookie_of(response).value) == user


async def test_unread_session_is_not_revoked_instead_of_being_kept(
    users_app: Quart, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the current session could not be read, `keep_current` returns 503 and revokes nothing."""

    @users_app.get('/revoke-others')
    async def revoke_others() -> str:
        assert isinstance(current_session(), UnavailableSession)
        monkeypatch.undo()
        await revoke_sessions(user, keep_current=True)
        return 'done'

    device = await log_in(users_app, user)

    async def fail(*_: Any) -> None:
        raise StoreError('down')

    monkeypatch.setattr(store_of(users_app), 'read', fail)
    response = await get_with_cookie(users_app, '/revoke-others', device.cookie)

    assert response.status_code == 503
    assert await user_of(users_app, device.cookie) == user


async def test_list_is_not_cached_for_others(users_app: Quart, user: str) -> None:
    """A response with a list depends on the cookie, which names the current session."""

    @users_app.get('/list')
    async def show_list() -> list[bool]:
        return [record.current for record in await list_sessions(user)]

    device = await log_in(users_app, user)
    response = await get_with_cookie(users_app, '/list', device.cookie)

    assert await response.get_json() == [True]
    assert response.headers['Vary'] == 'Cookie'


async def test_login_in_a_session_that_is_gone_is_an_error(users_app: Quart, user: str) -> None:
    """After `reload_session` found that the session was deleted, a login raises."""

    @users_app.get('/log-in-again')
    async def log_in_again() -> str:
        await revoke_in_another_request()
        await reload_session()
        assert session_user() is None
        await regenerate_session(user=user)
        return 'done'

    async def revoke_in_another_request() -> None:
        await Device(users_app).post('/revoke-all', user=user)

    device = await log_in(users_app, user)
    response = await get_with_cookie(users_app, '/log-in-again', device.cookie)

    assert response.status_code == 500
    assert await records(users_app, user) == []


async def test_reload_does_not_list_an_unsaved_lifetime(users_app: Quart, user: str) -> None:
    """A longer lifetime that is set before a reload is stored after it."""

    @users_app.get('/lifetime')
    async def set_lifetime() -> str:
        session.lifetime = timedelta(days=90)  # type: ignore[attr-defined]
        await reload_session()
        return 'done'

    device = await log_in(users_app, user)
    await get_with_cookie(users_app, '/lifetime', device.cookie)

    [entry] = store_of(users_app)._entries.values()
    assert entry.expires - entry.created > timedelta(days=89) // timedelta(milliseconds=1)
