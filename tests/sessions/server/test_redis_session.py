"""What sessions on Redis promise while all is well."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest
from quart import Quart, session
from quart.typing import TestClientProtocol as Client
from redis.asyncio.connection import AbstractConnection

from quart_session_demo import create_app
from quart_session_demo.sessions import regenerate_session
from quart_session_demo.sessions.redis import RedisSessionInterface
from quart_session_demo.sessions.server import lifetime
from quart_session_demo.sessions.server.store import is_session_id, new_session_id
from tests.conftest import KEY
from tests.redis_server import RedisServer

MakeApp = Callable[..., Quart]


@pytest.fixture
def make_app(redis_server: RedisServer) -> MakeApp:
    def make(**config: Any) -> Quart:
        app = create_app(
            {
                'SECRET_KEY': KEY,
                'SESSION_TYPE': 'redis',
                'SESSION_REDIS_URL': redis_server.url,
                **config,
            }
        )
        add_routes(app)
        return app

    return make


def add_routes(app: Quart) -> None:
    @app.get('/add/<item>')
    async def add(item: str) -> str:
        session.setdefault('cart', []).append(item)
        return ' '.join(session['cart'])

    @app.get('/same')
    async def same() -> str:
        session['username'] = session['username']
        return 'same'

    @app.get('/alone')
    async def alone() -> str:
        return 'alone'

    @app.get('/login')
    async def login() -> str:
        session['user'] = 'zhiliao'
        await regenerate_session()
        return 'in'

    @app.get('/clear_and_set')
    async def clear_and_set() -> str:
        session.clear()
        session['user'] = 'zhiliao'
        return 'cleared'


@pytest.fixture
async def app(make_app: MakeApp) -> AsyncIterator[Quart]:
    app = make_app()
    async with app.test_app():
        yield app


async def cookie(client: Client, path: str = '/') -> str:
    response = await client.get(path)
    return SimpleCookie(response.headers['Set-Cookie'])['session'].value


def key(session_id: str) -> str:
    return 'session:' + hashlib.sha256(session_id.encode()).hexdigest()


async def assert_dead(app: Quart, redis_server: RedisServer, session_id: str) -> None:
    replay = await app.test_client(use_cookies=False).get(
        '/get_session/', headers={'Cookie': f'session={session_id}'}
    )
    assert await replay.get_data(as_text=True) == '没有session数据'
    # It stays for as long as the call that ended it may be made again; -2 is for none.
    assert -2 <= redis_server.ask('PTTL', key(session_id)) <= 1000
    assert redis_server.ask('PTTL', key(session_id)) != -1


async def test_cookie_is_a_random_id_and_redis_holds_its_hash_only(
    app: Quart, redis_server: RedisServer
) -> None:
    ids = {await cookie(app.test_client()) for _ in range(20)}

    keys = b' '.join(redis_server.ask('KEYS', '*')).decode()
    assert len(ids) == 20
    for session_id in ids:
        assert is_session_id(session_id)
        assert session_id not in keys
        assert key(session_id) in keys


async def test_unknown_id_is_never_adopted(app: Quart, redis_server: RedisServer) -> None:
    chosen = new_session_id()
    client = app.test_client(use_cookies=False)

    response = await client.get('/', headers={'Cookie': f'session={chosen}'})

    assert chosen not in response.headers['Set-Cookie']
    assert not redis_server.ask('EXISTS', key(chosen))


@pytest.mark.parametrize(
    'value',
    ['', 'x', 'A' * 42, 'A' * 42 + 'B', 'A' * 44, 'A' * 42 + '=', 'é' * 43, 'A' * 42 + '\n'],
)
def test_malformed_id_is_told_by_its_form(value: str) -> None:
    assert not is_session_id(value)


async def test_request_without_a_session_makes_no_round_trip(make_app: MakeApp) -> None:
    # Nothing listens there, so that any round trip would be an error.
    app = make_app(SESSION_REDIS_URL='redis://127.0.0.1:1')
    client = app.test_client(use_cookies=False)

    for headers in ({}, {'Cookie': 'session=malformed'}):
        response = await client.get('/get_session/', headers=headers)

        assert await response.get_data(as_text=True) == '没有session数据'


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return what redis-py sends from now on, a round trip each."""
    sent = []
    send = AbstractConnection.send_packed_command

    async def noted(self: AbstractConnection, command: list[bytes], **options: Any) -> None:
        sent.append(b''.join(command))
        await send(self, command, **options)

    monkeypatch.setattr(AbstractConnection, 'send_packed_command', noted)
    return sent


@pytest.mark.parametrize(
    ('path', 'commands'),
    [
        ('/alone', ['HGETALL']),
        ('/get_session/', ['HGETALL']),
        ('/same', ['HGETALL']),
        ('/add/apple', ['HGETALL', 'EVALSHA']),
        ('/del_session/pop/', ['HGETALL', 'EVALSHA']),
        ('/del_session/', ['HGETALL', 'EVALSHA']),
        # A new id is a new key: one more.
        ('/login', ['HGETALL', 'EVALSHA', 'EVALSHA']),
        ('/clear_and_set', ['HGETALL', 'EVALSHA', 'EVALSHA']),
    ],
)
async def test_reading_is_one_round_trip_and_saving_a_change_one(
    app: Quart, sent: list[bytes], path: str, commands: list[str]
) -> None:
    client = app.test_client()
    await client.get('/')
    # Redis knows the scripts from here on.
    await client.get('/login')
    sent.clear()

    await client.get(path)

    assert [command.split(b'\r\n')[2].decode() for command in sent] == commands


