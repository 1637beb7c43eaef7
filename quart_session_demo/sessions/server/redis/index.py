"""The index of users in Redis: which sessions a user has.

It is a sorted set for each user. Its members are the keys of the sessions. The score of a member is
the time at which it expires, in milliseconds since 1970 by Redis' own clock. A session is added
before it is created and removed after it is deleted, so that none exists that is not listed.
"""

from contextlib import suppress
from typing import cast

from quart_session_demo.sessions.server.redis.cluster import ClusterConnections
from quart_session_demo.sessions.server.redis.connections import RedisConnections
from quart_session_demo.sessions.server.redis.scripts import ADD_ENTRY, REMOVE_ENTRIES
from quart_session_demo.sessions.server.store import StoreError

#: An entry outlives its session by at most this fraction of the lifetime, because the session is
#: written later than the entry.
MARGIN = 0.01
#: The longest time by which an entry outlives its session, in milliseconds.
MAX_MARGIN = 60_000


class UserIndex:
    """Adds the sessions of users to the index, reads them, and removes them."""

    def __init__(self, connections: RedisConnections | ClusterConnections, prefix: str) -> None:
        """Connect to nothing.

        Args:
            connections: The connections to Redis.
            prefix: The first part of all keys.
        """
        self._connections = connections
        self._prefix = f'{prefix}user:'

    async def add(self, user_key: str, key: str, lifetime: int) -> None:
        """Add a session, or let its entry last longer.

        Args:
            user_key: The user.
            key: The session's key.
            lifetime: The milliseconds from now after which the session expires.
        """
        name = self._prefix + user_key
        margin = min(round(lifetime * MARGIN), MAX_MARGIN)
        args: list[str | int] = [key, lifetime + margin]
        await self._connections.run(
            lambda connections: connections.evaluate(ADD_ENTRY, name, args), name
        )

    async def read(self, user_key: str) -> dict[str, int]:
        """Return the keys of the sessions of a user, with their scores."""
        name = self._prefix + user_key
        entries = await self._connections.run(
            lambda connections: connections.client.zrange(name, 0, -1, withscores=True), name
        )
        # Bytes, because `decode_responses` is false.
        return {key.decode(): int(score) for key, score in cast(list[tuple[bytes, float]], entries)}

    async def drop(self, user_key: str, entries: dict[str, int]) -> None:
        """Remove entries without a session, unless they were added again since they were read.

        A session that is created meanwhile is added again, after its creation.

        Args:
            user_key: The user.
            entries: The keys and their scores, from `read`.
        """
        name = self._prefix + user_key
        args = [text for entry in entries.items() for text in entry]
        await self._connections.run(
            lambda connections: connections.evaluate(REMOVE_ENTRIES, name, args), name
        )

    async def remove(self, user_key: str, key: str) -> None:
        """Remove a session that was deleted."""
        name = self._prefix + user_key
        # Without a session, the entry does no harm: `drop` removes it.
        with suppress(StoreError):
            await self._connections.run(
                lambda connections: connections.client.zrem(name, key), name
            )
