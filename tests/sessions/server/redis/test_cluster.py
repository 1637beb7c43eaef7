"""Sessions on a Redis Cluster: moved slots, failovers, hung nodes, new addresses."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from quart import Quart
from quart.typing import TestClientProtocol as Client
from redis.crc import REDIS_CLUSTER_HASH_SLOTS
from redis.credentials import UsernamePasswordCredentialProvider

from quart_session_demo.config import ConfigError
from quart_session_demo.sessions.server.redis.checks import (
    NO_PASSWORD,
    UNENCRYPTED,
    pool_findings,
)
from quart_session_demo.sessions.server.redis.cluster import ClusterConnections
from quart_session_demo.sessions.server.redis.cluster_clients import ClusterClients
from quart_session_demo.sessions.server.redis.slots import Address, SlotMap, slot_of
from quart_session_demo.sessions.server.redis.store import RedisStore
from quart_session_demo.sessions.server.store import (
    WriteResult,
    new_token,
    store_key,
    user_key,
)
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import KEY, make_app, session_contents
from tests.docs.markdown import read
from tests.processes import wait_until
from tests.redis_cluster import PRIMARIES, RedisCluster, shard_of
from tests.redis_server import RedisServer
from tests.sessions.server.conftest import assert_no_traceback, assert_unavailable, text
from tests.sessions.server.redis.conftest import key_of

SECRET = 'never-shown'


@pytest.fixture(scope='module')
def changing_cluster(
    redis_program: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path_factory.mktemp('cluster')) as cluster:
        yield cluster


@pytest.fixture
def cluster(changing_cluster: RedisCluster) -> RedisCluster:
    """Return a cluster whose slots and roles may change; each test leaves it complete."""
    changing_cluster.wait_until_ready()
    return changing_cluster


@pytest.fixture
def fragile_cluster(redis_program: None, tmp_path: Path) -> Iterator[RedisCluster]:
    """Yield a cluster that replaces a failed primary soon, and survives a restart."""
    options = ('--appendonly', 'yes', '--appendfsync', 'always')
    with RedisCluster(tmp_path, *options, node_timeout=1000) as cluster:
        yield cluster


@contextlib.asynccontextmanager
async def serving(settings: dict[str, Any], **more: Any) -> AsyncIterator[Quart]:
    app = make_sessions_app(**settings, **more)
    async with app.test_app():
        yield app


async def new_clients(app: Quart, count: int) -> list[Client]:
    """Return clients with a session each."""
    clients = [app.test_client() for _ in range(count)]
    responses = await asyncio.gather(*(client.get('/') for client in clients))
    assert {response.status_code for response in responses} == {200}
    return clients


async def client_on(app: Quart, shard: int) -> Client:
    """Return a client whose session is stored by this primary."""
    for _ in range(1000):
        [client] = await new_clients(app, 1)
        if shard_of(slot_of(key_of(client))) == shard:
            return client
    raise AssertionError('no session on this primary')


@contextlib.asynccontextmanager
async def load(clients: list[Client]) -> AsyncIterator[Counter[int]]:
    """Change the sessions of some clients all the time; no stored change may be lost."""
    statuses: Counter[int] = Counter()
    stored: list[set[str]] = [set() for _ in clients]
    is_over = False

    async def change(client: Client, keys: set[str]) -> None:
        number = 0
        while not is_over:
            number += 1
            response = await client.get(f'/set/{number}')
            statuses[response.status_code] += 1
            if response.status_code == 200:
                keys.add(str(number))

    tasks = [asyncio.create_task(change(*pair)) for pair in zip(clients, stored, strict=True)]
    try:
        yield statuses
    finally:
        is_over = True
        await asyncio.gather(*tasks)
    for client, keys in zip(clients, stored, strict=True):
        assert keys
        assert keys <= (await session_contents(client)).keys()


async def wait_for(condition: Callable[[], object]) -> None:
    """Wait for a condition outside the event loop, which goes on."""
    await asyncio.to_thread(wait_until, condition)


async def test_first_visits_are_stored_and_ready_never_flips(redis_cluster: RedisCluster) -> None:
    """Each of 100 first visits gets 200, and so does each readiness check."""
    async with serving(redis_cluster.settings) as app:
        clients = await new_clients(app, 100)
        for client in clients:
            assert await text(client, '/get_session/') == 'zhiliao'
            assert (await client.get('/health/ready')).status_code == 200


async def test_any_node_may_be_named(redis_cluster: RedisCluster) -> None:
    """The URL may name each primary and each replica."""
    for node in redis_cluster.nodes:
        async with serving({**redis_cluster.settings, 'SESSION_REDIS_URL': node.url}) as app:
            await new_clients(app, 10)


async def test_own_cluster_client_describes_the_nodes(redis_cluster: RedisCluster) -> None:
    """`SESSION_REDIS` may be a cluster client, whose options and translated addresses are used."""
    translated = []

    def translate(address: tuple[str, int]) -> tuple[str, int]:
        translated.append(address)
        return address

    own = redis.asyncio.RedisCluster(
        '127.0.0.1',
        redis_cluster.nodes[0].port,
        credential_provider=UsernamePasswordCredentialProvider('default', 'any'),
        decode_responses=True,
        protocol=3,
        address_remap=translate,
    )
    async with serving({'SESSION_TYPE': 'redis', 'SESSION_REDIS': own}) as app:
        [client] = await new_clients(app, 1)
        assert await text(client, '/get_session/') == 'zhiliao'
        await new_clients(app, 20)
    assert translated


async def test_400_requests_share_few_connections(cluster: RedisCluster) -> None:
    """No node gets more connections than the setting allows."""
    async with serving(cluster.settings, SESSION_REDIS_MAX_CONNECTIONS=4) as app:
        before = [node.ask('INFO', 'clients')['connected_clients'] for node in cluster.nodes]
        await new_clients(app, 400)
        after = [node.ask('INFO', 'clients')['connected_clients'] for node in cluster.nodes]
    assert all(b - a <= 4 for a, b in zip(before, after, strict=True))


async def test_moved_slots_lose_nothing(cluster: RedisCluster) -> None:
    """While the slots of sessions move to other primaries, every request works."""
    async with serving(cluster.settings) as app:
        clients = await new_clients(app, 12)
        slots = [slot_of(key_of(client)) for client in clients]
        asks, moves = cluster.counted('errorstat_ASK'), cluster.counted('errorstat_MOVED')
        async with load(clients) as statuses:
            for slot in slots:
                source = shard_of(slot)
                target = (source + 1) % PRIMARIES
                await asyncio.to_thread(cluster.start_move, slot, source, target)
                # The key is still there; then it is at the target, and only ASK leads there.
                await some_requests(statuses)
                await asyncio.to_thread(cluster.migrate, slot, source, target)
                await some_requests(statuses)
                await asyncio.to_thread(cluster.finish_move, slot, source, target)
        assert list(statuses) == [200]
        assert cluster.counted('errorstat_ASK') > asks
        assert cluster.counted('errorstat_MOVED') > moves
        for slot in slots:
            source = shard_of(slot)
            cluster.move_slot(slot, (source + 1) % PRIMARIES, source)
        for client in clients:
            assert await text(client, '/get_session/') == 'zhiliao'


async def some_requests(statuses: Counter[int], count: int = 30) -> None:
    goal = statuses.total() + count
    await wait_for(lambda: statuses.total() >= goal)


async def test_planned_failover_fails_no_request(cluster: RedisCluster) -> None:
    """When replicas take over from running primaries, every request works."""
    # The nodes pause meanwhile, on a busy machine for longer than the default timeout.
    async with serving({**cluster.settings, 'SESSION_REDIS_TIMEOUT': 10}) as app:
        clients = await new_clients(app, 12)
        async with load(clients) as statuses:
            for shard in range(PRIMARIES):
                await some_requests(statuses)
                await asyncio.to_thread(cluster.fail_over, shard)
            await some_requests(statuses)
        assert list(statuses) == [200]


async def test_moment_without_owner_fails_no_request(cluster: RedisCluster) -> None:
    """A request waits while no node serves its slot, as for a moment in a planned failover."""
    async with serving({**cluster.settings, 'SESSION_REDIS_TIMEOUT': 10}) as app:
        client = await client_on(app, 0)
        refused = cluster.counted('errorstat_CLUSTERDOWN')
        cluster.nodes[0].ask('CLUSTER', 'DELSLOTS', 0)
        request = asyncio.create_task(client.get('/get_session/'))
        await wait_for(lambda: cluster.counted('errorstat_CLUSTERDOWN') > refused)
        cluster.nodes[0].ask('CLUSTER', 'ADDSLOTS', 0)
        assert await (await request).get_data(as_text=True) == 'zhiliao'


async def test_slot_without_owner_in_the_map_is_awaited(cluster: RedisCluster) -> None:
    """A store that learns of no node for a slot asks again until there is one."""
    store = store_of(cluster)
    session_id = await store.create({b'"user"': b'1'}, lifetime=60_000, now=1)
    slot = slot_of(f'session:{store_key(session_id)}')
    for node in cluster.nodes:
        node.ask('CLUSTER', 'DELSLOTS', slot)
    asked = cluster.counted('cmdstat_cluster|slots')
    other = store_of(cluster)
    read = asyncio.create_task(other.read(store_key(session_id)))
    await wait_for(lambda: cluster.counted('cmdstat_cluster|slots') > asked)
    for node in cluster.primaries:
        node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', cluster.ids[shard_of(slot)])
    assert await read
    await store.close()
    await other.close()


async def test_killed_primary_is_replaced(
    fragile_cluster: RedisCluster, caplog: pytest.LogCaptureFixture
) -> None:
    """After a primary was killed, its sessions are back as soon as a replica took over."""
    async with serving(fragile_cluster.settings) as app:
        clients = await new_clients(app, 12)
        victim = await client_on(app, 0)
        async with load([victim, *clients]) as statuses:
            await some_requests(statuses)
            # The one that the URL names.
            primary, *others = fragile_cluster.nodes
            replica = others[PRIMARIES - 1]
            primary.ask('CLIENT', 'PAUSE', '5000', 'WRITE')
            offset = offset_of(primary)
            await wait_for(lambda: offset_of(replica) == offset)
            primary.stop()
            await wait_for(lambda: all(knows_owner(node, 0, replica) for node in others))

            assert await text(victim, '/get_session/') == 'zhiliao'
            # Those that are already on their way.
            await some_requests(statuses, 100)
            failed = statuses[503]
            await some_requests(statuses)
            assert statuses[503] == failed
        assert set(statuses) <= {200, 503}
        assert (await victim.get('/health/ready')).status_code == 200
        await new_clients(app, 12)
    assert_no_traceback(caplog)


def offset_of(node: RedisServer) -> int:
    """Return how much of the replication stream a node has written or read."""
    info = node.ask('INFO', 'replication')
    return int(info.get('slave_repl_offset', info['master_repl_offset']))


def knows_owner(node: RedisServer, slot: int, owner: RedisServer) -> bool:
    """Return whether a node serves clients and knows who serves a slot."""
    if node.ask('CLUSTER INFO')['cluster_state'] != 'ok':
        return False
    return any(
        first <= slot <= last and port == owner.port
        for first, last, (_, port, *_), *_ in node.ask('CLUSTER', 'SLOTS')
    )


async def test_hung_primary_affects_its_own_sessions_only(cluster: RedisCluster) -> None:
    """While a primary hangs, its sessions get 503 in bounded time, and others go on."""
    async with serving(cluster.settings, SESSION_REDIS_TIMEOUT=0.3) as app:
        victims = [await client_on(app, 1) for _ in range(30)]
        others = [await client_on(app, shard) for shard in (0, 2)]
        cluster.nodes[1].pause()
        try:
            start = time.monotonic()
            requests = [asyncio.create_task(assert_unavailable(c, '/contents')) for c in victims]
            served = 0
            while not all(request.done() for request in requests):
                for other in others:
                    assert await text(other, '/get_session/') == 'zhiliao'
                    served += 1
            await asyncio.gather(*requests)
            first = time.monotonic() - start
            assert served > 10

            # One client after another does not wait longer, and nor does the readiness check.
            start = time.monotonic()
            assert (await others[0].get('/health/ready')).status_code == 503
            assert time.monotonic() - start < 3 * first
        finally:
            cluster.nodes[1].resume()
        for client in victims:
            assert await text(client, '/get_session/') == 'zhiliao'
        assert (await others[0].get('/health/ready')).status_code == 200


async def test_hung_primary_is_replaced(fragile_cluster: RedisCluster) -> None:
    """After a primary hung so long that a replica took over, its sessions are back."""
    async with serving(fragile_cluster.settings, SESSION_REDIS_TIMEOUT=0.3) as app:
        client = await client_on(app, 1)
        _, hung, *_ = fragile_cluster.nodes
        replica = fragile_cluster.nodes[1 + PRIMARIES]
        slot = slot_of(key_of(client))
        others = [node for node in fragile_cluster.nodes if node is not hung]
        wait_until(lambda: replica.ask('DBSIZE') == hung.ask('DBSIZE'))
        hung.pause()
        await wait_for(lambda: all(knows_owner(node, slot, replica) for node in others))

        # The node of the hung connection is asked first, and then the one that replaced it.
        assert await text(client, '/get_session/') == 'zhiliao'
        await new_clients(app, 10)


async def test_whole_cluster_restarts_at_other_addresses(
    fragile_cluster: RedisCluster, caplog: pytest.LogCaptureFixture
) -> None:
    """After a restart at other addresses, but for the node in the URL, all sessions are back."""
    cluster = fragile_cluster
    async with serving(cluster.settings) as app:
        clients = await new_clients(app, 12)
        for node in cluster.nodes:
            node.stop()
        for client in clients:
            await assert_unavailable(client, '/get_session/')
        cluster.nodes[0].start()
        for number in range(1, len(cluster.nodes)):
            cluster.move_address(number)
        await asyncio.to_thread(cluster.wait_until_ready)
        for client in clients:
            assert await text(client, '/get_session/') == 'zhiliao'
    assert_no_traceback(caplog)


@pytest.mark.parametrize('is_moving', [False, True])
async def test_cancelled_commands_mix_up_no_sessions(
    cluster: RedisCluster, is_moving: bool
) -> None:
    """Commands that are cancelled at any moment never give one session to another request."""
    store = store_of(cluster, max_connections=3)
    ids = [
        await store.create({b'"user"': b'%d' % number}, lifetime=60_000, now=1)
        for number in range(20)
    ]
    slots = [slot_of(f'session:{store_key(session_id)}') for session_id in ids]
    if is_moving:
        for slot in slots:
            source, target = shard_of(slot), (shard_of(slot) + 1) % PRIMARIES
            cluster.start_move(slot, source, target)
            cluster.migrate(slot, source, target)
    outcomes: Counter[bool] = Counter()

    async def read(number: int, seconds: float) -> None:
        user = number % len(ids)
        try:
            async with asyncio.timeout(seconds):
                stored = await store.read(store_key(ids[user]))
        except TimeoutError:
            outcomes[False] += 1
        else:
            assert stored is not None
            assert stored.fields == {b'"user"': b'%d' % user}
            outcomes[True] += 1

    start = time.monotonic()
    await asyncio.gather(*(read(number, 30) for number in range(20)))
    longest = time.monotonic() - start
    for batch in range(100):
        # From moments before the command is sent to moments after its response.
        parts = [(batch * 20 + number) * 37 % 100 / 100 for number in range(20)]
        cancelled = outcomes[False]
        await asyncio.gather(*(read(number, part * longest) for number, part in enumerate(parts)))
        if outcomes[False] == cancelled:
            # The machine was busier at the start.
            longest /= 2
    await asyncio.gather(*(read(number, 30) for number in range(100)))

    assert outcomes[False] > 50
    await store.close()
    if is_moving:
        for slot in slots:
            source, target = shard_of(slot), (shard_of(slot) + 1) % PRIMARIES
            cluster.finish_move(slot, source, target)
            cluster.move_slot(slot, target, source)


async def test_repeated_delete_knows_its_own_work(cluster: RedisCluster) -> None:
    """A delete that is repeated at another node, after the session moved, returns its fields."""
    store = store_of(cluster)
    session_id = await store.create({b'"user"': b'1'}, lifetime=60_000, now=1)
    slot = slot_of(f'session:{store_key(session_id)}')
    source, target = shard_of(slot), (shard_of(slot) + 1) % PRIMARIES
    token = new_token()
    assert await store.delete(store_key(session_id), token) == {b'"user"': b'1'}
    cluster.move_slot(slot, source, target)

    assert await store.delete(store_key(session_id), token) == {b'"user"': b'1'}
    assert await store.delete(store_key(session_id), new_token()) is None
    await store.close()
    cluster.move_slot(slot, target, source)


async def test_ready_checks_every_primary(redis_program: None, tmp_path: Path) -> None:
    """Readiness is 503 while any primary refuses writes, even one that serves a single slot."""
    slots = ((0, 0), (1, 8191), (8192, 16383))
    with RedisCluster(tmp_path, has_replicas=False, slots=slots) as cluster:
        async with serving(cluster.settings) as app:
            client = app.test_client()
            for node in cluster.primaries:
                assert (await client.get('/health/ready')).status_code == 200
                node.ask('CONFIG', 'SET', 'maxmemory', '1')
                assert (await client.get('/health/ready')).status_code == 503
                node.ask('CONFIG', 'SET', 'maxmemory', '0')


async def test_slots_without_node_are_not_ready(cluster: RedisCluster) -> None:
    """Readiness is 503 while a part of the slots has no node, even if the others are served."""
    for node in cluster.nodes:
        node.ask('CONFIG', 'SET', 'cluster-require-full-coverage', 'no')
        node.ask('CLUSTER', 'DELSLOTS', 0)
    async with serving(cluster.settings) as app:
        client = app.test_client()
        assert (await client.get('/health/ready')).status_code == 503
        # A node announces a slot at once if it was importing it, and otherwise after seconds.
        cluster.nodes[0].ask('CLUSTER', 'SETSLOT', 0, 'IMPORTING', cluster.ids[1])
        for node in cluster.nodes:
            if node in cluster.primaries:
                node.ask('CLUSTER', 'SETSLOT', 0, 'NODE', cluster.ids[0])
            node.ask('CONFIG', 'SET', 'cluster-require-full-coverage', 'yes')
        await asyncio.to_thread(cluster.wait_until_ready)
        assert (await client.get('/health/ready')).status_code == 200


async def test_redirected_script_is_loaded(cluster: RedisCluster) -> None:
    """The node to which a slot is being moved stores a change, although it has no script."""
    store = store_of(cluster)
    session_id = await store.create({b'"user"': b'1'}, lifetime=60_000, now=1)
    slot = slot_of(f'session:{store_key(session_id)}')
    source, target = shard_of(slot), (shard_of(slot) + 1) % PRIMARIES
    cluster.start_move(slot, source, target)
    cluster.migrate(slot, source, target)
    cluster.nodes[target].ask('SCRIPT', 'FLUSH')

    result = await store.write(
        store_key(session_id), {b'"age"': b'20'}, (), lifetime=60_000, refreshed=2
    )

    assert result is WriteResult.SAVED
    stored = await store.read(store_key(session_id))
    assert stored is not None
    assert stored.fields == {b'"user"': b'1', b'"age"': b'20'}
    await store.close()
    cluster.finish_move(slot, source, target)
    cluster.move_slot(slot, target, source)


RIGHTS = [
    '+asking',
    '+cluster|slots',
    '+evalsha',
    '+exists',
    '+hdel',
    '+hexists',
    '+hget',
    '+hgetall',
    '+hlen',
    '+hset',
    '+pexpire',
    '+pttl',
    '+script|load',
]
#: The rights that users' sessions need besides, and the command that counts sessions.
USER_RIGHTS = [
    '+hmget',
    '+scan',
    '+time',
    '+zadd',
    '+zrange',
    '+zrem',
    '+zremrangebyscore',
    '+zscore',
]


async def test_rights_are_those_of_the_documentation(cluster: RedisCluster) -> None:
    """A user with the rights that the documentation lists may store, list and count sessions."""
    page = read('docs/session-stores.md')
    single = {*RIGHTS} - {'+asking', '+cluster|slots'}
    assert f'`{" ".join(sorted(single))}`' in page
    assert f'`{" ".join(USER_RIGHTS)}`' in page
    for node in cluster.nodes:
        rights = ('on', f'>{SECRET}', '~session:*', *RIGHTS, *USER_RIGHTS)
        node.ask('ACL', 'SETUSER', 'app', *rights)
    url = cluster.nodes[0].url.replace('//', f'//app:{SECRET}@')
    async with serving({**cluster.settings, 'SESSION_REDIS_URL': url}) as app:
        for client in await new_clients(app, 10):
            assert (await client.get('/login')).status_code == 200
    store = RedisStore.from_config({**cluster.settings, 'SESSION_REDIS_URL': url})
    user = user_key('ann')
    key = store_key(await store.create({}, lifetime=60_000, now=1, user_key=user))
    assert key in await store.read_user(user)
    await store.delete(key, new_token(), user_key=user)
    assert key not in await store.read_user(user)
    assert await store.count() >= 10
    await store.close()


async def test_hung_cluster_is_503_in_bounded_time(cluster: RedisCluster) -> None:
    """While every node hangs, a request gets 503 after a few timeouts, not after all added up."""
    async with serving(cluster.settings, SESSION_REDIS_TIMEOUT=0.3) as app:
        clients = await new_clients(app, 30)
        for node in cluster.nodes:
            node.pause()
        try:
            start = time.monotonic()
            await asyncio.gather(*(assert_unavailable(c, '/contents') for c in clients[:1]))
            one = time.monotonic() - start
            start = time.monotonic()
            await asyncio.gather(*(assert_unavailable(c, '/contents') for c in clients))
            assert time.monotonic() - start < 5 * one
        finally:
            for node in cluster.nodes:
                node.resume()
        for client in clients:
            assert await text(client, '/get_session/') == 'zhiliao'


async def test_single_redis_is_not_a_cluster(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """With a Redis that is no cluster, one line in the log names the setting, at the start."""
    async with serving({**redis_server.settings, 'SESSION_REDIS_CLUSTER': True}) as app:
        assert 'SESSION_REDIS_CLUSTER to false' in caplog.text
        await assert_unavailable(app.test_client(), '/')
    assert_no_traceback(caplog)


async def test_cluster_without_the_setting_is_named(
    redis_cluster: RedisCluster, caplog: pytest.LogCaptureFixture
) -> None:
    """A cluster that is used like a single Redis is a line in the log that names the setting."""
    settings = {**redis_cluster.settings, 'SESSION_REDIS_CLUSTER': False}
    async with serving(settings) as app:
        responses = [await app.test_client().get('/') for _ in range(20)]
    assert {response.status_code for response in responses} == {200, 503}
    assert 'set SESSION_REDIS_CLUSTER to true' in caplog.text
    assert_no_traceback(caplog)


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        ({'SESSION_REDIS_URL': 'unix:///tmp/redis'}, ['SESSION_REDIS_URL', 'unix://']),
        ({'SESSION_REDIS_URL': f'redis://:{SECRET}@host/1'}, ['SESSION_REDIS_URL', 'database']),
        ({'SESSION_KEY_PREFIX': '{app}:'}, ['SESSION_KEY_PREFIX', 'braces']),
    ],
)
def test_setting_that_fits_no_cluster_is_refused(
    settings: dict[str, Any], words: list[str]
) -> None:
    """A socket, a database or a prefix that gives all keys one slot is an error at the start."""
    with pytest.raises(ConfigError) as error:
        make_app(
            **{
                'SESSION_TYPE': 'redis',
                'SESSION_REDIS_URL': 'redis://host/0',
                'SESSION_REDIS_CLUSTER': True,
                **settings,
            }
        )
    assert all(word in str(error.value) for word in words)
    assert SECRET not in str(error.value)


async def test_password_and_tls_are_those_of_all_nodes(
    redis_program: None, tmp_path: Path, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The user, password and certificate in the URL apply to every node."""
    with RedisCluster(tmp_path, has_replicas=False, certificate=certificate) as cluster:
        rights = ('on', f'>{SECRET}', '~session:*', '+@all')
        for node in cluster.nodes:
            node.ask('ACL', 'SETUSER', 'app', *rights)
            node.ask('ACL', 'SETUSER', 'default', 'off')
        url = cluster.nodes[0].url.replace('//', f'//app:{SECRET}@')
        settings = {
            **cluster.settings,
            'SESSION_REDIS_URL': f'{url}?ssl_ca_certs={certificate}',
            # A TLS connection takes long on a busy machine.
            'SESSION_REDIS_TIMEOUT': 10,
        }
        async with serving(settings) as app:
            await new_clients(app, 20)
            assert (await app.test_client().get('/health/ready')).status_code == 200
    assert not caplog.records