async def test_only_what_changed_is_written(app: Quart, redis_server: RedisServer) -> None:
    client = app.test_client()
    session_id = await cookie(client)
    redis_server.ask('HSET', key(session_id), '"age"', '21')

    await client.get('/add/apple')
    await client.get('/del_session/pop/')

    async with client.session_transaction() as held:
        assert dict(held) == {'age': 21, '_permanent': True, 'cart': ['apple']}


async def test_changes_inside_values_are_saved(app: Quart) -> None:
    client = app.test_client()
    for item in ('apple', 'pear', 'plum'):
        response = await client.get(f'/add/{item}')

    assert await response.get_data(as_text=True) == 'apple pear plum'


async def test_large_session_is_saved_and_emptied(app: Quart) -> None:
    client = app.test_client()
    many = {f'key {number}': 'x' * 100 for number in range(10_000)}
    async with client.session_transaction() as held:
        held.update(many)
    async with client.session_transaction() as held:
        assert dict(held) == many
        for name in many:
            del held[name]

    async with client.session_transaction() as held:
        assert not held


async def test_cleared_session_is_dead_and_its_cookie_deleted(
    app: Quart, redis_server: RedisServer
) -> None:
    client = app.test_client()
    session_id = await cookie(client)

    response = await client.get('/del_session/')

    assert 'Max-Age=0' in response.headers['Set-Cookie']
    await assert_dead(app, redis_server, session_id)


async def test_ended_session_vanishes_from_redis(app: Quart, redis_server: RedisServer) -> None:
    client = app.test_client()
    session_id = await cookie(client)
    await client.get('/del_session/')

    deadline = time.monotonic() + 30
    while redis_server.ask('EXISTS', key(session_id)):
        assert time.monotonic() < deadline


async def test_session_emptied_key_by_key_ends_in_a_minute_and_its_cookie_now(
    app: Quart, redis_server: RedisServer
) -> None:
    client = app.test_client()
    session_id = await cookie(client)
    async with client.session_transaction() as held:
        for name in list(held):
            del held[name]

    assert -1 < redis_server.ask('TTL', key(session_id)) <= 60
    assert not client.cookie_jar


@pytest.mark.parametrize('path', ['/login', '/clear_and_set'])
async def test_new_id_replaces_the_old_one(
    app: Quart, redis_server: RedisServer, path: str
) -> None:
    client = app.test_client()
    old = await cookie(client)

    new = await cookie(client, path)

    assert new != old
    await assert_dead(app, redis_server, old)
    async with client.session_transaction() as held:
        assert held['user'] == 'zhiliao'
        assert ('username' in held) == (path == '/login')


async def test_login_without_a_session_begins_one(app: Quart) -> None:
    client = app.test_client()

    await cookie(client, '/login')

    async with client.session_transaction() as held:
        assert dict(held) == {'user': 'zhiliao'}


async def test_login_keeps_what_another_request_saved_in_the_meantime(app: Quart) -> None:
    client = app.test_client()
    old = await cookie(client, '/')
    header = {'Cookie': f'session={old}'}

    @app.get('/slow_login')
    async def slow_login() -> str:
        session['user'] = 'zhiliao'
        session['age'] = 30
        other = app.test_client(use_cookies=False)
        await other.get('/add/apple', headers=header)
        await other.get('/del_session/pop/', headers=header)
        await regenerate_session()
        return 'in'

    await cookie(client, '/slow_login')

    async with client.session_transaction() as held:
        assert dict(held) == {'age': 30, '_permanent': True, 'cart': ['apple'], 'user': 'zhiliao'}


async def test_sessions_of_different_prefixes_do_not_meet(make_app: MakeApp) -> None:
    one, other = make_app(SESSION_KEY_PREFIX='one:'), make_app(SESSION_KEY_PREFIX='other:')
    async with one.test_app(), other.test_app():
        session_id = await cookie(one.test_client())
        response = await other.test_client(use_cookies=False).get(
            '/get_session/', headers={'Cookie': f'session={session_id}'}
        )

    assert await response.get_data(as_text=True) == '没有session数据'


