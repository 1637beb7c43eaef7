"""The session store in Redis: a hash for each session, and a script for each change."""

from collections.abc import Callable
from itertools import chain
from typing import Any, Self, cast

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.redis.checks import redis_findings
from quart_session_demo.sessions.server.redis.client import RedisClients, UrlClients
from quart_session_demo.sessions.server.redis.cluster import ClusterConnections
from quart_session_demo.sessions.server.redis.cluster_clients import ClusterClients
from quart_session_demo.sessions.server.redis.connections import (
    Command,
    LoopConnections,
    RedisConnections,
)
from quart_session_demo.sessions.server.redis.scripts import CREATED, REFRESHED, TOMBSTONE
from quart_session_demo.sessions.server.redis.selection import select_clients
from quart_session_demo.sessions.server.redis.slots import slot_of
from quart_session_demo.sessions.server.store import (
    Fields,
    Names,
    StoredSession,
    StoreError,
    WriteResult,
    new_session_id,
    store_key,
)
from quart_session_demo.sessions.settings import REDIS_SETTINGS, complete_settings

#: How many ids are drawn for one that belongs to the chosen node of a cluster. It is enough for a
#: node with a single slot of 16,384. If none is found, the node redirects the last one.
MAX_DRAWS = 100_000


class RedisStore:
    """The session store in Redis; `SessionStore` documents the methods.

    Each session is a hash. Its key is a prefix and the session's `store_key`.
    """

    def __init__(
        self,
        clients: str | RedisClients | ClusterClients,
        *,
        prefix: str = 'session:',
        timeout: float = 0.5,
        max_connections: int = 10,
    ) -> None:
        """Check the URL; connect to nothing.

        Args:
            clients: A URL, `redis://`, `rediss://` or `unix://`, as redis-py reads it; or what
                makes the clients.
            prefix: The first part of all keys.
            timeout: The seconds for each attempt, connecting included.
            max_connections: The largest number of connections of each event loop.

        Raises:
            ValueError: The URL is invalid. The message does not show the URL, which may hold a
                password.
        """
        if isinstance(clients, str):
            clients = UrlClients(clients, max_connections=max_connections)
        self._connections: RedisConnections | ClusterConnections
        if isinstance(clients, ClusterClients):
            if slot_of(f'{prefix}1') == slot_of(f'{prefix}2') == slot_of(f'{prefix}3'):
                raise ValueError(
                    'SESSION_KEY_PREFIX has a part in braces, and so all sessions would be on one '
                    'node of the Redis Cluster: remove the braces'
                )
            self._connections = ClusterConnections(
                clients, timeout=timeout, max_connections=max_connections
            )
        else:
            self._connections = RedisConnections(
                clients, timeout=timeout, max_connections=max_connections
            )
        self._prefix = prefix
        # Each attempt of a deletion must find what the one before did, and makes it last anew.
        self._tombstone_milliseconds = round(self._connections.repeat_seconds * 1000)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return the store that an app's settings describe.

        Raises:
            ValueError: A setting is missing or wrong. The message names it, the problem and what
                to do.
        """
        complete_settings(config, REDIS_SETTINGS)
        return cls(
            select_clients(config),
            prefix=config['SESSION_KEY_PREFIX'],
            timeout=config['SESSION_REDIS_TIMEOUT'],
            max_connections=config['SESSION_REDIS_MAX_CONNECTIONS'],
        )

    async def create(self, fields: Fields, *, lifetime: int, now: int) -> str:
        """Store a new session and return its random id."""
        return await self._connections.run(self._create_command(fields, lifetime, now))

    def _create_command(self, fields: Fields, lifetime: int, now: int) -> Command[str]:
        args = _write_args(
            fields | {CREATED: b'%d' % now}, (), create=True, lifetime=lifetime, refreshed=now
        )

        async def attempt(connections: LoopConnections) -> str:
            # A new id for each attempt: Redis may execute the first attempt late.
            session_id = self._new_id(connections.owns)
            await connections.write(keys=[self._key(session_id)], args=args)
            return session_id

        return attempt

    def _new_id(self, owns: Callable[[str], bool]) -> str:
        for _ in range(MAX_DRAWS):
            session_id = new_session_id()
            if owns(self._key(session_id)):
                break
        return session_id

    async def read(self, session_id: str) -> StoredSession | None:
        """Return a session, or None if there is no such session."""
        key = self._key(session_id)
        # redis-py returns bytes, because `decode_responses` is false.
        fields = cast(
            Fields,
            await self._connections.run(lambda connections: connections.client.hgetall(key), key),
        )
        if not fields or TOMBSTONE in fields:
            return None
        try:
            return StoredSession(fields, int(fields.pop(CREATED)), int(fields.pop(REFRESHED)))
        except (KeyError, ValueError):
            raise StoreError('Redis holds other data under the key of a session') from None

    async def write(
        self, session_id: str, changed: Fields, removed: Names, *, lifetime: int, refreshed: int
    ) -> WriteResult:
        """Change some fields of a session and extend its lifetime; never create a session."""
        key = self._key(session_id)
        args = _write_args(changed, removed, create=False, lifetime=lifetime, refreshed=refreshed)
        result: bytes = await self._connections.run(
            lambda connections: connections.write(keys=[key], args=args), key
        )
        return WriteResult(result.decode())

    async def delete(self, session_id: str, token: bytes) -> Fields | None:
        """Delete a session; return its last fields, or None if there is no such session."""
        key = self._key(session_id)
        args: list[bytes | int] = [token, self._tombstone_milliseconds]
        flat: list[bytes] = await self._connections.run(
            lambda connections: connections.delete(keys=[key], args=args), key
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
        await self._connections.run_on_each(self._create_command({}, lifetime=1000, now=0))

    async def findings(self) -> list[Finding]:
        """Return what is unsafe about this Redis."""
        return await redis_findings(self, self._connections)

    async def close(self) -> None:
        """Close the connections of the current event loop; later calls open new ones."""
        await self._connections.close()

    def _key(self, session_id: str) -> str:
        return self._prefix + store_key(session_id)


def _write_args(
    changed: Fields, removed: Names, *, create: bool, lifetime: int, refreshed: int
) -> list[bytes | int]:
    args: list[bytes | int] = [int(create), lifetime, refreshed, 2 * len(changed)]
    return [*args, *chain.from_iterable(changed.items()), *removed]
