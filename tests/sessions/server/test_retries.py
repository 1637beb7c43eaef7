"""What is lost between the app and Redis, once, and is asked again without anybody noticing."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quart import Quart, session
from quart.typing import TestClientProtocol as Client

from quart_session_demo import create_app
from quart_session_demo.sessions import regenerate_session
from quart_session_demo.sessions.server.redis import connections
from quart_session_demo.sessions.server.redis.scripts import DELETE, WRITE
from tests.conftest import KEY
from tests.redis_proxy import RedisProxy
from tests.redis_server import RedisServer


@pytest.fixture
async def proxy(redis_server: RedisServer) -> AsyncIterator[RedisProxy]:
    async with RedisProxy(redis_server.port) as proxy:
        yield proxy


@pytest.fixture
async def app(proxy: RedisProxy) -> AsyncIterator[Quart]:
    app = serving(proxy.url)
    async with app.test_app():
        yield app


@pytest.fixture
async def client(app: Quart) -> Client:
    client = app.test_client()
    await client.get('/')
    # Redis knows the scripts from here on.
    await client.get('/login')
    return client


def serving(url: str) -> Quart:
    app = create_app(
        {
            'SECRET_KEY': KEY,
            'SESSION_TYPE': 'redis',
            'SESSION_REDIS_URL': url,
            # Nothing here waits for it, unless the machine is busy.
            'SESSION_REDIS_TIMEOUT': 10,
        }
    )

    @app.get('/login')
    async def login() -> str:
        session['user'] = 'zhiliao'
        await regenerate_session()
        return 'in'

    @app.get('/clear_and_set')
    async def clear_and_set() -> str:
        session.clear()
        session['user'] = 'someone else'
        return 'cleared'

    @app.get('/pop_all')
    async def pop_all() -> str:
        for name in list(session):
            session.pop(name)
        return 'popped'

    @app.get('/held')
    async def held() -> dict[str, object]:
        return dict(session)

    return app


def sha1(script: str) -> bytes:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest().encode()


LOGGED_IN = {'username': 'zhiliao', 'age': 20, '_permanent': True, 'user': 'zhiliao'}


@pytest.mark.parametrize(
    ('script', 'path', 'expected'),
    [
        (DELETE, '/login', LOGGED_IN),
        (DELETE, '/clear_and_set', {'user': 'someone else'}),
        (DELETE, '/del_session/', {}),
        (WRITE, '/', LOGGED_IN),
        (WRITE, '/pop_all', {}),
    ],
)
async def test_lost_reply_is_asked_for_again(
    app: Quart,
    client: Client,
    proxy: RedisProxy,
    script: str,
    path: str,
    expected: dict[str, object],
) -> None:
    [before] = list(client.cookie_jar or ())
    if script == WRITE:
        async with client.session_transaction() as changed:
            changed['username'] = 'changed'
    proxy.lose_reply_to = sha1(script)

    response = await client.get(path)

    assert proxy.lose_reply_to is None
    assert response.status_code == 200
    assert 'Set-Cookie' in response.headers
    assert await (await client.get('/held')).get_json() == expected
    if script == DELETE:
        replay = await app.test_client(use_cookies=False).get(
            '/held', headers={'Cookie': f'session={before.value}'}
        )
        assert await replay.get_json() == {}


@pytest.mark.parametrize('path', ['/held', '/', '/login', '/del_session/'])
async def test_connection_that_breaks_once_is_not_noticed(
    client: Client, proxy: RedisProxy, path: str
) -> None:
    proxy.reset_next = True

    response = await client.get(path)

    assert not proxy.reset_next
    assert response.status_code == 200


async def test_wait_for_a_connection_is_bounded(
    proxy: RedisProxy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(
        {
            'SECRET_KEY': KEY,
            'SESSION_TYPE': 'redis',
            'SESSION_REDIS_URL': proxy.url,
            'SESSION_REDIS_MAX_CONNECTIONS': 1,
            'SESSION_REDIS_TIMEOUT': 10,
        }
    )
    monkeypatch.setattr(connections, 'POOL_WAIT_FACTOR', 0.05)
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        proxy.delay = 0.1

        # One after another, which takes Redis two seconds.
        responses = await asyncio.gather(*(client.get('/get_session/') for _ in range(20)))

    assert {response.status_code for response in responses} == {200, 503}
    assert 'Session not read: No connection to Redis was free within 0.5 s' in caplog.text


async def test_failover_is_followed_at_the_first_write(redis_program: None, tmp_path: Path) -> None:
    (tmp_path / 'one').mkdir()
    (tmp_path / 'other').mkdir()
    with RedisServer(tmp_path / 'one') as one, RedisServer(tmp_path / 'other') as other:
        async with RedisProxy(one.port) as address:
            app = serving(address.url)
            async with app.test_app():
                client = app.test_client()
                await client.get('/')
                for name in one.ask('KEYS', '*'):
                    other.ask('RESTORE', name, 0, one.ask('DUMP', name))
                # It leaves its clients' connections open.
                one.ask('REPLICAOF', '127.0.0.1', '1')
                address.port = other.port

                assert (await client.get('/login')).status_code == 200
                assert await (await client.get('/held')).get_json() == LOGGED_IN