def test_check_deploy_reads_every_primary(cluster: RedisCluster) -> None:
    """check-deploy finds a primary that evicts sessions, and nothing about a good cluster."""
    assert 'redis-evicts' not in redis_findings(cluster.settings)
    cluster.nodes[2].ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    assert 'redis-evicts' in redis_findings(cluster.settings)
    cluster.nodes[2].ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')


def test_check_deploy_finds_a_cluster_without_the_setting(redis_cluster: RedisCluster) -> None:
    """check-deploy reports a cluster that is used like a single Redis, at each run."""
    settings = {**redis_cluster.settings, 'SESSION_REDIS_CLUSTER': False}
    for _ in range(5):
        assert redis_findings(settings) == ['redis-cluster']


def test_check_deploy_reads_the_address_of_every_node() -> None:
    """A node on another host is found, though the settings name one on this host."""
    clients = ClusterClients('redis://localhost:6379', max_connections=1)
    connections = ClusterConnections(clients, timeout=1, max_connections=1)
    ranges = [[0, REDIS_CLUSTER_HASH_SLOTS - 1, [b'192.0.2.1', 7000, b'id']]]
    connections._slots = SlotMap.parse(ranges, Address('localhost', 6379))

    findings = [finding for pool in connections.pools for finding in pool_findings(pool)]
    assert findings == [UNENCRYPTED, NO_PASSWORD]


def redis_findings(settings: dict[str, Any]) -> list[str]:
    """Return the ids of check-deploy's findings about Redis."""
    app = make_app(PRODUCTION=True, SECRET_KEY='5d' * 16 + KEY, **settings)
    result = app.test_cli_runner().invoke(args=['check-deploy', '--json'])
    ids = [finding['id'] for finding in json.loads(result.stdout)]
    return [name for name in ids if name.startswith('redis')]


def store_of(cluster: RedisCluster, max_connections: int = 10) -> RedisStore:
    clients = ClusterClients(cluster.nodes[0].url, max_connections=max_connections)
    # A read in a batch may wait for others.
    return RedisStore(clients, timeout=5, max_connections=max_connections)
