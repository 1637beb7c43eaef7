"""`SESSION_REDIS`: a client that the user made, or a function that makes one."""

import asyncio
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from quart import Quart
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ConstantBackoff
from redis.credentials import CredentialProvider, UsernamePasswordCredentialProvider

from quart_session_demo.config import ConfigError
from quart_session_demo.sessions.redis import RedisSessionInterface
from quart_session_demo.sessions.server.redis.own import OwnClients
from quart_session_demo.sessions.server.redis.store import RedisStore
from quart_session_demo.sessions.server.store import store_key
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import KEY, make_app
from tests.redis_sentinel import SERVICE, SentinelSetup
from tests.redis_server import RedisServer
from tests.sessions.server.conftest import assert_unavailable, text

SECRET = 'never-shown'


def make_own_app(source: Any, **config: Any) -> Quart:
    """Return the demo app with its sessions in the Redis of a client or function."""
    return make_sessions_app(SESSION_TYPE='redis', SESSION_REDIS=source, **config)


def client_list(server: RedisServer) -> list[dict[str, str]]:
    """Return the connections of a server."""
    with redis.Redis(port=server.port) as client:
        connections: list[dict[str, str]] = client.client_list()
        return connections


CLIENTS: dict[str, Callable[..., Redis]] = {
    'default': Redis,
    'decoding': partial(Redis, decode_responses=True, encoding='utf-16'),
    'RESP3': partial(Redis, protocol=3),
    'RESP2': partial(Redis, protocol=2),
    'one connection': partial(Redis, single_connection_client=True, max_connections=1),
    'no time': partial(Redis, socket_timeout=1e-6, socket_connect_timeout=1e-6),
    'retries': partial(
        Redis, retry=Retry(ConstantBackoff(60), 10), retry_on_error=[redis.RedisError]
    ),
    'URL': lambda port: Redis.from_url(f'redis://127.0.0.1:{port}?protocol=3'),
    'pool': lambda port: Redis(connection_pool=ConnectionPool(host='127.0.0.1', port=port)),
    'blocking pool': lambda port: Redis.from_pool(BlockingConnectionPool(port=port, timeout=1)),
}


@pytest.mark.parametrize('kind', CLIENTS)
async def test_client_of_any_kind_works(redis_server: RedisServer, kind: str) -> None:
    """Sessions work with a client of any options, in a burst of requests too."""
    app = make_own_app(CLIENTS[kind](port=redis_server.port))
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        assert await text(client, '/login') == 'logged in'
        responses = await asyncio.gather(*(client.get('/get_session/') for _ in range(30)))
        assert {await response.get_data(as_text=True) for response in responses} == {'zhiliao'}


async def test_options_of_the_client_apply(redis_program: None, tmp_path: Path) -> None:
    """The client's credential provider, database and name are used."""
    with RedisServer(tmp_path) as server:
        server.ask('ACL', 'SETUSER', 'web', 'on', f'>{SECRET}', '~session:*', '+@all')
        server.ask('ACL', 'SETUSER', 'default', '-hset')
        client = Redis(
            port=server.port,
            db=3,
            client_name='web-app',
            credential_provider=UsernamePasswordCredentialProvider('web', SECRET),
        )
        app = make_own_app(client)
        async with app.test_app():
            assert (await app.test_client().get('/')).status_code == 200
            connections = client_list(server)

        assert [(own['user'], own['db']) for own in connections if own['name'] == 'web-app'] == [
            ('web', '3')
        ]


class Credentials(CredentialProvider):
    """Fails or hangs on demand, as a service that issues tokens."""

    fails = False
    delay = 0.0

    async def get_credentials_async(self) -> tuple[str, str]:
        await asyncio.sleep(self.delay)
        if self.fails:
            raise RuntimeError(SECRET)
        return 'default', SECRET


