"""Connections to Redis: a client for each event loop, time limits, and retries."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import (
    AskError,
    NoScriptError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from quart_session_demo.sessions.server.connection_queue import ConnectionQueue
from quart_session_demo.sessions.server.loops import LoopResources
from quart_session_demo.sessions.server.redis.client import RedisClients
from quart_session_demo.sessions.server.redis.pools import CompleteConnections
from quart_session_demo.sessions.server.redis.scripts import script_digest
from quart_session_demo.sessions.server.store import StoreError
from quart_session_demo.sessions.server.timeouts import responsive_timeout

T = TypeVar('T')

#: How often a command is tried if Redis responds to nobody.
MIN_ATTEMPTS = 2
#: How often a command is tried while others get responses.
MAX_ATTEMPTS = 5


@dataclass
class LoopConnections:
    """The connections of one event loop; another loop cannot use them.

    Attributes:
        client: The client with its pool.
        queue: The queue for a connection of the pool.
        owns: Returns whether a key may be sent to this Redis; each node of a cluster accepts only
            some keys.
    """

    client: Redis
    queue: ConnectionQueue
    owns: Callable[[str], bool]

    @property
    def pool(self) -> CompleteConnections:
        """The client's pool."""
        return cast(CompleteConnections, self.client.connection_pool)

    async def send(self, *command: str | bytes | int) -> Any:
        """Send a command, and return the response as Redis sent it.

        This takes half the time of the client's methods, which can also retry, measure each command
        and convert its response.
        """
        # As in the client: one that `Redis.client()` returned has a connection of its own.
        own = self.client.connection
        connection = own or await self.pool.get_connection()
        try:
            await connection.send_command(*command)
            return await connection.read_response()
        finally:
            if own is None:
                await self.pool.release(connection)

    async def evaluate(self, script: str, key: str, args: Sequence[str | bytes | int]) -> Any:
        """Run a Lua script with one key."""
        command = ('EVALSHA', script_digest(script), 1, key, *args)
        try:
            return await self.send(*command)
        except NoScriptError:
            await self.send('SCRIPT', 'LOAD', script)
            return await self.send(*command)


#: The errors after which a command is tried again.
_LOST = (
    OSError,
    RedisConnectionError,
    RedisTimeoutError,
    TimeoutError,
)

#: Sends one command and returns its result.
Command = Callable[[LoopConnections], Awaitable[T]]


class Runner(Protocol):
    """Runs commands on one node, as `RedisConnections.run` does."""

    async def __call__(self, command: Command[T]) -> T:
        """Return the result of a command."""


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
            timeout: The seconds for each attempt, connecting included.
            max_connections: The largest number of connections of each event loop.
            owns: Returns whether a key may be sent to this Redis.
        """
        self.clients = clients
        self._owns = owns
        self._timeout = timeout
        self._max_connections = max_connections
        self._by_loop = LoopResources(self._open, self._close)

    @property
    def pools(self) -> list[ConnectionPool]:
        """A pool for each address, with no connection: `check-deploy` reads the options."""
        return self.clients.pools

    @property
    def repeat_seconds(self) -> float:
        """The longest time between two attempts to send the same command."""
        # An attempt takes at most `BUSY_FACTOR` times its timeout, which is less.
        return 2 * self._timeout

    async def run(self, command: Command[T], key: str | None = None) -> T:
        """Return the result of a command; try it again if the connection fails.

        Args:
            command: Sends the command. A retry calls it again.
            key: The key in the command, by which `ClusterConnections` chooses a node.

        Raises:
            StoreError: Redis failed, refused the command, or did not respond in time.
        """
        connections = await self._by_loop.get()
        await connections.queue.wait(self._timeout)
        try:
            return await self._try(command, connections)
        except AskError:
            # On a single Redis; `ClusterConnections` follows the redirection.
            raise StoreError(
                'Redis is a node of a Redis Cluster: set SESSION_REDIS_CLUSTER to true, or '
                'SESSION_REDIS to a RedisCluster'
            ) from None
        except ResponseError as error:
            # The message may quote what was sent.
            raise StoreError(f'Redis refused: {type(error).__name__}') from None
        except TimeoutError:
            raise StoreError(
                f'Redis did not respond within {self._timeout} s, in each attempt'
            ) from None
        except (RedisError, OSError, UnicodeError) as error:
            raise StoreError(f'Redis failed: {error}') from None
        finally:
            connections.queue.free.release()

    async def each(self) -> list[Runner]:
        """Return what runs commands on each Redis that stores sessions: here only one."""
        return [self.run]

    async def run_on_each(self, command: Command[T]) -> list[T]:
        """Return the result of a command from each Redis that stores sessions: here only one."""
        return [await self.run(command)]

    async def group(self, keys: Iterable[str]) -> list[list[str]]:
        """Return keys in groups that one Redis serves each: here only one."""
        return [[*keys]]

    async def close(self) -> None:
        """Close the connections of the current event loop."""
        await self._by_loop.close()

    def _open(self) -> LoopConnections:
        client = self.clients.create()
        return LoopConnections(
            client,
            ConnectionQueue('Redis', self._max_connections),
            self._owns,
        )

    async def _close(self, connections: LoopConnections) -> None:
        # asyncio would wait 30 seconds for the TLS shutdown of a Redis that hangs.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await connections.client.aclose()

    async def _try(self, command: Command[T], connections: LoopConnections) -> T:
        clock = asyncio.get_running_loop().time
        attempts = 0
        while True:
            attempts += 1
            start = clock()
            try:
                async with responsive_timeout(self._timeout):
                    result = await command(connections)
            except ReadOnlyError:
                connections.queue.responded_at = clock()
                if attempts >= MIN_ATTEMPTS:
                    raise
                # After a failover, new connections reach the new primary, but open ones do not.
                await connections.pool.disconnect_idle()
            except _LOST:
                # If others got a response during this attempt, only this connection is at fault.
                if connections.queue.responded_at > start:
                    if attempts >= MAX_ATTEMPTS:
                        raise
                elif attempts >= MIN_ATTEMPTS:
                    connections.queue.failed_at = clock()
                    raise
            except ResponseError:
                connections.queue.responded_at = clock()
                raise
            else:
                connections.queue.responded_at = clock()
                return result
