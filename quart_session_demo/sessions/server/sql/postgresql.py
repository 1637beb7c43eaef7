"""PostgreSQL, through asyncpg.

Of the two asyncio drivers, psycopg 3 does not end a cancelled query while the server hangs: it
waits for the response. With asyncpg, `terminate` closes a connection at once, also in the middle of
a query. It also takes less processor time for a query.
"""

import ssl
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import URL, AsyncAdaptedQueuePool, Connection, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.sql.checks import postgresql_findings
from quart_session_demo.sessions.server.sql.tables import (
    POSTGRESQL_ATTRIBUTES,
    POSTGRESQL_MERGE,
    complete_tables,
    make_statements,
)

#: The options that a URL's query may have, with their meaning in libpq.
URL_OPTIONS = {
    'application_name',
    'host',
    'sslcert',
    'sslkey',
    'sslmode',
    'sslrootcert',
}
#: The values of `sslmode`.
SSL_MODES = (
    'disable',
    'allow',
    'prefer',
    'require',
    'verify-ca',
    'verify-full',
)
#: The key of the lock under which processes create the tables one after another.
TABLES_LOCK = 0x7175617274
#: States of errors that another step or process causes, so that the same step may succeed soon.
CONFLICT_STATES = (
    # Serialization failure and deadlock: where an administrator chose a stricter isolation level.
    '40001',
    '40P01',
    # Too many connections: another step may free one of this process.
    '53300',
)
#: States of errors about a table that is missing, or was made by an older version.
UNDEFINED_STATES = (
    # Undefined table and undefined column.
    '42P01',
    '42703',
)


class PostgreSQL:
    """A server of PostgreSQL; `Database` documents the methods."""

    name = 'PostgreSQL'
    statements = make_statements(POSTGRESQL_MERGE, POSTGRESQL_ATTRIBUTES)
    # The smallest servers of many platforms accept 20; during a deploy two processes run.
    max_readers = 5
    max_writers: int | None = None

    def __init__(self, url: URL, *, timeout: float) -> None:
        """Check the options; connect to nothing.

        Args:
            url: `postgresql+asyncpg://`.
            timeout: The seconds of an attempt. After twice that, the server stops a statement.

        Raises:
            ValueError: An option is wrong. The message is the problem and what to do.
        """
        if unknown := url.query.keys() - URL_OPTIONS:
            raise ValueError(
                f'has the option {min(unknown)}: remove it, or use {", ".join(sorted(URL_OPTIONS))}'
            )
        options: dict[str, Any] = dict(url.query)
        if any(not isinstance(value, str) for value in options.values()):
            raise ValueError('has an option twice: remove one')
        _check_address(url, options)
        settings = {'statement_timeout': str(round(2 * timeout * 1000))}
        if 'application_name' in options:
            settings['application_name'] = options['application_name']
        self.url = url
        self._url = url.difference_update_query(URL_OPTIONS - {'host'})
        self._arguments: dict[str, Any] = {
            'connection_class': _Connection,
            'server_settings': settings,
            # `LoopConnections` limits the time.
            'timeout': None,
        }
        if (tls := _tls(options)) is not None:
            self._arguments['ssl'] = tls

    def create_engine(self) -> AsyncEngine:
        """Return an engine for the running event loop; connect to nothing."""
        return create_async_engine(
            self._url,
            connect_args=self._arguments,
            # Each step is one statement, and atomic by itself.
            isolation_level='AUTOCOMMIT',
            skip_autocommit_rollback=True,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=self.max_readers,
            # `ConnectionQueue` limits the number.
            max_overflow=-1,
        )

    def create_tables(self, connection: Connection) -> None:
        """Create the missing table or column, in a transaction and with a lock.

        Without the lock, PostgreSQL refuses one of two processes that create a table.
        """
        connection.exec_driver_sql('BEGIN')
        connection.execute(select(func.pg_advisory_xact_lock(TABLES_LOCK)))
        complete_tables(connection)
        connection.exec_driver_sql('COMMIT')

    def abort(self, driver_connection: Any) -> None:
        """Close a connection at once; a step that uses it fails."""
        driver_connection.terminate()

    def is_conflict(self, error: DBAPIError) -> bool:
        """Return whether another transaction or connection was in the way."""
        return getattr(error.orig, 'sqlstate', None) in CONFLICT_STATES

    def lacks_table(self, error: DBAPIError) -> bool:
        """Return whether the table of sessions does not exist, or lacks a column."""
        return getattr(error.orig, 'sqlstate', None) in UNDEFINED_STATES

    def describe(self, error: DBAPIError) -> str:
        """Return the message without its second line, which may have values."""
        return str(error.orig).partition('\n')[0]

    def findings(self) -> list[Finding]:
        """Return whether others can read what is sent to the server."""
        return postgresql_findings(self.url)


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that closes at once: asyncpg and TLS would wait for a server that hangs."""

    # The parameter is asyncpg's.
    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self.terminate()


def _check_address(url: URL, options: dict[str, Any]) -> None:
    """Raise `ValueError` for a host or port that no connection can have."""
    host = options.get('host', url.host) or ''
    if ',' in host:
        raise ValueError('has several hosts: name one')
    try:
        # As the event loop does, which raises an error that is no `OSError`. A path is no name.
        if not host.startswith('/'):
            host.encode('idna')
    except UnicodeError:
        raise ValueError('has an invalid host: correct it') from None
    if url.port is not None and not 0 < url.port < 65536:
        raise ValueError('has an invalid port: use a number from 1 to 65535')


def _tls(options: dict[str, str]) -> ssl.SSLContext | str | None:
    """Return asyncpg's argument `ssl` for the options of a URL.

    asyncpg itself checks certificates only with a file of authorities in the home folder.
    """
    mode = options.get('sslmode')
    authorities = options.get('sslrootcert')
    certificate = options.get('sslcert')
    if mode is not None and mode not in SSL_MODES:
        raise ValueError(f'has an unknown sslmode: use {", ".join(SSL_MODES)}')
    if mode in (None, 'disable', 'allow', 'prefer'):
        if authorities or certificate:
            raise ValueError(
                'has certificates, which sslmode does not use: add sslmode=verify-full'
            )
        return mode
    try:
        context = ssl.create_default_context(
            cafile=None if authorities == 'system' else authorities
        )
        if certificate:
            context.load_cert_chain(certificate, options.get('sslkey'))
    except OSError:
        raise ValueError(
            'has unusable certificates: correct sslrootcert, sslcert or sslkey'
        ) from None
    context.check_hostname = mode == 'verify-full'
    # As libpq: `require` checks the certificate only if there are authorities.
    if mode == 'require' and authorities is None:
        context.verify_mode = ssl.CERT_NONE
    return context