@pytest.mark.parametrize('state', [{'fails': True}, {'delay': 60}])
async def test_failing_credential_provider_is_503(
    redis_program: None, tmp_path: Path, state: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """No command is sent on a connection without its login and database."""
    with RedisServer(tmp_path) as server:
        provider = Credentials()
        client = Redis(port=server.port, db=3, credential_provider=provider)
        app = make_own_app(client, SESSION_REDIS_TIMEOUT=0.1)
        vars(provider).update(state)
        async with app.test_app():
            client_of_app = app.test_client()
            for _ in range(3):
                await assert_unavailable(client_of_app, '/')
            assert not await cast(RedisSessionInterface, app.session_interface).is_ready()
            vars(provider).update(fails=False, delay=0)
            assert (await client_of_app.get('/')).status_code == 200
        assert [*server.ask('INFO', 'keyspace')] == ['db3']
    assert SECRET not in caplog.text


async def test_hung_redis_is_503_with_any_client(redis_program: None, tmp_path: Path) -> None:
    """The limits of time are those of the settings, whichever the client has."""
    with RedisServer(tmp_path) as server:
        app = make_own_app(CLIENTS['retries'](port=server.port), SESSION_REDIS_TIMEOUT=0.1)
        async with app.test_app():
            client = app.test_client()
            await client.get('/')
            server.pause()
            async with asyncio.timeout(30):
                await assert_unavailable(client, '/get_session/')
            server.resume()
            assert await text(client, '/get_session/') == 'zhiliao'


def test_client_works_in_several_event_loops(redis_server: RedisServer) -> None:
    """One client works in event loops one after another, and its own connections stay unused."""
    own = Redis(port=redis_server.port)
    app = make_own_app(own)

    async def request() -> None:
        assert (await app.test_client().get('/')).status_code == 200

    for _ in range(3):
        asyncio.run(request())

    assert own.connection_pool.get_connection_count()[0][0] == 0


def test_function_is_called_once_for_each_event_loop(redis_server: RedisServer) -> None:
    """A function is not called before the first request, and then once for each event loop."""
    loops = []

    def factory() -> Redis:
        loops.append(asyncio.get_running_loop())
        return Redis(port=redis_server.port)

    app = make_own_app(factory)
    assert loops == []

    async def requests() -> None:
        async with app.test_app():
            client = app.test_client()
            await asyncio.gather(*(client.get('/') for _ in range(10)))

    for _ in range(2):
        asyncio.run(requests())

    assert len(loops) == len(set(loops)) == 2


@pytest.mark.parametrize(
    'make_source',
    [
        lambda port: Redis(port=port),
        lambda port: Redis(port=port, protocol=3, decode_responses=True),
        lambda port: lambda: Redis(port=port, protocol=3, single_connection_client=True),
    ],
    ids=['RESP2', 'RESP3', 'function'],
)
async def test_cancelled_command_leaves_no_response(
    redis_server: RedisServer, make_source: Callable[[int], Any]
) -> None:
    """A command that is cancelled at any moment never gives its response to another request."""
    clients = OwnClients(make_source(redis_server.port), max_connections=4)
    store = RedisStore(clients, max_connections=4)
    ids = {}
    for number in range(20):
        # Responses of one part, and of several.
        fields = {b'"n"': b'%d' % number * (20_000 if number % 2 else 1)}
        ids[await store.create(fields, lifetime=60_000, now=0)] = fields
    chance = random.Random(1)  # noqa: S311
    cancelled = 0

    async def read(session_id: str) -> None:
        nonlocal cancelled
        reading = asyncio.create_task(store.read(store_key(session_id)))
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(0)
        if chance.random() < 0.5:
            reading.cancel()
        try:
            found = await reading
        except asyncio.CancelledError:
            cancelled += 1
        else:
            assert found is not None
            assert found.fields == ids[session_id]

    for _ in range(10):
        await asyncio.gather(*(read(session_id) for session_id in 10 * list(ids)))
    await store.close()

    assert cancelled > 100


async def test_sentinel_client_works(redis_program: None, tmp_path: Path) -> None:
    """A function may return a client of `Sentinel.master_for`, with options of its own."""
    with SentinelSetup(tmp_path) as setup:
        hosts = [('127.0.0.1', sentinel.port) for sentinel in setup.sentinels]
        app = make_own_app(
            lambda: Sentinel(hosts).master_for(SERVICE, client_name='web-app'),  # type: ignore[no-untyped-call]
            SESSION_REDIS_TIMEOUT=30,
        )
        async with app.test_app():
            assert (await app.test_client().get('/')).status_code == 200
            names = [client['name'] for client in client_list(setup.primary)]

    assert 'web-app' in names


async def async_factory() -> Redis:
    return Redis()


WRONG_SOURCES: dict[str, tuple[Any, str]] = {
    'URL': (f'redis://:{SECRET}@host', 'SESSION_REDIS_URL'),
    'number': (6379, 'of type int'),
    'list': ([Redis()], 'of type list'),
    'object': (object(), 'is object'),
    'sync client': (redis.Redis(password=SECRET), 'blocks the event loop'),
    'class': (Redis, 'the class Redis'),
    'sync class': (redis.Redis, 'the class Redis'),
    'pool': (ConnectionPool(), 'is ConnectionPool'),
    'async function': (async_factory, 'plain function'),
    'function with arguments': (lambda url: Redis(), 'with arguments'),
    'replica': (Sentinel([]).slave_for(SERVICE), 'master_for'),  # type: ignore[no-untyped-call]
}


@pytest.mark.parametrize('kind', WRONG_SOURCES)
def test_wrong_client_is_refused(kind: str) -> None:
    """Anything else than a client or a function is one line that names the setting."""
    source, part = WRONG_SOURCES[kind]
    with pytest.raises(ConfigError, match=r'^SESSION_REDIS .*: .*') as refused:
        make_app(SESSION_TYPE='redis', SESSION_REDIS=source)
    assert part in str(refused.value)
    assert SECRET not in str(refused.value)

    app = Quart('own_app')
    app.config.update(SECRET_KEY=KEY, SESSION_REDIS=source)
    with pytest.raises(ValueError, match=r'^SESSION_REDIS .*: .*'):
        RedisSessionInterface(app)


@pytest.mark.parametrize('result', [None, 'redis://host', redis.Redis(), Redis])
async def test_wrong_result_of_function_stops_the_start(result: Any) -> None:
    """A function that returns no client is one line at the start."""
    app = make_own_app(lambda: result)

    with pytest.raises(ValueError, match=r'^SESSION_REDIS returned .*: .*'):
        await app.startup()
