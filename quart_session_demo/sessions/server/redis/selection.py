"""The clients of the Redis that an app's settings select."""

from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.sentinel import Sentinel

from quart_session_demo.sessions.redis_selection import selection_errors
from quart_session_demo.sessions.server.redis.client import RedisClients, UrlClients
from quart_session_demo.sessions.server.redis.cluster_clients import ClusterClients
from quart_session_demo.sessions.server.redis.own import OwnClients


def select_clients(config: dict[str, Any]) -> RedisClients | ClusterClients:
    """Return what makes the clients of the selected Redis; connect to nothing.

    Args:
        config: The app's config, with valid `REDIS_SETTINGS`.

    Raises:
        ValueError: Not exactly one Redis is selected, or a setting is wrong. The message names the
            setting, the problem and what to do.
    """
    for error in selection_errors(config):
        raise ValueError(error)
    max_connections: int = config['SESSION_REDIS_MAX_CONNECTIONS']
    if config['SESSION_REDIS_CLUSTER']:
        return ClusterClients(config['SESSION_REDIS_URL'], max_connections=max_connections)
    if config['SESSION_REDIS_SENTINELS'] is not None:
        primary = sentinel_primary(
            config['SESSION_REDIS_SENTINELS'], config['SESSION_REDIS_SENTINEL_SERVICE']
        )
        return OwnClients(primary, max_connections=max_connections)
    if isinstance(config['SESSION_REDIS'], RedisCluster):
        return ClusterClients(config['SESSION_REDIS'], max_connections=max_connections)
    if config['SESSION_REDIS'] is not None:
        return OwnClients(config['SESSION_REDIS'], max_connections=max_connections)
    return UrlClients(config['SESSION_REDIS_URL'], max_connections=max_connections)


def sentinel_primary(sentinels: list[str], service: str) -> Callable[[], Redis]:
    """Return a function that returns a client of the primary that Sentinels report.

    Args:
        sentinels: The addresses of the Sentinels, `host:port`.
        service: The name of the service that they monitor.
    """
    addresses = []
    for sentinel in sentinels:
        host, _, port = sentinel.rpartition(':')
        # An IPv6 address is in brackets.
        addresses.append((host.strip('[]'), int(port)))

    def primary() -> Redis:
        client: Redis = Sentinel(addresses).master_for(service)  # type: ignore[no-untyped-call]
        return client

    return primary
