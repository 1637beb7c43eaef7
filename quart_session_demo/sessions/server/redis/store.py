"""Redis, in bounded time: what is stored under an id, written and ended in one step each."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import chain
from math import inf
from typing import Any, cast
from weakref import WeakKeyDictionary

from redis.asyncio import Connection, ConnectionPool, Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from quart_session_demo.sessions.server.redis.client import options_of
from quart_session_demo.sessions.server.redis.scripts import CREATED, DELETE, ENDED, WRITE
from quart_session_demo.sessions.server.store import Fields, StoreError, new_session_id

# How long to wait for a free connection, in timeouts: past that, Redis is too slow for its load.
# When it fails those who have a connection, nobody waits on.
PATIENCE = 40
# Seconds.
MOMENT = 0.001


@dataclass
class _Connections:
    """What belongs to one event loop: a pool's connections cannot serve another's."""

    client: Redis
    write: AsyncScript
    delete: AsyncScript
    # A pool that runs dry raises errors, so no more may ask than it has.
    free: asyncio.Semaphore
    # By the loop's clock.
    failed_at: float = -inf


class RedisStore:
    """Keeps each session in a hash, under a prefix and the SHA-256 of its id."""

    def __init__(self, url: str, *, prefix: str, timeout: float, max_connections: int) -> None:
        """Take note of where Redis is; connect to nothing.

        Args:
            url: `redis://`, `rediss://` or `unix://`, as redis-py reads it.
            prefix: What all keys begin with.
            timeout: How many seconds each of two attempts may take, connecting included.
            max_connections: How many connections each event loop may have.

        Raises:
            ValueError: The URL is wrong; the message does not repeat it, for it may hold a
                password.
        """
        self._prefix = prefix
        self._timeout = timeout
        self._max_connections = max_connections
        self._of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Connections] = (
            WeakKeyDictionary()
        )
        self._options = options_of(url, max_connections)

    async def close(self) -> None:
        """Close this event loop's connections."""
        connections = self._of_loop.pop(asyncio.get_running_loop(), None)
        if connections is not None:
            # TLS would wait half a minute for the farewell of a Redis that hangs.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timeout):
                    await connections.client.aclose()

    async def ping(self) -> None:
        """Ask whether Redis takes what sessions need of it, and so connect."""
        # Under an id that nobody learns, for a moment.
        await self.create({}, lifetime=1000, now=0)

    async def memory_info(self) -> Mapping[str, Any]:
        """Return what Redis tells about its memory."""
        return cast(
            Mapping[str, Any],
            await self._call(lambda connections: connections.client.info('memory')),
        )

    @property
    def is_encrypted_or_local(self) -> bool:
        """Whether nobody else can read what is sent to Redis."""
        host = self._options.get('host', 'localhost')
        connection_class = self._options.get('connection_class', Connection)
        return connection_class is not Connection or host == 'localhost' or _is_loopback(host)

    async def read(self, session_id: str) -> Fields:
        """Return a session's fields; none when there is no such session."""
        key = self._key(session_id)
        stored = await self._call(lambda connections: connections.client.hgetall(key))
        return {} if ENDED in stored else cast(Fields, stored)

    async def create(self, fields: Fields, *, lifetime: int, now: int) -> str:
        """Make a session; return its id.

        Args:
            fields: What is in it.
            lifetime: For how many milliseconds from now Redis keeps it.
            now: The time, in milliseconds since 1970.
        """

        async def attempt(connections: _Connections) -> str:
            # With an id of its own, an attempt that Redis gets to late brings nothing back.
            session_id = new_session_id()
            await connections.write(
                keys=[self._key(session_id)],
                args=_write_args(fields | {CREATED: b'%d' % now}, (), 1, lifetime, now),
            )
            return session_id

        return cast(str, await self._call(attempt))

    async def write(
        self,
        session_id: str,
        fields: Fields,
        removed: Iterable[bytes],
        *,
        lifetime: int,
        now: int,
    ) -> bytes:
        """Set and remove fields and extend the session in one step, unless it has ended.

        Returns:
            `SAVED`, `GONE`, or `EMPTIED` when nothing is left in it: it ends in a minute then.
        """
        args = _write_args(fields, removed, 0, lifetime, now)
        key = self._key(session_id)
        return cast(
            bytes, await self._call(lambda connections: connections.write(keys=[key], args=args))
        )

    async def delete(self, session_id: str) -> Fields:
        """End a session; return the fields that it had, none when it had ended before."""
        key = self._key(session_id)
        # One token for both attempts, whose time together Redis remembers it for.
        args: list[bytes | int] = [secrets.token_bytes(16), round(2 * self._timeout * 1000)]
        flat = await self._call(lambda connections: connections.delete(keys=[key], args=args))
        fields = dict(zip(flat[::2], flat[1::2], strict=True))
        fields.pop(ENDED, None)
        return fields

    def _key(self, session_id: str) -> str:
        # Whoever reads Redis, or a copy of it, cannot use what is found there as a cookie.
        return self._prefix + hashlib.sha256(session_id.encode()).hexdigest()

    async def _call(self, command: Callable[[_Connections], Awaitable[Any]]) -> Any:
        connections = self._connections()
        clock = asyncio.get_running_loop().time
        began = clock()
        async with self._one_of(connections):
            if connections.failed_at > began:
                raise StoreError('Redis failed while this waited for a connection')
            try:
                try:
                    return await self._attempt(command, connections)
                except ReadOnlyError:
                    # After a failover the address leads to another Redis; these do not yet.
                    await self._attempt(_disconnect, connections)
                    return await self._attempt(command, connections)
                except (TimeoutError, OSError, RedisConnectionError, RedisTimeoutError):
                    return await self._attempt(command, connections)
            except ResponseError as error:
                # The message may quote what was sent.
                raise StoreError(f'Redis refused: {type(error).__name__}') from None
            except TimeoutError:
                connections.failed_at = clock()
                raise StoreError(f'Redis did not answer within {self._timeout} s, twice') from None
            except (RedisError, OSError, UnicodeError) as error:
                connections.failed_at = clock()
                raise StoreError(f'Redis failed: {error}') from None

    @asynccontextmanager
    async def _one_of(self, connections: _Connections) -> AsyncIterator[None]:
        seconds = PATIENCE * self._timeout
        try:
            async with asyncio.timeout(seconds):
                await connections.free.acquire()
        except TimeoutError:
            raise StoreError(f'No connection to Redis was free within {seconds} s') from None
        try:
            yield
        finally:
            connections.free.release()

    async def _attempt(
        self, command: Callable[[_Connections], Awaitable[Any]], connections: _Connections
    ) -> Any:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as limit:
            # When this process itself was too busy to look, the reply is there by now: so the
            # loop goes round once more.
            timer = loop.call_later(self._timeout, lambda: limit.reschedule(loop.time() + MOMENT))
            try:
                return await command(connections)
            finally:
                timer.cancel()

    def _connections(self) -> _Connections:
        loop = asyncio.get_running_loop()
        connections = self._of_loop.get(loop)
        if connections is None:
            client = Redis.from_pool(ConnectionPool(**self._options))
            connections = self._of_loop[loop] = _Connections(
                client,
                client.register_script(WRITE),
                client.register_script(DELETE),
                asyncio.Semaphore(self._max_connections),
            )
        return connections


async def _disconnect(connections: _Connections) -> None:
    await connections.client.connection_pool.disconnect(inuse_connections=False)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _write_args(
    fields: Fields, removed: Iterable[bytes], new: int, lifetime: int, now: int
) -> list[bytes | int]:
    # A lifetime that is over would delete the session between two of the script's steps.
    args: list[bytes | int] = [new, max(1, lifetime), now, 2 * len(fields)]
    return [*args, *chain.from_iterable(fields.items()), *removed]
