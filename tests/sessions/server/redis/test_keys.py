"""Keys in Redis: what they are called, what they hold, when they expire."""

import hashlib
from datetime import timedelta

import pytest
import time_machine
from quart import Quart, session, websocket
from quart.typing import TestClientProtocol as Client

from quart_session_demo.sessions.server.redis.store import RedisStore
from quart_session_demo.sessions.server.store import current_time, new_session_id
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import cookie_of, get_with_cookie, id_in, session_contents, signed_id
from tests.processes import wait_until
from tests.redis_server import RedisServer
from tests.sessions.server.redis.conftest import key_of, redis_key

NO_SESSION = '没有session数据'
#: The lesson's lifetime.
LIFETIME = timedelta(days=10)


def wait_until_gone(redis_server: RedisServer, key: str) -> None:
    """Wait until Redis deletes a key: it expires by Redis's own clock."""
    wait_until(lambda: not redis_server.ask('EXISTS', key))


async def test_key_is_the_hash_of_the_id(app: Quart, redis_server: RedisServer) -> None:
    """Redis holds the SHA-256 of each id, and no id: its content is no cookie for anybody."""
    cookies = [cookie_of(await app.test_client().get('/')).value for _ in range(20)]

    keys = b' '.join(redis_server.ask('KEYS', '*')).decode()
    for cookie in cookies:
        digest = hashlib.sha256(id_in(cookie).encode()).hexdigest()
        assert f'session:{digest}' in keys
        assert id_in(cookie) not in keys


async def test_unknown_id_creates_no_key(app: Quart, redis_server: RedisServer) -> None:
    """An id that a client chose never becomes a key."""
    chosen = signed_id(new_session_id())

    await get_with_cookie(app, '/', chosen)

    assert not redis_server.ask('EXISTS', redis_key(chosen))


async def test_only_changed_fields_are_written(client: Client, redis_server: RedisServer) -> None:
    """A field that another process changed in Redis stays, unless the request changes it, too."""
    redis_server.ask('HSET', key_of(client), '"age"', '21')

    await client.get('/add/apple')
    await client.get('/del_session/pop/')

    assert await session_contents(client) == {'age': 21, '_permanent': True, 'cart': ['apple']}


@pytest.mark.parametrize('path', ['/del_session/', '/login', '/clear_and_set'])
async def test_deleted_session_stays_for_a_second(
    client: Client, redis_server: RedisServer, path: str
) -> None:
    """A deleted session's key stays for at most a second, in which a lost call is repeated."""
    old = key_of(client)

    await client.get(path)

    # -2 means that there is no key, -1 that it never expires.
    remaining = redis_server.ask('PTTL', old)
    assert remaining == -2 or 0 <= remaining <= 1000


async def test_deleted_session_vanishes(redis_server: RedisServer) -> None:
    """Redis deletes a deleted session's key after two timeouts."""
    app = make_sessions_app(**redis_server.settings_with_timeout(0.1))
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        old = key_of(client)
        await client.get('/del_session/')

    wait_until_gone(redis_server, old)


async def test_emptied_session_vanishes_in_a_minute(
    client: Client, redis_server: RedisServer
) -> None:
    """A session without a key of its own stays for a minute, for slower requests."""
    key = key_of(client)

    await client.get('/pop_all')

    assert 0 <= redis_server.ask('TTL', key) <= 60


async def test_lost_websocket_session_leaves_no_key(app: Quart, redis_server: RedisServer) -> None:
    """A session that an accepted websocket starts, and that has no cookie, is not stored."""

    @app.websocket('/late')
    async def late() -> None:
        await websocket.accept()
        session['late'] = True
        await websocket.send('set')

    before = set(redis_server.ask('KEYS', '*'))

    async with app.test_client().websocket('/late') as connection:
        await connection.receive()

    assert set(redis_server.ask('KEYS', '*')) <= before


async def test_key_expires_after_the_lifetime(redis_server: RedisServer) -> None:
    """Redis deletes a session after its lifetime, whether or not a request asks for it."""
    app = make_sessions_app(**redis_server.settings, PERMANENT_SESSION_LIFETIME=0.5)
    async with app.test_app():
        session_id = cookie_of(await app.test_client().get('/')).value
        wait_until_gone(redis_server, redis_key(session_id))

        response = await get_with_cookie(app, '/get_session/', session_id)

    assert await response.get_data(as_text=True) == NO_SESSION


@pytest.mark.parametrize('path', ['/', '/browser_session/'], ids=['permanent', 'browser session'])
async def test_read_extends_key_once_per_step(
    app: Quart, redis_server: RedisServer, path: str
) -> None:
    """A read sets the key's lifetime anew when 5 % of it has passed, and not before."""
    client = app.test_client()
    await client.get(path)
    key = key_of(client)

    def is_whole() -> bool:
        remaining = redis_server.ask('TTL', key)
        assert remaining <= 1000 or abs(remaining - LIFETIME.total_seconds()) < 60
        return bool(remaining > 1000)

    assert is_whole()
    for passed, extends in ((0.04, False), (0.06, True), (0.06, False)):
        redis_server.ask('EXPIRE', key, 1000)
        with time_machine.travel(passed * LIFETIME):
            await client.get('/get_session/')
        assert is_whole() == extends


async def test_disabled_refresh_extends_key_at_changes_only(redis_server: RedisServer) -> None:
    """Without `SESSION_REFRESH_EACH_REQUEST` a key's lifetime is set anew by changes only."""
    app = make_sessions_app(**redis_server.settings, SESSION_REFRESH_EACH_REQUEST=False)
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        key = key_of(client)
        redis_server.ask('EXPIRE', key, 1000)
        with time_machine.travel(0.9 * LIFETIME):
            await client.get('/get_session/')
            assert redis_server.ask('TTL', key) <= 1000
            await client.get('/add/apple')
            assert redis_server.ask('TTL', key) > 1000


async def test_absolute_lifetime_bounds_the_key(redis_server: RedisServer) -> None:
    """A key never outlives `SESSION_ABSOLUTE_LIFETIME`, however often the session changes."""
    app = make_sessions_app(**redis_server.settings, SESSION_ABSOLUTE_LIFETIME=3600)
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        key = key_of(client)
        assert 3590 <= redis_server.ask('TTL', key) <= 3600
        # As Redis does until then.
        redis_server.ask('PEXPIRE', key, '600000')
        with time_machine.travel(timedelta(seconds=3000)):
            await client.get('/add/apple')
        assert 590 <= redis_server.ask('TTL', key) <= 600


@pytest.mark.parametrize('lifetime', [1, 0, -1])
async def test_no_key_outlives_a_short_lifetime(redis_server: RedisServer, lifetime: int) -> None:
    """A session whose lifetime is over while it is stored leaves no key without a lifetime."""
    store = RedisStore(redis_server.url, prefix='short:')
    for _ in range(20):
        await store.create({b'"a"': b'1'}, lifetime=lifetime, now=current_time())
    await store.close()

    wait_until(lambda: not redis_server.ask('KEYS', 'short:*'))


async def test_prefixes_separate_apps(redis_server: RedisServer) -> None:
    """Apps with different `SESSION_KEY_PREFIX` share a Redis, but no session."""
    one = make_sessions_app(**redis_server.settings, SESSION_KEY_PREFIX='one:')
    other = make_sessions_app(**redis_server.settings, SESSION_KEY_PREFIX='other:')
    async with one.test_app(), other.test_app():
        session_id = cookie_of(await one.test_client().get('/')).value
        response = await get_with_cookie(other, '/get_session/', session_id)

    assert await response.get_data(as_text=True) == NO_SESSION
