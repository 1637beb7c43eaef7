"""Redis with Sentinels: sessions follow the primary, and Sentinels that fail delay nothing."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from quart import Quart

from quart_session_demo.sessions.server.redis import sentinel as sentinel_module
from tests.apps.sessions_app import make_sessions_app
from tests.redis_sentinel import SERVICE, SentinelSetup
from tests.redis_server import RedisServer
from tests.sessions.server.conftest import text
from tests.sessions.server.redis.conftest import key_of


@pytest.fixture
def setup(redis_program: None, tmp_path: Path) -> Iterator[SentinelSetup]:
    """Yield a primary, two replicas and three Sentinels, for one test only."""
    with SentinelSetup(tmp_path) as setup:
        yield setup


@pytest.fixture
async def app(setup: SentinelSetup) -> AsyncIterator[Quart]:
    app = make_sessions_app(**setup.settings)
    async with app.test_app():
        yield app


async def new_primary(setup: SentinelSetup, old: RedisServer) -> RedisServer:
    """Return the primary after a failover, when all Sentinels know it."""
    return await asyncio.to_thread(setup.wait_for_other_primary, old)


@pytest.mark.parametrize('fault', ['stop', 'pause'])
async def test_failed_primary_is_replaced(app: Quart, setup: SentinelSetup, fault: str) -> None:
    """If a primary fails under load, requests get 503 at worst; no session is lost."""
    clients = [app.test_client() for _ in range(8)]
    for client in clients:
        assert (await client.get('/')).status_code == 200
    setup.wait_until_whole()
    old = setup.primary
    statuses = set()
    recovered = dict.fromkeys(range(len(clients)), math.inf)
    failed_at = math.inf

    async def use(number: int) -> None:
        while recovered[number] == math.inf:
            response = await clients[number].get(f'/set/{number}')
            statuses.add(response.status_code)
            if response.status_code == 200 and time.monotonic() > failed_at and old_is_left:
                recovered[number] = time.monotonic()
            await asyncio.sleep(0.01)

    old_is_left = False
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for number in range(len(clients)):
            group.create_task(use(number))
        await asyncio.sleep(0.1)
        failed_at = time.monotonic()
        getattr(old, fault)()
        await new_primary(setup, old)
        old_is_left, replaced_at = True, time.monotonic()

    assert statuses <= {200, 503}
    for client in clients:
        assert await text(client, '/get_session/') == 'zhiliao'
    # The app adds no wait of its own to the time of the failover.
    assert max(recovered.values()) - failed_at < 2 * (replaced_at - failed_at)


async def test_planned_failover_is_followed(app: Quart, setup: SentinelSetup) -> None:
    """Soon after a planned failover changes reach the new primary, though the old one works."""
    client = app.test_client()
    await client.get('/')
    setup.wait_until_whole()
    old = setup.primary
    setup.sentinels[0].ask('SENTINEL', 'FAILOVER', 'mymaster')
    new = await new_primary(setup, old)

    async with asyncio.timeout(30):
        while not new.ask('HEXISTS', key_of(client), '"item"'):
            assert (await client.get('/set/item')).status_code == 200
            await asyncio.sleep(0.1)

    # Longer than that it accepts changes, and drops them.
    assert old.ask('ROLE')[0] == b'master'


async def test_demoted_primary_is_left(
    app: Quart, setup: SentinelSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A primary that became a replica, and has open connections, is left at the first change."""
    monkeypatch.setattr(sentinel_module, 'CHECK_SECONDS', math.inf)
    client = app.test_client()
    await client.get('/')
    setup.wait_until_whole()
    old = setup.primary
    setup.sentinels[0].ask('SENTINEL', 'FAILOVER', 'mymaster')
    new = await new_primary(setup, old)
    old.ask('REPLICAOF', '127.0.0.1', new.port)

    assert await text(client, '/login') == 'logged in'
    assert await text(client, '/get_session/') == 'zhiliao'


async def test_separated_sentinel_is_outvoted(setup: SentinelSetup, tmp_path: Path) -> None:
    """A Sentinel that reports another primary than most changes nothing, also if it is first."""
    (tmp_path / 'other').mkdir()
    with RedisServer(tmp_path / 'other') as other:
        setup.sentinels[0].ask('SENTINEL', 'REMOVE', SERVICE)
        setup.sentinels[0].ask('SENTINEL', 'MONITOR', SERVICE, '127.0.0.1', other.port, 1)
        app = make_sessions_app(**setup.settings, SESSION_REDIS_TIMEOUT=5)
        async with app.test_app():
            for _ in range(20):
                assert (await app.test_client().get('/')).status_code == 200
        assert other.ask('DBSIZE') == 0


async def test_failed_sentinels_delay_nothing(setup: SentinelSetup) -> None:
    """One Sentinel is enough: another one that hangs, and one that is down, delay nothing."""
    setup.sentinels[0].pause()
    setup.sentinels[1].stop()
    app = make_sessions_app(**setup.settings, SESSION_REDIS_TIMEOUT=60)
    start = time.monotonic()
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        assert await text(client, '/get_session/') == 'zhiliao'
        assert time.monotonic() - start < 30

        # Connections that work stay, though nobody reports the primary.
        setup.sentinels[2].stop()
        assert await text(client, '/get_session/') == 'zhiliao'
