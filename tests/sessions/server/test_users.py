"""The sessions of a user: bound at the login, and listed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart, session

from quart_session_demo.sessions import (
    list_sessions,
    regenerate_session,
    revoke_session,
    revoke_sessions,
    session_user,
)
from quart_session_demo.sessions.server.store import current_time, store_key
from tests.apps.users_app import make_users_app
from tests.conftest import contents_of, cookie_of, get_with_cookie, id_in, signed_id
from tests.sessions.conftest import in_memory
from tests.sessions.server.conftest import assert_no_traceback
from tests.sessions.server.devices import Device, log_in, records, user_of
from tests.sessions.server.stored import store_of
from tests.sessions.server.test_store_users import ODD_USERS


async def test_login_binds_the_session(users_app: Quart, user: str) -> None:
    """A login binds the session to the user, at once and for later requests, under a new id."""
    device = Device(users_app)
    await device.get('/set/cart')
    assert await device.get('/user') == {'user': None}
    anonymous = device.cookie

    assert await device.post('/log-in', user=user) == {'user': user}

    assert device.cookie != anonymous
    assert await device.get('/user') == {'user': user}
    assert await contents_of(users_app, device.cookie) == {'cart': 'cart'}
    assert await contents_of(users_app, anonymous) == {}
    assert await user_of(users_app, anonymous) is None


async def test_login_without_content_is_stored(users_app: Quart, user: str) -> None:
    """A session is stored although it holds nothing but its user."""
    device = await log_in(users_app, user)

    assert await device.get('/contents') == {}
    assert await device.get('/user') == {'user': user}


async def test_new_id_keeps_the_user(users_app: Quart, user: str) -> None:
    """Without a user, `regenerate_session` changes the id only; only the new one is listed."""
    device = await log_in(users_app, user)
    old = device.cookie

    assert await device.post('/new-id') == {'user': user}

    assert device.cookie != old
    assert await device.get('/user') == {'user': user}
    assert await user_of(users_app, old) is None
    [record] = await device.post('/records', user=user)
    assert record['current']


async def test_new_id_binds_nobody(users_app: Quart) -> None:
    """Without a user, an anonymous session stays one."""
    device = Device(users_app)
    await device.get('/set/cart')

    assert await device.post('/new-id') == {'user': None}
    assert await device.get('/user') == {'user': None}


async def test_other_user_takes_the_session_over(users_app: Quart, user: str) -> None:
    """A login of another user moves the session to that user's list."""
    device = await log_in(users_app, user)
    await device.get('/set/cart')
    other = f'{user} 2'

    assert await device.post('/log-in', user=other) == {'user': other}

    assert await device.get('/user') == {'user': other}
    assert await device.get('/contents') == {'cart': 'cart'}
    assert await records(users_app, user) == []
    assert len(await records(users_app, other)) == 1
    assert await device.post('/revoke-all', user=user) == {'revoked': 0}
    assert await device.get('/user') == {'user': other}


async def test_clear_removes_the_user(users_app: Quart, user: str) -> None:
    """`clear()` removes the user with the rest, at once; what follows is anonymous."""
    device, other = await log_in(users_app, user), await log_in(users_app, user)
    bound = device.cookie

    assert await device.post('/log-out') == {'user': None}

    assert cookie_of(device.response).value == ''
    assert await user_of(users_app, bound) is None
    assert len(await records(users_app, user)) == 1
    await other.get('/clear_and_set')
    assert await other.get('/user') == {'user': None}
    assert await other.get('/contents') == {'user': 'zhiliao'}
    assert await records(users_app, user) == []


async def test_users_of_any_name(users_app: Quart, user: str) -> None:
    """A user of any name is bound, listed and revoked, and is not mixed up with another."""
    names = [name + user for name in ODD_USERS]
    devices = [await log_in(users_app, name) for name in names]

    for name, device in zip(names, devices, strict=True):
        assert await device.get('/user') == {'user': name}
        assert [record['current'] for record in await device.post('/records', user=name)] == [True]
    for name, device in zip(names, devices, strict=True):
        assert await device.post('/revoke-all', user=name) == {'revoked': 1}
        assert await device.get('/user') == {'user': None}


@in_memory
@pytest.mark.parametrize('wrong', ['', b'ann', 7, True, ['ann'], {'user': 'ann'}])
@pytest.mark.parametrize(
    'call',
    [
        lambda wrong: regenerate_session(user=wrong),
        list_sessions,
        lambda wrong: revoke_session('0123456789abcdef', user=wrong),
        revoke_sessions,
    ],
    ids=['log in', 'list', 'revoke', 'revoke all'],
)
async def test_wrong_user_is_an_error(
    users_app: Quart, call: Callable[[Any], Any], wrong: Any
) -> None:
    """A user that is empty or not a string is an error that names the problem."""

    @users_app.get('/wrong')
    async def use_wrong() -> str:
        with pytest.raises(ValueError if wrong == '' else TypeError, match=r'^user is .*: use a'):
            await call(wrong)
        return 'refused'

    await users_app.test_client().get('/wrong')


@in_memory
async def test_wrong_user_logs_nobody_in(users_app: Quart, user: str) -> None:
    """After a login with a wrong user nothing of the request is stored."""
    device = await log_in(users_app, user)

    @users_app.get('/wrong')
    async def use_wrong() -> str:
        session['admin'] = True
        with pytest.raises(ValueError, match='empty'):
            await regenerate_session(user='')
        return 'refused'

    response = await get_with_cookie(users_app, '/wrong', device.cookie)

    assert response.status_code == 500
    assert await device.get('/contents') == {}
    assert await device.get('/user') == {'user': user}


