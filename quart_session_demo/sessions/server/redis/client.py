"""Where Redis is, as a URL says it."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

# What a URL may ask for. Of the others that redis-py knows some break every command, and some
# are settings of ours.
OPTIONS = {
    *('client_name', 'db', 'health_check_interval', 'password', 'socket_keepalive', 'username'),
    *('ssl_ca_certs', 'ssl_ca_data', 'ssl_ca_path', 'ssl_cert_reqs', 'ssl_certfile'),
    *('ssl_check_hostname', 'ssl_ciphers', 'ssl_keyfile', 'ssl_password'),
}


def options_of(url: str, max_connections: int) -> dict[str, Any]:
    """Return what a connection pool is made with.

    Args:
        url: `redis://`, `rediss://` or `unix://`, as redis-py reads it.
        max_connections: How many connections the pool may have.

    Raises:
        ValueError: The URL is wrong; the message does not repeat it, for it may hold a password.
    """
    try:
        parts = urlsplit(url)
        # redis-py takes what is no number for database 0.
        database = parts.path.removeprefix('/') if parts.scheme != 'unix' else ''
        unknown = parse_qs(parts.query, keep_blank_values=True).keys() - OPTIONS
        options: dict[str, Any] = {
            **parse_url(url),
            'decode_responses': False,
            'max_connections': max_connections,
            # Connections that a cancelled request left unread are noticed with this one only.
            'protocol': 2,
            # Trying again and giving up are done here, for connecting and asking together.
            'retry': Retry(NoBackoff(), 0),
            'socket_connect_timeout': None,
            'socket_timeout': None,
        }
        pool = ConnectionPool(**options)
        connection = pool.connection_class(**pool.connection_kwargs)
        if isinstance(connection, SSLConnection):
            connection.ssl_context.get()
    except OSError:
        raise ValueError('SESSION_REDIS_URL has certificates or ciphers of no use') from None
    except (AttributeError, RedisError, TypeError, ValueError):
        raise ValueError('SESSION_REDIS_URL is no URL that redis-py reads') from None
    if unknown:
        raise ValueError('SESSION_REDIS_URL has an option that sessions cannot use')
    if options.get('health_check_interval', 0) < 0:
        raise ValueError('SESSION_REDIS_URL has a health_check_interval below 0')
    # As Redis checks it.
    if re.search('[^!-~]', options.get('client_name', '')):
        raise ValueError('SESSION_REDIS_URL has a client_name with spaces or other special signs')
    if database.strip('0123456789') or options.get('db', 0) < 0:
        raise ValueError('SESSION_REDIS_URL has a database that is no number')
    return options
