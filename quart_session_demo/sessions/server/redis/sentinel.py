"""The primary that Redis Sentinels report, also after a failover."""

import asyncio
from copy import copy
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool
from redis.exceptions import RedisError

from quart_session_demo.sessions.server.redis.pools import shared_options


class SentinelPool(SentinelConnectionPool):
    """The connections to a primary, and to the Sentinels that report its address."""

    def __init__(self, pool: SentinelConnectionPool, *, max_connections: int) -> None:
        """Use the options of another pool, but none of its connections; connect to nothing."""
        self.sentinels = Sentinels(pool.sentinel_manager)
        super().__init__(  # type: ignore[no-untyped-call]
            pool.service_name,
            self.sentinels,
            max_connections=max_connections,
            check_connection=pool.check_connection,
            **shared_options(pool),
        )

    async def aclose(self) -> None:
        """Close all connections, those to the Sentinels too."""
        await super().aclose()
        await self.sentinels.aclose()


class Sentinels:
    """Asks all Sentinels at the same time, so that one that is down or hangs delays nothing."""

    def __init__(self, manager: Sentinel) -> None:
        """Use the addresses and options of redis-py's object, but none of its connections."""
        self._managers = [_only(manager, client) for client in manager.sentinels]

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return the host and port of the primary that the fastest Sentinel reports.

        Raises:
            MasterNotFoundError: No Sentinel reports a primary that works.
        """
        questions = [asyncio.create_task(_ask(manager, service_name)) for manager in self._managers]
        try:
            for answer in asyncio.as_completed(questions):
                if (address := await answer) is not None:
                    return address
        finally:
            for question in questions:
                question.cancel()
            await asyncio.gather(*questions, return_exceptions=True)
        raise MasterNotFoundError(f'no Sentinel reports a primary of {service_name!r}')

    async def aclose(self) -> None:
        """Close the connections to the Sentinels."""
        for manager in self._managers:
            await manager.aclose()


def _only(manager: Sentinel, client: Redis) -> Sentinel:
    # A copy, so that a subclass may change the address, for example behind a NAT.
    single = copy(manager)
    pool = ConnectionPool(**shared_options(client.connection_pool))
    single.sentinels = [Redis.from_pool(pool)]
    return single


async def _ask(manager: Sentinel, service_name: str) -> tuple[str, int] | None:
    try:
        address: Any = await manager.discover_master(service_name)
    except (RedisError, OSError):
        return None
    return address[0], address[1]
