"""The Redis client for `SESSION_REDIS_URL`."""

import re
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from quart_session_demo.sessions.validators import REDIS_URL_REMEDY

#: The options that a URL's query may have. Of redis-py's other options, some break every command,
#: and others are settings here.
URL_OPTIONS = {
    'client_name',
    'db',
    'health_check_interval',
    'password',
    'socket_keepalive',
    'ssl_ca_certs',
    'ssl_ca_data',
    'ssl_ca_path',
    'ssl_cert_reqs',
    'ssl_certfile',
    'ssl_check_hostname',
    'ssl_ciphers',
    'ssl_keyfile',
    'ssl_password',
    'username',
}


class RedisClients(Protocol):
    """Makes the Redis clients of a store."""

    @property
    def pools(self) -> list[ConnectionPool]:
        """A pool for each address, with no connection: `check-deploy` reads the options."""

    def create(self) -> Redis:
        """Return a client for the running event loop; connect to nothing."""

    async def disconnect_idle(self, client: Redis) -> None:
        """Close the idle connections of a client, after a failover."""


class UrlClients:
    """Makes the clients for one URL."""

    def __init__(self, url: str, *, max_connections: int) -> None:
        """Check the URL; connect to nothing.

        Args:
            url: `redis://`, `rediss://` or `unix://`, as redis-py reads it.
            max_connections: The largest number of connections of each client.

        Raises:
            ValueError: The URL is invalid. The message does not show the URL, which may hold a
                password.
        """
        self._options = pool_options(url, max_connections)

    @property
    def pools(self) -> list[ConnectionPool]:
        """A pool for each address, with no connection: `check-deploy` reads the options."""
        return [ConnectionPool(**self._options)]

    def create(self) -> Redis:
        """Return a client for the running event loop; connect to nothing."""
        return Redis.from_pool(ConnectionPool(**self._options))

    async def disconnect_idle(self, client: Redis) -> None:
        """Close the idle connections of a client, after a failover."""
        await client.connection_pool.disconnect(inuse_connections=False)


def pool_options(url: str, max_connections: int) -> dict[str, Any]:
    """Return the arguments for redis-py's connection pool.

    Args:
        url: `redis://`, `rediss://` or `unix://`, as redis-py reads it.
        max_connections: The largest number of connections of the pool.

    Raises:
        ValueError: The URL is invalid. The message does not show the URL, which may hold a
            password.
    """
    try:
        parts = urlsplit(url)
        # redis-py uses database 0 if this is not a number.
        database = parts.path.removeprefix('/') if parts.scheme != 'unix' else ''
        unknown = parse_qs(parts.query, keep_blank_values=True).keys() - URL_OPTIONS
        options: dict[str, Any] = {
            **parse_url(url),
            'decode_responses': False,
            'max_connections': max_connections,
            # A cancelled request leaves an unread response on its connection. redis-py notices
            # that only with this protocol.
            'protocol': 2,
            # `RedisConnections` retries and limits the time, for connection and command together.
            'retry': Retry(NoBackoff(), 0),
            'socket_connect_timeout': None,
            'socket_timeout': None,
        }
        pool = ConnectionPool(**options)
        connection = pool.connection_class(**pool.connection_kwargs)
        if isinstance(connection, SSLConnection):
            connection.ssl_context.get()
    except OSError:
        raise _url_error('has unusable certificates or ciphers') from None
    except (AttributeError, RedisError, TypeError, ValueError):
        raise _url_error('is not a URL that redis-py can read') from None
    if unknown:
        raise _url_error('has an option that sessions cannot use')
    if options.get('health_check_interval', 0) < 0:
        raise _url_error('has a health_check_interval below 0')
    # Redis accepts the same characters.
    if re.search('[^!-~]', options.get('client_name', '')):
        raise _url_error('has a client_name with spaces or special characters')
    if database.strip('0123456789') or options.get('db', 0) < 0:
        raise _url_error('has a database that is not a number')
    return options


def _url_error(problem: str) -> ValueError:
    return ValueError(f'SESSION_REDIS_URL {problem}: {REDIS_URL_REMEDY}')
