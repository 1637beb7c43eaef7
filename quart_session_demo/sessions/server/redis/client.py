"""The Redis client for `SESSION_REDIS_URL`."""

import re
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import SSLConnection, parse_url
from redis.exceptions import RedisError

from quart_session_demo.sessions.server.redis.pools import CONNECTION_OPTIONS, SessionPool
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

_UNREADABLE = 'is not a URL that redis-py can read'
_ERRORS = (
    AttributeError,
    OSError,
    RedisError,
    TypeError,
    ValueError,
)


class RedisClients(Protocol):
    """Makes the Redis clients of a store."""

    @property
    def pools(self) -> list[ConnectionPool]:
        """A pool for each address, with no connection: `check-deploy` reads the options."""

    def create(self) -> Redis:
        """Return a client for the running event loop; connect to nothing."""


class PoolClients:
    """Makes the clients for one address."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Connect to nothing.

        Args:
            options: The arguments for redis-py's connection pool.
        """
        self._options = options

    @property
    def pools(self) -> list[ConnectionPool]:
        """A pool for each address, with no connection: `check-deploy` reads the options."""
        return [SessionPool(**self._options)]

    def create(self) -> Redis:
        """Return a client for the running event loop; connect to nothing."""
        return Redis.from_pool(SessionPool(**self._options))


class UrlClients(PoolClients):
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
        super().__init__(pool_options(url, max_connections))


def pool_options(url: str, max_connections: int) -> dict[str, Any]:
    """Return the arguments for redis-py's connection pool.

    Args:
        url: `redis://`, `rediss://` or `unix://`, as redis-py reads it.
        max_connections: The largest number of connections of the pool.

    Raises:
        ValueError: The URL is invalid. The message does not show the URL, which may hold a
            password. It names an option that is refused.
    """
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        raise _url_error(_UNREADABLE) from None
    if unknown := {name for name, _ in query} - URL_OPTIONS:
        raise _url_error(f'has {_named(unknown, parts)} that sessions cannot use')
    try:
        options = _read(url)
    except _ERRORS as error:
        wrong = _wrong_options(parts, query)
        if isinstance(error, OSError):
            problem = 'has unusable certificates or ciphers'
            problem += f' in {_named(wrong, parts)}' if wrong else ''
        else:
            problem = f'has {_named(wrong, parts)} with a wrong value' if wrong else _UNREADABLE
        raise _url_error(problem) from None
    if options.get('health_check_interval', 0) < 0:
        raise _url_error('has a health_check_interval below 0')
    # Redis accepts the same characters.
    if re.search('[^!-~]', options.get('client_name', '')):
        raise _url_error('has a client_name with spaces or special characters')
    # redis-py uses database 0 if this is not a number.
    database = parts.path.removeprefix('/') if parts.scheme != 'unix' else ''
    if database.strip('0123456789') or options.get('db', 0) < 0:
        raise _url_error('has a database that is not a number')
    return {**options, 'max_connections': max_connections}


def _read(url: str) -> dict[str, Any]:
    options: dict[str, Any] = {**parse_url(url), **CONNECTION_OPTIONS}
    # Some errors occur only when a connection is made, and when it loads its certificates.
    pool = ConnectionPool(**options)
    connection = pool.connection_class(**pool.connection_kwargs)
    if isinstance(connection, SSLConnection):
        connection.ssl_context.get()
    return options


def _wrong_options(parts: SplitResult, query: list[tuple[str, str]]) -> set[str]:
    """Return which options make a URL unusable, each by itself."""
    wrong = set()
    for name, value in [('', ''), *query]:
        options = urlencode([(name, value)]) if name else ''
        try:
            _read(urlunsplit(parts._replace(query=options)))
        except _ERRORS:
            if not name:
                return set()
            wrong.add(name)
    return wrong


def _named(options: set[str], parts: SplitResult) -> str:
    # A ? in a password begins the query, which then has the @ of the URL: it is not shown.
    if '@' in parts.query + parts.fragment or not all(
        re.fullmatch(r'\w{1,50}', option, re.ASCII) for option in options
    ):
        return 'an option'
    return f'the option{"s" * (len(options) > 1)} {", ".join(sorted(options))}'


def _url_error(problem: str) -> ValueError:
    return ValueError(f'SESSION_REDIS_URL {problem}: {REDIS_URL_REMEDY}')
