"""The index of users in Redis: the order of the steps, and what happens when one of them fails."""

import asyncio
from collections.abc import AsyncIterator
from random import randbytes

import pytest
import redis.asyncio

from quart_session_demo.sessions.server.redis import index
from quart_session_demo.sessions.server.redis.scripts import ADD_ENTRY, WRITE
from quart_session_demo.sessions.server.redis.slots import slot_of
from quart_session_demo.sessions.server.redis.store import RedisStore
from quart_session_demo.sessions.server.store import (
    StoreError,
    WriteResult,
    current_time,
    new_session_id,
    new_token,
    store_key,
)
from tests.redis_cluster import RedisCluster, shard_of
from tests.redis_proxy import RedisProxy
from tests.redis_server import RedisServer
from tests.sessions.server.redis.test_retries import sha1

HOUR = 3_600_000
FIELDS = {b'"cart"': b'[]'}


@pytest.fixture
def owner() -> str:
    """Return the key of a user who has no session."""
    return randbytes(32).hex()  # noqa: S311


@pytest.fixture
async def store(redis_server: RedisServer) -> AsyncIterator[RedisStore]:
    store = RedisStore(redis_server.url, timeout=5)
    yield store
    await store.close()


async def create(store: RedisStore, owner: str, lifetime: int = HOUR) -> str:
    """Create a session of a user; return its key."""
    session_id = await store.create(FIELDS, lifetime=lifetime, now=current_time(), user_key=owner)
    return store_key(session_id)


async def write(store: RedisStore, owner: str, key: str, lifetime: int = HOUR) -> WriteResult:
    return await store.write(
        key, {b'"n"': b'1'}, (), lifetime=lifetime, refreshed=current_time(), user_key=owner
    )


async def test_index_is_written_first(redis_server: RedisServer, owner: str) -> None:
    """A session is listed before it exists and before it is extended, until after it is deleted."""
    store = RedisStore(redis_server.url, timeout=5)
    steps: list[str] = []
    client = redis.asyncio.Redis.from_url(redis_server.url)
    async with client.monitor() as monitor:
        key = await create(store, owner)
        await write(store, owner, key)
        await store.delete(key, new_token(), user_key=owner)
        await store.close()
        while 'remove' not in steps:
            name, *words = (await monitor.next_command())['command'].split()
            step = {'ZADD': 'add', 'ZREM': 'remove', 'HSET': 'write'}.get(name)
            if step == 'write' and 'ended' in words:
                step = 'delete'
            is_ours = f'session:user:{owner}' in words or f'session:{key}' in words
            if step and is_ours and step not in steps[-1:]:
                steps.append(step)
    await client.aclose()

    assert steps == ['add', 'write', 'add', 'write', 'delete', 'remove']


async def test_deleted_session_leaves_the_index(
    store: RedisStore, redis_server: RedisServer, owner: str
) -> None:
    """The last deletion removes the index of a user."""
    keys = [await create(store, owner) for _ in range(3)]
    for key in keys:
        await store.delete(key, new_token(), user_key=owner)

    assert not redis_server.ask('EXISTS', f'session:user:{owner}')


async def test_dead_entries_are_dropped(
    store: RedisStore, redis_server: RedisServer, owner: str
) -> None:
    """An entry whose session is gone leaves the index when the sessions are listed."""
    lives, dead = await create(store, owner), await create(store, owner)
    redis_server.ask('DEL', f'session:{dead}')

    assert list(await store.read_user(owner)) == [lives]
    assert redis_server.ask('ZRANGE', f'session:user:{owner}', 0, -1) == [lives.encode()]


