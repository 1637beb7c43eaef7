"""The stores that can be measured, each with the bare round trips of its back end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from quart_session_demo.compare.cost.server import LIFETIME, BareSteps, MeasuredStore
from quart_session_demo.sessions import MemoryStore
from quart_session_demo.sessions.server.store import current_time


def memory_store() -> MeasuredStore:
    """Return the store in memory. Its bare steps read and change a dict."""
    content: dict[bytes, bytes] = {}

    async def read() -> dict[bytes, bytes]:
        return dict(content)

    async def write(number: int) -> None:
        content[b'"age"'] = b'%d' % number

    @asynccontextmanager
    async def bare_steps(key: str) -> AsyncIterator[BareSteps]:
        yield BareSteps(read, write)

    return MeasuredStore('memory', MemoryStore(), bare_steps)


def sqlite_store(path: Path) -> MeasuredStore:
    """Return the store in a SQLite file; needs the extra `sql`."""
    import aiosqlite

    from quart_session_demo.sessions.sql import SQLStore

    @asynccontextmanager
    async def bare_steps(key: str) -> AsyncIterator[BareSteps]:
        async with aiosqlite.connect(path, isolation_level=None) as connection:

            async def read() -> None:
                query = 'SELECT fields, created, refreshed FROM quart_sessions WHERE key = ?'
                async with connection.execute(query, [key]) as cursor:
                    await cursor.fetchone()

            async def write(number: int) -> None:
                now = current_time()
                patch = f'{{"\\"age\\"": "{number}"}}'
                await connection.execute('BEGIN IMMEDIATE')
                await connection.execute(
                    'UPDATE quart_sessions SET fields = json_patch(fields, ?), refreshed = ?, '
                    'expires = ? WHERE key = ?',
                    [patch, now, now + LIFETIME, key],
                )
                await connection.execute('COMMIT')

            yield BareSteps(read, write)

    return MeasuredStore('SQLite', SQLStore(f'sqlite:///{path}'), bare_steps)


def postgresql_store(url: str) -> MeasuredStore:
    """Return the store in a PostgreSQL database; needs the extra `sql`.

    Raises:
        ValueError: The URL is wrong.
    """
    import asyncpg  # type: ignore[import-untyped]
    from sqlalchemy import make_url

    from quart_session_demo.sessions.sql import SQLStore

    store = SQLStore(url)
    plain_url = make_url(url).set(drivername='postgresql').render_as_string(hide_password=False)

    @asynccontextmanager
    async def bare_steps(key: str) -> AsyncIterator[BareSteps]:
        connection = await asyncpg.connect(plain_url)

        async def read() -> None:
            await connection.fetchrow(
                'SELECT fields, created, refreshed FROM quart_sessions WHERE key = $1', key
            )

        async def write(number: int) -> None:
            now = current_time()
            await connection.execute(
                'UPDATE quart_sessions SET fields = fields || $1, refreshed = $2, expires = $3 '
                'WHERE key = $4',
                *(f'{{"\\"age\\"": "{number}"}}', now, now + LIFETIME, key),
            )

        try:
            yield BareSteps(read, write)
        finally:
            await connection.close()

    return MeasuredStore('PostgreSQL', store, bare_steps)


def redis_store(url: str, *, cluster: bool = False) -> MeasuredStore:
    """Return the store in Redis or in a Redis Cluster; needs the extra `redis`.

    Args:
        url: The URL of the server, or of a node of the cluster.
        cluster: Whether it is a cluster.

    Raises:
        ValueError: The URL is wrong.
    """
    from redis.asyncio import Redis, RedisCluster

    from quart_session_demo.sessions.redis import RedisStore
    from quart_session_demo.sessions.server.redis.scripts import WRITE

    store = RedisStore.from_config(
        {'SESSION_REDIS_URL': url, 'SESSION_REDIS_CLUSTER': cluster, 'SESSION_KEY_PREFIX': 'cost:'}
    )

    @asynccontextmanager
    async def bare_steps(key: str) -> AsyncIterator[BareSteps]:
        client = RedisCluster.from_url(url) if cluster else Redis.from_url(url, protocol=2)
        script = client.register_script(WRITE)
        key = f'cost:{key}'

        async def read() -> None:
            await client.hgetall(key)

        async def write(number: int) -> None:
            args: list[bytes | int] = [0, LIFETIME, current_time(), 2, b'"age"', number]
            await script(keys=[key], args=args)

        try:
            yield BareSteps(read, write)
        finally:
            await client.aclose()

    return MeasuredStore('Redis Cluster' if cluster else 'Redis', store, bare_steps)
