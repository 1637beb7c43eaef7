"""The clients for the nodes of a Redis Cluster."""

from collections.abc import Callable
from typing import Any

from redis.asyncio import RedisCluster

from quart_session_demo.sessions.server.redis.client import PoolClients, pool_options
from quart_session_demo.sessions.server.redis.pools import safe_options
from quart_session_demo.sessions.server.redis.slots import Address


class ClusterClients:
    """Makes the clients for all nodes of a cluster.

    Attributes:
        start: The nodes that the settings name. They are asked for the others.
    """

    def __init__(self, source: str | RedisCluster, *, max_connections: int) -> None:
        """Check the URL or client; connect to nothing.

        Args:
            source: The URL of any node, `redis://` or `rediss://`. Its options, user and password
                are those of all nodes. Or a client, whose options are used but no connections.
            max_connections: The largest number of connections to each node, in each event loop.

        Raises:
            ValueError: The URL is invalid. The message does not show the URL, which may hold a
                password.
        """
        self._remap: Callable[[tuple[str, int]], tuple[str, int]] | None = None
        if isinstance(source, str):
            self._options = pool_options(source, max_connections)
            _check(self._options)
            host, port = self._options.get('host', 'localhost'), self._options.get('port', 6379)
            self.start = {Address(host, port)}
        else:
            options = safe_options(source.connection_kwargs)
            self._options = {**options, 'max_connections': max_connections}
            self.start = {Address(node.host, int(node.port)) for node in source.startup_nodes}
            self._remap = source.nodes_manager.address_remap

    def at(self, address: Address) -> PoolClients:
        """Return what makes the clients for one node."""
        host, port = address
        if self._remap is not None and address not in self.start:
            host, port = self._remap((host, port))
        return PoolClients({**self._options, 'host': host, 'port': port})


def _check(options: dict[str, Any]) -> None:
    if 'path' in options:
        problem = 'begins with unix://'
    elif options.get('db'):
        problem = 'has a database'
    else:
        return
    raise ValueError(
        f'SESSION_REDIS_URL {problem}, which a Redis Cluster does not have: set it to a URL such '
        'as redis://:password@host:6379'
    )
