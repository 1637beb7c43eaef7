"""The session store in Redis: a hash for each session, and a script for each change."""

import hashlib
import secrets
from collections.abc import Iterable
from itertools import chain
from typing import cast

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.redis.checks import redis_findings
from quart_session_demo.sessions.server.redis.connections import (
    LoopConnections,
    RedisConnections,
)
from quart_session_demo.sessions.server.redis.scripts import CREATED, REFRESHED, TOMBSTONE
from quart_session_demo.sessions.server.store import (
    Fields,
    StoredSession,
    StoreError,
    WriteResult,
    new_session_id,
)


class RedisStore:
    """The session store in Redis; `SessionStore` documents the methods.

    Each session is a hash. Its key is a prefix and the SHA-256 of the session's id.
    """

    def __init__(self, url: str, *, prefix: str, timeout: float, max_connections: int) -> None:
        """Check the URL; connect to nothing.

        Args:
            url: `redis://`, `rediss://` or `unix://`, as redis-py reads it.
            prefix: The first part of all keys.
            timeout: The seconds for each of two attempts, connecting included.
            max_connections: The largest number of connections of each event loop.

        Raises:
            ValueError: The URL is invalid. The message does not show the URL, which may hold a
                password.
        """
        self._connections = RedisConnections(url, timeout=timeout, max_connections=max_connections)
        self._prefix = prefix
        # A deletion may be retried until both attempts are over.
        self._tombstone_milliseconds = round(2 * timeout * 1000)

    async def create(self, fields: Fields, *, lifetime: int, now: int) -> str:
        """Store a new session and return its random id."""
        args = _write_args(
            fields | {CREATED: b'%d' % now}, (), create=True, lifetime=lifetime, now=now
        )

        async def attempt(connections: LoopConnections) -> str:
            # A new id for each attempt: Redis may execute the first attempt late.
            session_id = new_session_id()
            await connections.write(keys=[self._key(session_id)], args=args)
            return session_id

        return await self._connections.run(attempt)

    async def read(self, session_id: str) -> StoredSession | None:
        """Return a session, or None if there is no such session."""
        key = self._key(session_id)
        # redis-py returns bytes, because `decode_responses` is false.
        fields = cast(
            Fields,
            await self._connections.run(lambda connections: connections.client.hgetall(key)),
        )
        if not fields or TOMBSTONE in fields:
            return None
        try:
            return StoredSession(fields, int(fields.pop(CREATED)), int(fields.pop(REFRESHED)))
        except (KeyError, ValueError):
            raise StoreError('Redis holds other data under the key of a session') from None

    async def write(
        self,
        session_id: str,
        changed: Fields,
        removed: Iterable[bytes],
        *,
        lifetime: int,
        now: int,
    ) -> WriteResult:
        """Change some fields of a session and extend its lifetime; never create a session."""
        key = self._key(session_id)
        args = _write_args(changed, removed, create=False, lifetime=lifetime, now=now)
        result: bytes = await self._connections.run(
            lambda connections: connections.write(keys=[key], args=args)
        )
        return WriteResult(result.decode())

    async def delete(self, session_id: str) -> Fields | None:
        """Delete a session; return its last fields, or None if there is no such session."""
        key = self._key(session_id)
        # One token for both attempts.
        args: list[bytes | int] = [secrets.token_bytes(16), self._tombstone_milliseconds]
        flat: list[bytes] = await self._connections.run(
            lambda connections: connections.delete(keys=[key], args=args)
        )
        if not flat:
            return None
        fields = dict(zip(flat[::2], flat[1::2], strict=True))
        for name in (CREATED, REFRESHED, TOMBSTONE):
            fields.pop(name, None)
        return fields

    async def ping(self) -> None:
        """Check that Redis accepts everything that sessions need, writes included."""
        # Under an id that no client gets, for a second.
        await self.create({}, lifetime=1000, now=0)

    async def findings(self) -> list[Finding]:
        """Return what is unsafe about this Redis."""
        return await redis_findings(self, self._connections)

    async def close(self) -> None:
        """Close the connections of the current event loop; later calls open new ones."""
        await self._connections.close()

    def _key(self, session_id: str) -> str:
        # Nobody who reads the keys in Redis, or in a backup, can use one as a cookie.
        return self._prefix + hashlib.sha256(session_id.encode()).hexdigest()


def _write_args(
    changed: Fields, removed: Iterable[bytes], *, create: bool, lifetime: int, now: int
) -> list[bytes | int]:
    # A lifetime of 0 would delete the session between two steps of the script.
    args: list[bytes | int] = [int(create), max(1, lifetime), now, 2 * len(changed)]
    return [*args, *chain.from_iterable(changed.items()), *removed]
