"""The clients of the Redis that an app's settings select."""

from typing import Any

from quart_session_demo.sessions.redis_selection import selection_errors
from quart_session_demo.sessions.server.redis.client import RedisClients, UrlClients
from quart_session_demo.sessions.server.redis.cluster import ClusterClients


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
        raise ValueError('SESSION_REDIS_SENTINELS is not supported yet: remove it')
    if config['SESSION_REDIS'] is not None:
        raise ValueError('SESSION_REDIS is not supported yet: remove it')
    return UrlClients(config['SESSION_REDIS_URL'], max_connections=max_connections)
