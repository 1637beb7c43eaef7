"""The sessions of a user are revoked, also while requests use them."""

from typing import Any

import pytest
from quart import Quart, session

from quart_session_demo.sessions import (
    list_sessions,
    regenerate_session,
    revoke_session,
    revoke_sessions,
    session_user,
)
from tests.conftest import contents_of, cookies_of
from tests.sessions.server.devices import Device, log_in, records, user_of


async def test_one_is_revoked(users_app: Quart, user: str) -> None:
    """A revoked session is anonymous in its next request; the user's others stay."""
    phone, laptop = await log_in(users_app, user), await log_in(users_app, user)
    [other] = [r for r in await laptop.post('/records', user=user) if not r['current']]

    assert await laptop.post('/revoke', id=other['id'], user=user) == {'revoked': True}

    assert await user_of(users_app, phone.cookie) is None
    assert await phone.get('/contents') == {}
    assert await laptop.get('/user') == {'user': user}
    assert [r['current'] for r in await laptop.post('/records', user=user)] == [True]
    assert await laptop.post('/revoke', id=other['id'], user=user) == {'revoked': False}


async def test_only_the_users_own_are_revoked(users_app: Quart, user: str) -> None:
    """An id of another user, or one that is not whole, revokes nothing."""
    device = await log_in(users_app, user)
    stranger = await log_in(users_app, f'{user} 2')
    [record] = await records(users_app, user)
    whole = record['id']

    for wrong in (whole[:-1], whole[:1], '', f'{whole} ', f'{whole}0', whole.upper() + 'A', None):
        assert await device.post('/revoke', id=wrong, user=user) == {'revoked': False}
    assert await stranger.post('/revoke', id=whole, user=f'{user} 2') == {'revoked': False}
    assert await stranger.post('/revoke-all', user=f'{user} 2') == {'revoked': 1}

    assert await device.get('/user') == {'user': user}


@pytest.mark.parametrize('keep_current', [False, True])
async def test_all_are_revoked(users_app: Quart, user: str, keep_current: bool) -> None:
    """All sessions of a user are revoked, the current one too unless it is to stay."""
    devices = [await log_in(users_app, user) for _ in range(4)]
    await devices[0].get('/set/cart')

    revoked = await devices[0].post('/revoke-all', user=user, keep_current=keep_current)

    assert revoked == {'revoked': 3 if keep_current else 4}
    # The cookie of a session that is revoked is deleted by the same response.
    deleted = [cookie.value for cookie in cookies_of(devices[0].response)]
    assert deleted == ([] if keep_current else [''])
    users = [await user_of(users_app, device.cookie) for device in devices]
    assert users == [user if keep_current else None, None, None, None]
    assert len(await records(users_app, user)) == keep_current
    contents = await contents_of(users_app, devices[0].cookie)
    assert contents == ({'cart': 'cart'} if keep_current else {})


async def test_revoked_from_elsewhere(users_app: Quart, user: str) -> None:
    """All sessions are revoked by an anonymous client, another user, and outside a request."""
    devices = [await log_in(users_app, user) for _ in range(3)]
    stranger = await log_in(users_app, f'{user} 2')

    for keep_current in (True, False):
        revoked = await stranger.post('/revoke-all', user=user, keep_current=keep_current)
        assert revoked == {'revoked': 3 if keep_current else 0}
    assert await stranger.get('/user') == {'user': f'{user} 2'}
    async with users_app.app_context():
        assert len(await list_sessions(f'{user} 2')) == 1
        assert await revoke_sessions(f'{user} 2', keep_current=True) == 1
    assert [await user_of(users_app, device.cookie) for device in (*devices, stranger)] == [
        None
    ] * 4


@pytest.mark.parametrize('has_session', [False, True])
async def test_login_may_revoke_the_others(users_app: Quart, user: str, has_session: bool) -> None:
    """A login that logs out all others, before or after its new id, stays logged in."""
    old = await log_in(users_app, user)

    @users_app.get('/log-in-after')
    async def log_in_after() -> dict[str, int]:
        revoked = await revoke_sessions(user)
        await regenerate_session(user=user)
        return {'revoked': revoked}

    @users_app.get('/log-in-before')
    async def log_in_before() -> dict[str, int]:
        await regenerate_session(user=user)
        return {'revoked': await revoke_sessions(user, keep_current=True)}

    for path in ('/log-in-after', '/log-in-before'):
        device = Device(users_app)
        if has_session:
            await device.get('/set/cart')

        assert await device.get(path) == {'revoked': 1}

        assert await device.get('/user') == {'user': user}
        assert await user_of(users_app, old.cookie) is None
        assert [r['current'] for r in await device.post('/records', user=user)] == [True]
        old = device


@pytest.mark.parametrize('has_session', [False, True])
async def test_login_may_be_revoked_by_itself(
    users_app: Quart, user: str, has_session: bool
) -> None:
    """A session that its own login revokes is not stored; what follows is anonymous."""

    @users_app.get('/log-in-and-revoke')
    async def log_in_and_revoke() -> dict[str, Any]:
        session['secret'] = 'secret'
        await regenerate_session(user=user)
        await revoke_sessions(user)
        found = {'user': session_user(), 'content': dict(session)}
        session['later'] = 'later'
        return found

    device = Device(users_app)
    if has_session:
        await device.get('/set/cart')

    assert await device.get('/log-in-and-revoke') == {'user': None, 'content': {}}

    assert await records(users_app, user) == []
    assert await device.get('/user') == {'user': None}
    assert await device.get('/contents') == {'later': 'later'}


async def test_current_session_is_empty_once_revoked(users_app: Quart, user: str) -> None:
    """A request that revokes its own session has an empty one, and may begin another."""
    device = await log_in(users_app, user)
    await device.get('/set/cart')
    revoked = device.cookie

    @users_app.get('/revoke-current')
    async def revoke_current() -> dict[str, Any]:
        [record] = await list_sessions(user)
        assert record.current
        assert await revoke_session(record.id, user=user)
        found = {'user': session_user(), 'content': dict(session)}
        session['theme'] = 'dark'
        return found

    assert await device.get('/revoke-current') == {'user': None, 'content': {}}

    assert device.cookie != revoked
    assert await device.get('/contents') == {'theme': 'dark'}
    assert await contents_of(users_app, revoked) == {}
    assert await records(users_app, user) == []