class Clock:
    """Stands for the time that sessions know; Redis goes by its own."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> int:
        return round((time.time() + self.ahead) * 1000)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(lifetime, 'now', clock.now)
    return clock


@pytest.mark.parametrize('path', ['/', '/browser_session/'])
async def test_reading_extends_the_session_at_most_once_per_step(
    app: Quart, redis_server: RedisServer, clock: Clock, path: str
) -> None:
    client = app.test_client()
    session_id = await cookie(client, path)
    ten_days = 10 * 24 * 60 * 60

    def left() -> int:
        return int(redis_server.ask('TTL', key(session_id)))

    assert abs(left() - ten_days) < 60
    redis_server.ask('EXPIRE', key(session_id), 1000)
    clock.ahead = ten_days * 0.04
    too_early = await client.get('/get_session/')
    assert left() <= 1000
    assert 'Set-Cookie' not in too_early.headers
    clock.ahead = ten_days * 0.06
    due = await client.get('/get_session/')
    assert abs(left() - ten_days) < 60
    # A browser session's cookie has nothing to extend.
    assert ('Set-Cookie' in due.headers) == (path == '/')
    redis_server.ask('EXPIRE', key(session_id), 1000)
    await client.get('/get_session/')
    assert left() <= 1000


async def test_reading_does_not_extend_when_told_so(
    make_app: MakeApp, redis_server: RedisServer, clock: Clock
) -> None:
    app = make_app(SESSION_REFRESH_EACH_REQUEST=False)
    async with app.test_app():
        client = app.test_client()
        session_id = await cookie(client)
        redis_server.ask('EXPIRE', key(session_id), 1000)
        clock.ahead = 9 * 24 * 60 * 60

        await client.get('/get_session/')
        assert redis_server.ask('TTL', key(session_id)) <= 1000
        await client.get('/add/apple')
        assert redis_server.ask('TTL', key(session_id)) > 1000


async def test_change_inside_a_value_renews_the_cookie_too(make_app: MakeApp) -> None:
    app = make_app(SESSION_REFRESH_EACH_REQUEST=False)

    @app.get('/append')
    async def append() -> str:
        session['cart'].append('pear')
        return 'appended'

    async with app.test_app():
        client = app.test_client()
        session_id = await cookie(client, '/')
        await client.get('/add/apple')

        assert await cookie(client, '/append') == session_id


async def test_idle_session_is_over_when_the_lifetime_was_shortened(
    make_app: MakeApp, clock: Clock
) -> None:
    app, shortened = make_app(), make_app(PERMANENT_SESSION_LIFETIME=3600)
    async with app.test_app(), shortened.test_app():
        session_id = await cookie(app.test_client())
        client = shortened.test_client(use_cookies=False)
        for clock.ahead, expected in ((3590.0, 'zhiliao'), (3601.0 + 3590, '没有session数据')):
            response = await client.get(
                '/get_session/', headers={'Cookie': f'session={session_id}'}
            )
            assert await response.get_data(as_text=True) == expected


async def test_absolute_lifetime_ends_an_active_session(
    make_app: MakeApp, redis_server: RedisServer, clock: Clock
) -> None:
    app = make_app(SESSION_ABSOLUTE_LIFETIME=3600)
    async with app.test_app():
        client = app.test_client()
        session_id = await cookie(client)
        assert 3590 <= redis_server.ask('TTL', key(session_id)) <= 3600
        clock.ahead = 3000
        await client.get('/add/apple')
        assert 590 <= redis_server.ask('TTL', key(session_id)) <= 600
        clock.ahead = 3601

        response = await client.get('/get_session/')

        assert await response.get_data(as_text=True) == '没有session数据'


async def test_session_ends_after_its_lifetime(
    make_app: MakeApp, redis_server: RedisServer
) -> None:
    app = make_app(PERMANENT_SESSION_LIFETIME=1)
    async with app.test_app():
        client = app.test_client(use_cookies=False)
        session_id = await cookie(client)
        deadline = time.monotonic() + 30
        while redis_server.ask('EXISTS', key(session_id)):
            assert time.monotonic() < deadline

        response = await client.get('/get_session/', headers={'Cookie': f'session={session_id}'})

    assert await response.get_data(as_text=True) == '没有session数据'


async def test_one_app_serves_several_event_loops(redis_server: RedisServer) -> None:
    app = create_app(
        {'SECRET_KEY': KEY, 'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': redis_server.url}
    )

    async def visit() -> str:
        async with app.test_app():
            client = app.test_client()
            await client.get('/')
            response = await client.get('/get_session/')
            return str(await response.get_data(as_text=True))

    loops = [asyncio.to_thread(asyncio.run, visit()) for _ in range(3)]

    assert await asyncio.gather(*loops) == ['zhiliao'] * 3


async def test_interface_works_in_any_app(redis_server: RedisServer) -> None:
    app = Quart('any')
    app.config['SESSION_REDIS_URL'] = redis_server.url
    app.session_interface = RedisSessionInterface(app)  # type: ignore[assignment]
    add_routes(app)
    async with app.test_app():
        client = app.test_client()
        await client.get('/add/apple')
        response = await client.get('/add/pear')

    assert await response.get_data(as_text=True) == 'apple pear'


async def test_connections_open_with_the_server_and_close_with_it(
    make_app: MakeApp, redis_server: RedisServer
) -> None:
    def connections() -> int:
        return len(redis_server.ask('CLIENT', 'LIST', 'TYPE', 'normal').splitlines())

    before = connections()
    async with make_app().test_app():
        assert connections() == before + 1

    deadline = time.monotonic() + 30
    while connections() > before:
        assert time.monotonic() < deadline
