"""The clients for `SESSION_REDIS`, which are like a client that the user made."""

import inspect
from collections.abc import Callable
from typing import Any

import redis
from redis.asyncio import ConnectionPool, Redis, RedisCluster
from redis.asyncio.sentinel import SentinelConnectionPool

from quart_session_demo.sessions.server.redis.pools import SessionPool, shared_options
from quart_session_demo.sessions.server.redis.sentinel import SentinelPool

REMEDY = (
    'set it to a redis.asyncio.Redis client, or to a function without arguments that returns one'
)


class OwnClients:
    """Makes clients like one that a user or a function made.

    The user's client only describes the connections: address, credentials, TLS and other options.
    Its own connections are not used. They may belong to another event loop, decode the responses,
    retry for a minute, or wait in a queue behind the rest of the app.
    """

    def __init__(self, source: Any, *, max_connections: int) -> None:
        """Check the client or function; connect to nothing, and call nothing.

        Args:
            source: A `redis.asyncio.Redis`, or a function that is called once for each event loop
                and returns one.
            max_connections: The largest number of connections of each client.

        Raises:
            ValueError: It is something else.
        """
        self._get: Callable[[], Any]
        if _is_function(source):
            self._get = source
        else:
            _check_client(source, 'is')
            self._get = lambda: source
        self._max_connections = max_connections
        self._last_pool: ConnectionPool | None = None

    @property
    def pools(self) -> list[ConnectionPool]:
        """The pool of the last client, and none before the first: `check-deploy` reads it."""
        return [] if self._last_pool is None else [self._last_pool]

    def create(self) -> Redis:
        """Return a client for the running event loop; connect to nothing.

        Raises:
            ValueError: The user's function returned no client.
        """
        client = self._get()
        _check_client(client, 'returned')
        self._last_pool = _pool_like(client.connection_pool, self._max_connections)
        return Redis.from_pool(self._last_pool)


def _pool_like(pool: ConnectionPool, max_connections: int) -> ConnectionPool:
    if isinstance(pool, SentinelConnectionPool):
        return SentinelPool(pool, max_connections=max_connections)
    return SessionPool(max_connections=max_connections, **shared_options(pool))


def _is_function(source: Any) -> bool:
    if isinstance(source, Redis | redis.Redis | type) or not callable(source):
        return False
    if inspect.iscoroutinefunction(source):
        raise ValueError('SESSION_REDIS is an async function: make it a plain function')
    try:
        inspect.signature(source).bind()
    except TypeError:
        raise ValueError(f'SESSION_REDIS is a function with arguments: {REMEDY}') from None
    except ValueError:
        # Some functions in C have no signature.
        pass
    return True


def _check_client(client: Any, verb: str) -> None:
    """Require a client.

    Args:
        client: The object to check.
        verb: What the setting does with it, for the message.

    Raises:
        ValueError: It is something else.
    """
    if inspect.iscoroutine(client):
        client.close()
    if isinstance(client, redis.Redis):
        raise ValueError(
            f'SESSION_REDIS {verb} a redis.Redis, which blocks the event loop: {REMEDY}'
        )
    if isinstance(client, RedisCluster):
        raise ValueError(
            f'SESSION_REDIS {verb} a RedisCluster: set it to the RedisCluster, not to a function'
        )
    if not isinstance(client, Redis):
        kind = f'the class {client.__name__}' if isinstance(client, type) else type(client).__name__
        raise ValueError(f'SESSION_REDIS {verb} {kind}: {REMEDY}')
    pool = client.connection_pool
    if isinstance(pool, SentinelConnectionPool) and not pool.is_master:
        raise ValueError(
            f'SESSION_REDIS {verb} a client of replicas, which refuse changes: use master_for'
        )
