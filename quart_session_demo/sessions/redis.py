"""Sessions stored in Redis or Valkey; needs the extra `redis`."""

from quart import Quart

from quart_session_demo.sessions.extras import install_command
from quart_session_demo.sessions.server.interface import ServerSessionInterface
from quart_session_demo.sessions.server.session import ServerSession as RedisSession
from quart_session_demo.sessions.server.store import StoreError

try:
    from quart_session_demo.sessions.server.redis.store import RedisStore
except ModuleNotFoundError as error:
    if (error.name or '').partition('.')[0] != 'redis':
        raise
    raise ImportError(
        f"Sessions on Redis need the extra 'redis': {install_command('redis')}"
    ) from None

__all__ = ['RedisSession', 'RedisSessionInterface', 'RedisStore', 'StoreError']


class RedisSessionInterface(ServerSessionInterface):
    """The interface for sessions in Redis: `app.session_interface = RedisSessionInterface(app)`."""

    def __init__(self, app: Quart) -> None:
        """Read the app's settings; connect when the app starts serving.

        Args:
            app: The app, with `SESSION_REDIS_URL`, or another setting that selects a Redis, in its
                config.

        Raises:
            ValueError: A setting is missing or wrong. The message names it, the problem and what
                to do.
        """
        super().__init__(app, RedisStore.from_config(app.config))
