"""Sessions on a server, in Redis or Valkey; needs the extra `redis`."""

try:
    from quart_session_demo.sessions.server.interface import RedisSessionInterface
    from quart_session_demo.sessions.server.session import RedisSession
    from quart_session_demo.sessions.server.store import StoreError
except ModuleNotFoundError as error:
    if (error.name or '').partition('.')[0] != 'redis':
        raise
    raise ImportError(
        "Sessions on Redis need the extra: pip install 'quart_session_demo[redis]'"
    ) from None

__all__ = ['RedisSession', 'RedisSessionInterface', 'StoreError']
