"""The session store in Redis: a hash for each session, and a script for each change."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self

from redis.exceptions import ResponseError

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.redis.checks import redis_findings
from quart_session_demo.sessions.server.redis.client import RedisClients, UrlClients
from quart_session_demo.sessions.server.redis.cluster import ClusterConnections
from quart_session_demo.sessions.server.redis.cluster_clients import ClusterClients
from quart_session_demo.sessions.server.redis.commands import (
    READ_BATCH,
    UnknownResult,
    count_sessions,
    once,
    read_batch,
)
from quart_session_demo.sessions.server.redis.connections import (
    MAX_ATTEMPTS,
    Command,
    LoopConnections,
    RedisConnections,
)
from quart_session_demo.sessions.server.redis.hashes import (
    change_args,
    create_args,
    flat_fields,
    parse_attributes,
    parse_deleted,
    parse_session,
)
from quart_session_demo.sessions.server.redis.index import UserIndex
from quart_session_demo.sessions.server.redis.scripts import (
    DELETE,
    WRITE,
)
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

_logger = logging.getLogger(__name__)


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
        self._index = UserIndex(self._connections, prefix)
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

    async def create(
        self, fields: Fields, *, lifetime: int, now: int, user_key: str | None = None
    ) -> str:
        """Store a new session and return its random id."""
        if user_key is None:
            return await self._connections.run(self._create_command(fields, lifetime, now))
        args = create_args(fields, lifetime=lifetime, now=now)
        for _ in range(MAX_ATTEMPTS):
            # A new id for each attempt: Redis may execute the first attempt late.
            session_id = new_session_id()
            key = store_key(session_id)
            name = self._prefix + key
            await self._index.add(user_key, key, lifetime)
            with suppress(UnknownResult):
                await self._connections.run(once(WRITE, name, args), name)
                # `read_user` may have removed it, when it was not created yet. With another score,
                # also in the same millisecond: a second `read_user` must not remove it now.
                await self._index.add(user_key, key, lifetime + 1)
                return session_id
        raise StoreError('Redis did not respond')

    def _create_command(self, fields: Fields, lifetime: int, now: int) -> Command[str]:
        args = create_args(fields, lifetime=lifetime, now=now)

        async def attempt(connections: LoopConnections) -> str:
            # A new id for each attempt: Redis may execute the first attempt late.
            session_id = self._new_id(connections.owns)
            await connections.evaluate(WRITE, self._prefix + store_key(session_id), args)
            return session_id

        return attempt

    def _new_id(self, owns: Callable[[str], bool]) -> str:
        for _ in range(MAX_DRAWS):
            session_id = new_session_id()
            if owns(self._prefix + store_key(session_id)):
                break
        return session_id

    async def read(self, key: str) -> StoredSession | None:
        """Return a session, or None if there is no such session."""
        name = self._prefix + key
        # Bytes, because `decode_responses` is false.
        flat: list[bytes] = await self._connections.run(
            lambda connections: connections.send('HGETALL', name), name
        )
        return parse_session(flat_fields(flat))

    async def read_many(self, keys: Sequence[str]) -> list[StoredSession | None]:
        """Return the sessions with these keys, in this order: a pipeline for each node."""
        names = [self._prefix + key for key in keys]
        found: dict[str, StoredSession | None] = {}
        for group in await self._connections.group(dict.fromkeys(names)):
            for start in range(0, len(group), READ_BATCH):
                batch = group[start : start + READ_BATCH]
                responses = await self._connections.run(read_batch(batch), batch[0])
                for name, (values, length) in zip(batch, responses, strict=True):
                    if isinstance(values, ResponseError) or isinstance(length, ResponseError):
                        # Another node serves it now, for example.
                        stored = await self.read(name.removeprefix(self._prefix))
                        found[name] = stored and stored.without_content()
                    else:
                        found[name] = parse_attributes(values, length)
        return [found[name] for name in names]

    async def read_user(self, user_key: str) -> dict[str, StoredSession]:
        """Return the sessions that were created with a `user_key`, by their keys."""
        while True:
            entries = await self._index.read(user_key)
            sessions = dict(zip(entries, await self.read_many(list(entries)), strict=True))
            dead = {key: score for key, score in entries.items() if sessions[key] is None}
            if not dead:
                return {key: stored for key, stored in sessions.items() if stored is not None}
            await self._index.drop(user_key, dead)
            # Again: a session that was replaced meanwhile has another key now.

    async def write(
        self,
        key: str,
        changed: Fields,
        removed: Names,
        *,
        lifetime: int,
        refreshed: int,
        user_key: str | None = None,
    ) -> WriteResult:
        """Change some fields of a session and extend its lifetime; never create a session."""
        name = self._prefix + key
        if user_key is not None:
            # First, so that the session does not outlive its entry.
            try:
                await self._index.add(user_key, key, lifetime)
            except StoreError as error:
                # In a cluster, the node of the index may fail alone.
                _logger.warning('Session not extended: %s', error)
                lifetime = 0
        args = change_args(changed, removed, lifetime=lifetime, refreshed=refreshed)
        result: bytes = await self._connections.run(
            lambda connections: connections.evaluate(WRITE, name, args), name
        )
        if user_key is not None and result == b'gone':
            await self._index.remove(user_key, key)
        return WriteResult(result.decode())

    async def delete(self, key: str, token: bytes, *, user_key: str | None = None) -> Fields | None:
        """Delete a session; return its last fields, or None if there is no such session."""
        name = self._prefix + key
        args: list[bytes | int] = [token, self._tombstone_milliseconds]
        flat: list[bytes] = await self._connections.run(
            lambda connections: connections.evaluate(DELETE, name, args), name
        )
        if user_key is not None:
            await self._index.remove(user_key, key)
        return parse_deleted(flat)

    async def count(self) -> int:
        """Return about how many sessions are stored."""
        return await count_sessions(self._connections, self._prefix)

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
