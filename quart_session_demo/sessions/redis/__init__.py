"""Sessions on a server, in Redis or Valkey; needs the extra `redis`."""

from quart_session_demo.sessions.redis.interface import RedisSessionInterface
from quart_session_demo.sessions.redis.session import RedisSession
from quart_session_demo.sessions.redis.store import StoreError

__all__ = ['RedisSession', 'RedisSessionInterface', 'StoreError']
