"""Sessions stored in SQLite or PostgreSQL; needs the extra `sql`."""

from quart_session_demo.sessions.server.store import StoreError

try:
    from quart_session_demo.sessions.server.sql.store import SQLStore
except ModuleNotFoundError as error:
    if (error.name or '').partition('.')[0] not in ('aiosqlite', 'asyncpg', 'sqlalchemy'):
        raise
    raise ImportError(
        "Sessions in a SQL database need the extra: pip install 'quart_session_demo[sql]'"
    ) from None

__all__ = ['SQLStore', 'StoreError']
