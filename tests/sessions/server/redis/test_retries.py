"""Retries: what is lost once between the app and Redis, and that no client notices."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from quart_session_demo.sessions.server import connection_queue
from quart_session_demo.sessions.server.redis.client import UrlClients
from quart_session_demo.sessions.server.redis.pools import SessionPool
from quart_session_demo.sessions.server.redis.scripts import DELETE, WRITE
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import get_with_cookie
from tests.redis_proxy import RedisProxy
from tests.redis_server import RedisServer
from tests.sessions.server.redis.conftest import key_of

# Nothing here waits for it, unless the machine is busy.
TIMEOUT = 10
LOGGED_IN = {'username': 'zhiliao', 'age': 20, '_permanent': True, 'user': 'zhiliao'}


@pytest.fixture
async def proxy(redis_server: RedisServer) -> AsyncIterator[RedisProxy]:
    async with RedisProxy(redis_server.port) as proxy:
        yield proxy


@pytest.fixture
async def app(proxy: RedisProxy) -> AsyncIterator[Quart]:
    app = make_app_at(proxy)
    async with app.test_app():
        yield app


@pytest.fixture
async def client(app: Quart) -> Client:
    """Return a client that is logged in."""
    client = app.test_client()
    await client.get('/')
    # Redis has both scripts from here on.
    await client.get('/login')
    return client


def make_app_at(proxy: RedisProxy, **config: int) -> Quart:
    return make_sessions_app(
        SESSION_TYPE='redis',
        SESSION_REDIS_URL=proxy.url,
        SESSION_REDIS_TIMEOUT=TIMEOUT,
        **config,
    )


def sha1(script: str) -> bytes:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest().encode()


@pytest.mark.parametrize(
    ('script', 'path', 'expected'),
    [
        (DELETE, '/login', LOGGED_IN),
        (DELETE, '/clear_and_set', {'user': 'zhiliao'}),
        (DELETE, '/del_session/', {}),
        (WRITE, '/', LOGGED_IN),
        (WRITE, '/pop_all', {}),
    ],
    ids=lambda value: value if str(value).startswith('/') else '',
)
async def test_lost_response_is_retried(
    app: Quart,
    client: Client,
    proxy: RedisProxy,
    script: str,
    path: str,
    expected: dict[str, object],
) -> None:
    """A save whose response is lost is repeated with the same outcome, never undone."""
    [before] = list(client.cookie_jar or ())
    if script == WRITE:
        async with client.session_transaction() as changed:
            changed['username'] = 'changed'
    proxy.lose_response_to = sha1(script)

    response = await client.get(path)

    assert proxy.lose_response_to is None
    assert response.status_code == 200
    assert 'Set-Cookie' in response.headers
    assert await (await client.get('/contents')).get_json() == expected
    if script == DELETE:
        replay = await get_with_cookie(app, '/contents', str(before.value))
        assert await replay.get_json() == {}


@pytest.mark.parametrize('path', ['/contents', '/', '/login', '/del_session/'])
async def test_broken_connection_is_retried(client: Client, proxy: RedisProxy, path: str) -> None:
    """A connection that breaks once is replaced, and the client gets its response."""
    proxy.reset_next = True

    response = await client.get(path)

    assert not proxy.reset_next
    assert response.status_code == 200


@pytest.mark.parametrize(('hangs', 'status'), [(3, 200), (100, 503)])
async def test_lost_commands_of_one_session_fail_no_other(
    proxy: RedisProxy, hangs: int, status: int
) -> None:
    """While Redis responds to others, a lost command is repeated more often, and fails alone."""
    app = make_sessions_app(
        SESSION_TYPE='redis', SESSION_REDIS_URL=proxy.url, SESSION_REDIS_TIMEOUT=0.2
    )
    async with app.test_app():
        one, other = app.test_client(), app.test_client()
        await one.get('/')
        await other.get('/')
        proxy.hang_on, proxy.hangs = key_of(one).encode(), hangs
        request = asyncio.create_task(one.get('/get_session/'))
        while not request.done():
            assert (await other.get('/get_session/')).status_code == 200

    assert (await request).status_code == status


async def test_wait_for_a_connection_is_bounded(
    proxy: RedisProxy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A request waits for a free connection in bounded time, and then returns 503 and is logged."""
    app = make_app_at(proxy, SESSION_REDIS_MAX_CONNECTIONS=1)
    # Half a second.
    monkeypatch.setattr(connection_queue, 'WAIT_FACTOR', 0.5 / TIMEOUT)
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        proxy.delay = 0.1

        # One after another, they would take two seconds.
        responses = await asyncio.gather(*(client.get('/get_session/') for _ in range(20)))

    assert {response.status_code for response in responses} == {200, 503}
    assert 'within 0.5 s' in caplog.text


async def test_failover_is_followed_at_the_first_write(redis_program: None, tmp_path: Path) -> None:
    """A primary that becomes read-only is left at the first write: no client notices a failover."""
    (tmp_path / 'one').mkdir()
    (tmp_path / 'other').mkdir()
    with RedisServer(tmp_path / 'one') as one, RedisServer(tmp_path / 'other') as other:
        async with RedisProxy(one.port) as address:
            app = make_app_at(address)
            async with app.test_app():
                client = app.test_client()
                await client.get('/')
                for key in one.ask('KEYS', '*'):
                    other.ask('RESTORE', key, 0, one.ask('DUMP', key))
                # It leaves its clients' connections open.
                one.ask('REPLICAOF', '127.0.0.1', '1')
                address.port = other.port

                assert (await client.get('/login')).status_code == 200
                assert await (await client.get('/contents')).get_json() == LOGGED_IN


async def test_connection_taken_during_disconnection_works(redis_server: RedisServer) -> None:
    """A command is sent although another one closes the idle connections at the same time."""
    client = UrlClients(redis_server.url, max_connections=1).create()
    async with client, asyncio.TaskGroup() as tasks:
        await client.ping()
        pool = cast(SessionPool, client.connection_pool)

        tasks.create_task(pool.disconnect_idle())
        # The task begins.
        await asyncio.sleep(0)

        assert await client.ping()
