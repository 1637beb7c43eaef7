"""Sessions stored in SQLite or PostgreSQL; needs the extra `sql`."""

from quart_session_demo.sessions.extras import install_command
from quart_session_demo.sessions.server.store import StoreError

try:
    from quart_session_demo.sessions.server.sql.store import SQLStore
except ModuleNotFoundError as error:
    if (error.name or '').partition('.')[0] not in ('aiosqlite', 'asyncpg', 'sqlalchemy'):
        raise
    raise ImportError(
        f"Sessions in a SQL database need the extra 'sql': {install_command('sql')}"
    ) from None

__all__ = ['SQLStore', 'StoreError']
