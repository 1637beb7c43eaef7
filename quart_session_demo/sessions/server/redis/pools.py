"""The connection pools of sessions, which differ from redis-py's own in what is unsafe for them."""

from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

#: The options of all connections.
CONNECTION_OPTIONS: dict[str, Any] = {
    # The store encodes and decodes by itself. Decoded names of fields would match nothing.
    'decode_responses': False,
    'encoding': 'utf-8',
    'encoding_errors': 'strict',
    # redis-py closes a connection whose command is cancelled before its response is read. Only with
    # this protocol it also checks, before each command, that no response is left from another one.
    'protocol': 2,
    # `RedisConnections` retries and limits the time, for connection and command together.
    'retry': Retry(NoBackoff(), 0),
    'socket_connect_timeout': None,
    'socket_timeout': None,
}
#: Options that belong to one pool, to a cluster's client or to another protocol, and are not copied
#: to ours.
UNSHARED_OPTIONS = {
    'connection_pool',
    'encoder_class',
    'event_dispatcher',
    'himport_registry',
    'legacy_responses',
    'maint_notifications_config',
    'maint_notifications_pool_handler',
    'maintenance_notification_hash',
    'maintenance_state',
    'max_connections',
    'orig_host_address',
    'orig_socket_connect_timeout',
    'orig_socket_timeout',
    'oss_cluster_maint_notifications_handler',
    'parser_class',
    'response_callbacks',
    'retry_on_error',
    'retry_on_timeout',
}


class CompleteConnections:
    """A base class of pools whose connections are logged in, or closed.

    They hold the idle connections themselves. redis-py also takes locks, counts connections and
    sends events, which takes about 15 % of the processor time of a command.

    Attributes:
        idle: The connections that are not in use. redis-py counts them as connections in use.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        """Make a pool without connections, with redis-py's arguments."""
        super().__init__(*args, **options)
        self.idle: list[Any] = []

    def get_available_connection(self) -> Any:
        """Return a connection, which need not be open."""
        return self.idle.pop() if self.idle else super().get_available_connection()  # type: ignore[misc]

    async def get_connection(self, *_: Any, **__: Any) -> Any:
        """Return a connection that is ready for a command."""
        connection = self.get_available_connection()
        try:
            await self.ensure_connection(connection)
        except BaseException:
            await self.release(connection)
            raise
        return connection

    async def release(self, connection: Any) -> None:
        """Return a connection to the pool: once, or two requests would share it."""
        self.idle.append(connection)

    async def disconnect_idle(self) -> None:
        """Close the connections that are not in use; they connect again at their next use."""
        # Without waiting: another request may take a connection meanwhile.
        for connection in self.idle:
            await connection.disconnect(nowait=True)

    async def ensure_connection(self, connection: Any) -> None:
        """Connect, log in and select the database, unless the connection is open."""
        try:
            await super().ensure_connection(connection)  # type: ignore[misc]
        except BaseException as error:
            # If a credential provider raises, or is cancelled, redis-py leaves the connection open:
            # the next command would use it without the login, and in database 0.
            await connection.disconnect(nowait=True)
            if isinstance(error, RedisError | OSError) or not isinstance(error, Exception):
                raise
            # Its message may hold a secret.
            raise RedisConnectionError(f'connecting raised {type(error).__name__}') from error


class SessionPool(CompleteConnections, ConnectionPool):
    """The connections of sessions to one address."""


def shared_options(pool: ConnectionPool) -> dict[str, Any]:
    """Return the options of another pool that are safe for the connections of sessions."""
    return {**safe_options(pool.connection_kwargs), 'connection_class': pool.connection_class}


def safe_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of other connections that are safe for the connections of sessions."""
    shared = {name: value for name, value in options.items() if name not in UNSHARED_OPTIONS}
    return {**shared, **CONNECTION_OPTIONS}
