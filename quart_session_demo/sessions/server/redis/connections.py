"""Connections to Redis: a client for each event loop, time limits, and one retry."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from math import inf
from typing import TypeVar

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import AskError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from quart_session_demo.sessions.server.loops import LoopResources
from quart_session_demo.sessions.server.redis.client import RedisClients
from quart_session_demo.sessions.server.redis.scripts import DELETE, WRITE
from quart_session_demo.sessions.server.store import StoreError
from quart_session_demo.sessions.server.timeouts import responsive_timeout

T = TypeVar('T')

#: How long a request waits for a free connection, as a multiple of the timeout. The wait ends
#: earlier if Redis fails during it.
POOL_WAIT_FACTOR = 40


@dataclass
class LoopConnections:
    """The connections of one event loop; another loop cannot use them.

    Attributes:
        client: The client with its pool.
        write: The script `WRITE`.
        delete: The script `DELETE`.
        free: Counts the free connections. Callers wait for one, because an empty pool raises.
        owns: Returns whether a key may be sent to this Redis; each node of a cluster accepts only
            some keys.
        failed_at: When Redis failed last, by the clock of the event loop.
    """

    client: Redis
    write: AsyncScript
    delete: AsyncScript
    free: asyncio.Semaphore
    owns: Callable[[str], bool]
    failed_at: float = -inf


#: Sends one command and returns its result.
Command = Callable[[LoopConnections], Awaitable[T]]


class RedisConnections:
    """The connections to one Redis, which run commands in bounded time."""

    def __init__(
        self,
        clients: RedisClients,
        *,
        timeout: float,
        max_connections: int,
        owns: Callable[[str], bool] = lambda key: True,
    ) -> None:
        """Connect to nothing.

        Args:
            clients: Makes the client of each event loop.
            timeout: The seconds for each of two attempts, connecting included.
            max_connections: The largest number of connections of each event loop.
            owns: Returns whether a key may be sent to this Redis.
        """
        self.clients = clients
        self._owns = owns
        self._timeout = timeout
        self._max_connections = max_connections
        self._by_loop = LoopResources(self._open, self._close)

    @property
    def retry_seconds(self) -> float:
        """How long after a command was sent first it may be sent again."""
        return 2 * self._timeout

    async def run(self, command: Command[T], key: str | None = None) -> T:
        """Return the result of a command; try it twice if the connection fails.

        Args:
            command: Sends the command. A retry calls it again.
            key: The key in the command, by which `ClusterConnections` chooses a node.

        Raises:
            StoreError: Redis failed, refused the command, or did not respond in time.
        """
        connections = await self._by_loop.get()
        clock = asyncio.get_running_loop().time
        start = clock()
        async with self._connection_slot(connections):
            if connections.failed_at > start:
                raise StoreError('Redis failed while this request waited for a connection')
            try:
                return await self._try_twice(command, connections)
            except AskError:
                # On a single Redis; `ClusterConnections` follows the redirection.
                raise StoreError(
                    'Redis is a node of a Redis Cluster: set SESSION_REDIS_CLUSTER to true'
                ) from None
            except ResponseError as error:
                # The message may quote what was sent.
                raise StoreError(f'Redis refused: {type(error).__name__}') from None
            except TimeoutError:
                connections.failed_at = clock()
                raise StoreError(
                    f'Redis did not respond within {self._timeout} s, in two attempts'
                ) from None
            except (RedisError, OSError, UnicodeError) as error:
                connections.failed_at = clock()
                raise StoreError(f'Redis failed: {error}') from None

    async def run_on_each(self, command: Command[T]) -> list[T]:
        """Return the result of a command from each Redis that stores sessions: here only one."""
        return [await self.run(command)]

    async def close(self) -> None:
        """Close the connections of the current event loop."""
        await self._by_loop.close()

    def _open(self) -> LoopConnections:
        client = self.clients.create()
        return LoopConnections(
            client,
            client.register_script(WRITE),
            client.register_script(DELETE),
            asyncio.Semaphore(self._max_connections),
            self._owns,
        )

    async def _close(self, connections: LoopConnections) -> None:
        # asyncio would wait 30 seconds for the TLS shutdown of a Redis that hangs.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await connections.client.aclose()

    @asynccontextmanager
    async def _connection_slot(self, connections: LoopConnections) -> AsyncIterator[None]:
        seconds = POOL_WAIT_FACTOR * self._timeout
        try:
            async with asyncio.timeout(seconds):
                await connections.free.acquire()
        except TimeoutError:
            raise StoreError(f'No connection to Redis was free within {seconds} s') from None
        try:
            yield
        finally:
            connections.free.release()

    async def _try_twice(self, command: Command[T], connections: LoopConnections) -> T:
        try:
            return await self._attempt(command, connections)
        except ReadOnlyError:
            # After a failover, new connections reach the new primary, but open ones do not.
            await self._attempt(self._disconnect, connections)
        except (TimeoutError, OSError, RedisConnectionError, RedisTimeoutError):
            pass
        return await self._attempt(command, connections)

    async def _attempt(self, command: Command[T], connections: LoopConnections) -> T:
        async with responsive_timeout(self._timeout):
            return await command(connections)

    async def _disconnect(self, connections: LoopConnections) -> None:
        await self.clients.disconnect_idle(connections.client)