async def test_entries_last_as_long_as_sessions(
    store: RedisStore, redis_server: RedisServer, owner: str
) -> None:
    """The index lasts as long as the longest session, and 1 % longer, but a minute at most."""
    for lifetime in (1000 * HOUR, HOUR // 2, HOUR):
        key = await create(store, owner, lifetime)
        name = f'session:user:{owner}'
        longest = redis_server.ask('PTTL', f'session:{key}')
        assert longest <= redis_server.ask('PTTL', name)
        score = float(redis_server.ask('ZSCORE', name, key))
        seconds, micros = redis_server.ask('TIME')
        rest = score - int(seconds) * 1000 - int(micros) / 1000
        assert lifetime * 0.9 < longest <= rest + 1 <= lifetime + min(60_000, lifetime / 100) + 2


async def test_expired_entries_are_removed_by_a_login(
    store: RedisStore, redis_server: RedisServer, owner: str
) -> None:
    """A login removes the entries that have expired: an index never grows without an end."""
    name = f'session:user:{owner}'
    for _ in range(20):
        await create(store, owner, lifetime=1)
    await asyncio.sleep(0.01)

    key = await create(store, owner)

    assert redis_server.ask('ZRANGE', name, 0, -1) == [key.encode()]


async def test_late_write_lists_no_deleted_session(
    store: RedisStore, redis_server: RedisServer, owner: str
) -> None:
    """A request that extends a session after its deletion leaves no entry behind."""
    key = await create(store, owner)
    await store.delete(key, new_token(), user_key=owner)

    assert await write(store, owner, key) is WriteResult.GONE

    assert not redis_server.ask('EXISTS', f'session:user:{owner}')


async def test_session_is_listed_though_it_was_dropped_too_early(
    store: RedisStore, redis_server: RedisServer, owner: str
) -> None:
    """Listing while a session is created loses it neither in the index nor in the list."""
    stop = asyncio.Event()

    async def list_all_the_time() -> None:
        while not stop.is_set():
            await store.read_user(owner)

    listing = [asyncio.create_task(list_all_the_time()) for _ in range(3)]
    keys = set()
    for _ in range(200):
        keys.add(await create(store, owner))
        assert redis_server.ask('ZCARD', f'session:user:{owner}') >= len(keys)
    stop.set()
    await asyncio.gather(*listing)

    assert (await store.read_user(owner)).keys() == keys


async def test_second_drop_spares_a_session_created_meanwhile(
    store: RedisStore, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two listings find an entry before its session is created; neither removes it afterwards."""
    # All in one millisecond.
    frozen = ADD_ENTRY.replace("redis.call('TIME')", "{'1', '0'}")
    monkeypatch.setattr(index, 'ADD_ENTRY', frozen)
    entries = store._index
    add = entries.add
    found: dict[str, int] = {}

    async def add_and_drop(user_key: str, key: str, lifetime: int) -> None:
        await add(user_key, key, lifetime)
        found.update(found or await entries.read(user_key))
        await entries.drop(user_key, found)

    monkeypatch.setattr(entries, 'add', add_and_drop)
    key = await create(store, owner)

    assert list(await store.read_user(owner)) == [key]


async def test_lost_response_creates_one_listed_session(
    redis_server: RedisServer, owner: str
) -> None:
    """If the response to a creation is lost, another id is used, and both are listed."""
    async with RedisProxy(redis_server.port) as proxy:
        store = RedisStore(proxy.url, timeout=5)
        await create(store, owner)
        proxy.lose_response_to = sha1(WRITE)
        key = await create(store, owner)
        await store.close()

    listed = await (second := RedisStore(redis_server.url)).read_user(owner)
    await second.close()
    # One of the three has an id that nobody has.
    assert key in listed
    assert len(listed) == 3


async def test_foreign_data_in_a_batch_is_an_error(
    store: RedisStore, redis_server: RedisServer
) -> None:
    """Other data under the key of a session is an error, and not a missing session."""
    key = store_key(new_session_id())
    redis_server.ask('SET', f'session:{key}', 'text', 'PX', 60_000)

    with pytest.raises(StoreError, match='refused: ResponseError'):
        await store.read_many([key])


async def test_canceled_batches_mix_up_no_sessions(store: RedisStore) -> None:
    """A batch that is canceled at any moment leaves no response to the next command."""
    keys = [store_key(await store.create(FIELDS, lifetime=HOUR, now=n)) for n in range(50)]

    async def read(delay: int) -> None:
        task = asyncio.create_task(store.read_many(keys))
        for _ in range(delay):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    for delay in range(60):
        await asyncio.gather(read(delay), read(delay // 2))
        stored = await store.read(keys[delay % 50])
        assert stored is not None
        assert stored.created == delay % 50


async def test_count_ignores_what_is_no_session(
    store: RedisStore, redis_server: RedisServer
) -> None:
    """Indexes, deleted and empty sessions, and other keys of Redis do not count."""
    prefix = f'a*[b]?\\{new_session_id()}:'
    mine = RedisStore(redis_server.url, prefix=prefix)
    for _ in range(3):
        await mine.create(FIELDS, lifetime=HOUR, now=1, user_key='a' * 64)
    await mine.create({}, lifetime=HOUR, now=1)
    deleted = await mine.create(FIELDS, lifetime=HOUR, now=1)
    await mine.delete(store_key(deleted), new_token())
    redis_server.ask('SET', f'{prefix}other', 'text', 'PX', 60_000)

    assert await mine.count() == 3
    await mine.close()


async def test_cluster_reads_each_node_in_one_pipeline(redis_cluster: RedisCluster) -> None:
    """Sessions on all nodes are read with one pipeline for each, in any slots."""
    store = RedisStore.from_config({**redis_cluster.settings})
    keys = [store_key(await store.create(FIELDS, lifetime=HOUR, now=n)) for n in range(300)]
    assert {shard_of(slot_of(f'session:{key}')) for key in keys} == {0, 1, 2}
    # A map of slots that is wrong: the nodes redirect the reads.
    fresh = RedisStore.from_config({**redis_cluster.settings})
    await fresh.read_many(keys[:1])
    slots = fresh._connections._slots  # type: ignore[union-attr]
    slots.owners = [slots.owners[0]] * len(slots.owners)

    for reader in (store, fresh):
        assert [s.created for s in await reader.read_many(keys) if s] == [*range(300)]
        assert await reader.count() >= 300
        await reader.close()


async def test_failed_index_node_does_not_lose_a_change(redis_cluster: RedisCluster) -> None:
    """While the node of a user's index hangs, a change of the user's session is still stored."""
    store = RedisStore.from_config({**redis_cluster.settings, 'SESSION_REDIS_TIMEOUT': 0.3})
    owner, key = '', ''
    while not key or shard_of(slot_of(f'session:{key}')) == 0:
        while not owner or shard_of(slot_of(f'session:user:{owner}')) != 0:
            owner = randbytes(32).hex()  # noqa: S311
        key = await create(store, owner)

    redis_cluster.nodes[0].pause()
    try:
        assert await write(store, owner, key) is WriteResult.SAVED
        stored = await store.read(key)
    finally:
        redis_cluster.nodes[0].resume()

    assert stored is not None
    assert stored.fields[b'"n"'] == b'1'
    await store.close()