async def test_view_cannot_overwrite_the_user(users_app: Quart, user: str) -> None:
    """No key of the session is the user's name, and no change of the content changes it."""
    device = await log_in(users_app, user)
    keys = ['user', ':user', '":user"', '_user', 'user_id', ':last-used', ':user-agent', '']

    @users_app.get('/overwrite')
    async def overwrite() -> dict[str, str | None]:
        session.update(dict.fromkeys(keys, 'eve'))
        return {'user': session_user()}

    @users_app.get('/remove')
    async def remove() -> dict[str, str | None]:
        for key in list(session):
            del session[key]
        return {'user': session_user()}

    assert await device.get('/overwrite') == {'user': user}
    assert await device.get('/user') == {'user': user}
    assert await device.get('/contents') == dict.fromkeys(keys, 'eve')
    assert await records(users_app, 'eve') == []
    assert await device.get('/remove') == {'user': user}
    assert await device.get('/user') == {'user': user}
    assert len(await records(users_app, user)) == 1


async def test_records_show_sessions(users_app: Quart, user: str) -> None:
    """Each session of a user has a record with its times; the last used is the first."""
    began = current_time() // 1000
    assert await records(users_app, user) == []
    devices = []
    for seconds in (0, 100, 200):
        with time_machine.travel(began + seconds, tick=False):
            devices.append(await log_in(users_app, user))
    with time_machine.travel(began + 300, tick=False):
        await devices[0].get('/user')
        found = await devices[1].post('/records', user=user)

    # The use by the request that lists them is stored after it.
    lifetime = users_app.permanent_session_lifetime.total_seconds()
    assert [record['last_used'] - began for record in found] == [300, 200, 100]
    assert [record['expires'] - began - lifetime for record in found] == [300, 200, 100]
    assert [record['created'] - began for record in found] == [0, 200, 100]
    assert [record['current'] for record in found] == [False, False, True]
    assert len({record['id'] for record in found}) == 3
    assert [(record['user_agent'], record['client']) for record in found] == [(None, None)] * 3


async def test_last_used_is_first_within_a_second(users_app: Quart, user: str) -> None:
    """Of sessions that were used in the same second, the last used is the first too."""
    began = current_time() // 1000
    devices = []
    for milliseconds in (200, 800, 500):
        with time_machine.travel(began + milliseconds / 1000, tick=False):
            devices.append(await log_in(users_app, user))

    found = [await device.post('/records', user=user) for device in devices]

    positions = [[record['current'] for record in shown].index(True) for shown in found]
    assert positions == [2, 0, 1]


async def test_expired_session_is_not_listed(users_app: Quart, user: str) -> None:
    """A session that has expired is not listed, also if the lifetime was shortened since."""
    await log_in(users_app, user)
    assert len(await records(users_app, user)) == 1
    users_app.config['PERMANENT_SESSION_LIFETIME'] = timedelta(hours=1)
    with time_machine.travel(timedelta(minutes=59)):
        assert len(await records(users_app, user)) == 1
    with time_machine.travel(timedelta(minutes=61)):
        assert await records(users_app, user) == []


async def test_id_is_no_cookie(users_app: Quart, user: str) -> None:
    """A public id, or what it is made from, gives nobody a session."""
    device = await log_in(users_app, user)
    [record] = await records(users_app, user)
    session_id = id_in(device.cookie)
    key = store_key(session_id)

    assert record['id'] not in device.cookie
    for value in (record['id'], key):
        for cookie in (value, signed_id(value)):
            assert await user_of(users_app, cookie) is None
    assert await device.get('/user') == {'user': user}


@in_memory
@pytest.mark.parametrize(
    'damage',
    [
        {b':user': b'7'},
        {b':user': b'""'},
        {b':user': b'ann'},
        {b':last-used': b'secret'},
        {b':user-agent': b'{'},
        {b':lifetime': b'secret'},
        {b'"_permanent"': b'{'},
    ],
)
async def test_damaged_user_is_one_line(
    users_app: Quart, user: str, caplog: pytest.LogCaptureFixture, damage: dict[bytes, bytes]
) -> None:
    """A session whose user cannot be read returns 503 with one log line, until it is revoked."""
    device = await log_in(users_app, user)
    key = store_key(id_in(device.cookie))
    now = current_time()
    await store_of(users_app).write(key, damage, (), lifetime=0, refreshed=now)

    client = users_app.test_client()
    for path, cookie in (('/records', ''), ('/new-id', device.cookie)):
        caplog.clear()
        headers = {'Cookie': f'session={cookie}'}
        response = await client.post(path, json={'user': user}, headers=headers)
        assert response.status_code == 503
        assert len(caplog.messages) == 1
        assert_no_traceback(caplog)
        assert 'secret' not in caplog.text

    assert await Device(users_app).post('/revoke-all', user=user) == {'revoked': 1}
    assert await records(users_app, user) == []


async def test_failing_store_is_503(
    unreachable_store: dict[str, Any], user: str, caplog: pytest.LogCaptureFixture
) -> None:
    """If the store fails, each function returns 503 with one log line, without the user's name."""
    app = make_users_app(**unreachable_store)
    client = app.test_client()
    for path in ('/records', '/revoke', '/revoke-all'):
        caplog.clear()
        response = await client.post(path, json={'user': user, 'id': 'x'})
        assert response.status_code == 503
        assert int(response.headers['Retry-After']) > 0
        assert len(caplog.messages) == 1
        assert user not in caplog.text
    async with app.app_context():
        for call in (list_sessions(user), revoke_sessions(user), revoke_session('x', user=user)):
            with pytest.raises(Exception, match='503'):
                await call
