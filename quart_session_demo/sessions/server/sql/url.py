"""The URL of the database, and the database that it names."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from quart_session_demo.sessions.server.sql.database import Database
from quart_session_demo.sessions.server.sql.postgresql import PostgreSQL
from quart_session_demo.sessions.server.sql.sqlite import SQLite
from quart_session_demo.sessions.validators import SQL_URL_REMEDY

#: The drivers that are used for the schemes of a URL.
DRIVERS = {
    'sqlite': 'sqlite+aiosqlite',
    'sqlite+aiosqlite': 'sqlite+aiosqlite',
    # Platforms write this.
    'postgres': 'postgresql+asyncpg',
    'postgresql': 'postgresql+asyncpg',
    'postgresql+asyncpg': 'postgresql+asyncpg',
}


def parse_database(url: str, *, timeout: float) -> Database:
    """Return the database that a URL names; connect to nothing.

    Args:
        url: `sqlite:///` with the path of a file, or `postgresql://`.
        timeout: The seconds of an attempt.

    Raises:
        ValueError: The URL is invalid, or the file cannot be used. The message does not show the
            URL, which may hold a password.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(
            f'SESSION_SQLALCHEMY_URL is not a URL that SQLAlchemy can read: {SQL_URL_REMEDY}'
        ) from None
    driver = DRIVERS.get(parts.drivername)
    if driver is None:
        raise ValueError(
            f'SESSION_SQLALCHEMY_URL does not begin with {", ".join(DRIVERS)}: {SQL_URL_REMEDY}'
        )
    try:
        return _database(parts.set(drivername=driver), timeout)
    except ValueError as error:
        raise ValueError(f'SESSION_SQLALCHEMY_URL {error}') from None


def _database(url: URL, timeout: float) -> Database:
    if url.get_backend_name() == 'postgresql':
        return PostgreSQL(url, timeout=timeout)
    if url.query:
        raise ValueError(f'has the option {min(url.query)}: remove it')
    return SQLite(url)
