"""The primary that Redis Sentinels report, also after a failover."""

import asyncio
from collections import Counter
from contextlib import suppress
from copy import copy
from math import inf
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool
from redis.exceptions import RedisError

from quart_session_demo.sessions.server.redis.pools import (
    CompleteConnections,
    SessionPool,
    shared_options,
)
from quart_session_demo.sessions.server.timeouts import responsive_timeout

#: How often the Sentinels are asked while the connections are in use, in seconds. After a planned
#: failover the old primary accepts changes for about ten seconds, and then drops them.
CHECK_SECONDS = 0.5
#: How long a request waits for the Sentinels if the connections may be right, in seconds.
CHECK_WAIT_SECONDS = 0.1
#: How long the other Sentinels are awaited after a response, in seconds, if most of them hang.
AGREEMENT_SECONDS = 0.1
#: How long Sentinels that hang are asked, in seconds.
CHECK_LIMIT_SECONDS = 2.0


class SentinelPool(CompleteConnections, SentinelConnectionPool):
    """The connections to a primary, and to the Sentinels that report its address."""

    def __init__(self, pool: SentinelConnectionPool, *, max_connections: int) -> None:
        """Use the options of another pool, but none of its connections; connect to nothing."""
        self.sentinels = Sentinels(pool.sentinel_manager)
        super().__init__(
            pool.service_name,
            self.sentinels,
            max_connections=max_connections,
            check_connection=pool.check_connection,
            **shared_options(pool),
        )
        self._next_check = -inf
        self._check: asyncio.Task[None] | None = None

    async def get_master_address(self) -> tuple[str, int]:
        """Return the address of the primary, as the Sentinels report it now."""
        # redis-py's method also waits until all idle connections are closed.
        self.master_address = await self.sentinels.discover_master(self.service_name)
        self._next_check = asyncio.get_running_loop().time() + CHECK_SECONDS
        return self.master_address

    async def get_connection(self, *_: Any, **__: Any) -> Any:
        """Return a connection to the primary that the Sentinels reported recently."""
        now = asyncio.get_running_loop().time()
        if now >= self._next_check and (self._check is None or self._check.done()):
            self._next_check = now + CHECK_SECONDS
            self._check = asyncio.create_task(self._check_address())
            # Only this request waits. The check continues afterwards.
            await asyncio.wait([self._check], timeout=CHECK_WAIT_SECONDS)
        return await super().get_connection()

    async def _check_address(self) -> None:
        # If the Sentinels do not respond, the connections stay as they are.
        with suppress(RedisError, TimeoutError):
            async with responsive_timeout(CHECK_LIMIT_SECONDS):
                await self.get_master_address()

    async def ensure_connection(self, connection: Any) -> None:
        """Connect to the primary, even if the connection is open and leads to another server."""
        if connection.is_connected and self.master_address != (connection.host, connection.port):
            await connection.disconnect(nowait=True)
        await super().ensure_connection(connection)

    async def aclose(self) -> None:
        """Close all connections, those to the Sentinels too."""
        if self._check is not None:
            self._check.cancel()
            await asyncio.wait([self._check])
        await super().aclose()
        await self.sentinels.aclose()


class Sentinels:
    """Asks all Sentinels at the same time, so that one that is down or hangs delays nothing."""

    def __init__(self, manager: Sentinel) -> None:
        """Use the addresses and options of redis-py's object, but none of its connections."""
        self._managers = [_only(manager, client) for client in manager.sentinels]

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return the host and port of the primary that most Sentinels report.

        Raises:
            MasterNotFoundError: No Sentinel reports a primary that works.
        """
        questions = [asyncio.create_task(_ask(manager, service_name)) for manager in self._managers]
        waiting = set(questions)
        # A Sentinel that is separated from the others may report an old primary.
        answers: Counter[tuple[str, int]] = Counter()
        try:
            while waiting and max(answers.values(), default=0) <= len(questions) // 2:
                limit = AGREEMENT_SECONDS if answers else None
                done, waiting = await asyncio.wait(
                    waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    break
                answers.update(filter(None, (question.result() for question in done)))
        finally:
            for question in questions:
                question.cancel()
            await asyncio.gather(*questions, return_exceptions=True)
        if answers:
            return answers.most_common(1)[0][0]
        raise MasterNotFoundError(f'no Sentinel reports a primary of {service_name!r}')

    async def aclose(self) -> None:
        """Close the connections to the Sentinels."""
        for manager in self._managers:
            await manager.aclose()


def _only(manager: Sentinel, client: Redis) -> Sentinel:
    # A copy, so that a subclass may change the address, for example behind a NAT.
    single = copy(manager)
    pool = SessionPool(**shared_options(client.connection_pool))
    single.sentinels = [Redis.from_pool(pool)]
    return single


async def _ask(manager: Sentinel, service_name: str) -> tuple[str, int] | None:
    [client] = manager.sentinels
    # Another class, or one of these options, may change or refuse the address.
    is_plain = type(manager) is Sentinel and not (
        manager.min_other_sentinels or manager._force_master_ip
    )
    try:
        if not is_plain:
            host, port = await manager.discover_master(service_name)
            return str(host), int(port)
        # redis-py sends SENTINEL MASTERS, which has the old address until the end of a failover.
        # This has the new address as soon as the new primary works, about a second earlier.
        address = await client.execute_command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', service_name)  # type: ignore[no-untyped-call]
    except (RedisError, OSError):
        return None
    return (address[0].decode(), int(address[1])) if address else None
