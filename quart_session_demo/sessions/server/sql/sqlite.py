"""SQLite, through aiosqlite: a file in WAL mode, which several processes use."""

import asyncio
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import URL, AsyncAdaptedQueuePool, Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.sql.checks import sqlite_findings
from quart_session_demo.sessions.server.sql.tables import (
    SESSIONS,
    SQLITE_ATTRIBUTES,
    SQLITE_MERGE,
    complete_tables,
    make_statements,
)

#: How long SQLite itself waits for a lock, in seconds. It asks less often the longer it waits, so
#: that a new request overtakes an old one. Therefore the wait is short, and is repeated.
LOCK_WAIT_SECONDS = 0.1
#: The messages about a table that is missing, or was made by an older version.
UNDEFINED_MESSAGES = (
    f'no such table: {SESSIONS.name}',
    f'no such column: {SESSIONS.c.user_key}',
    f'table {SESSIONS.name} has no column named {SESSIONS.c.user_key.name}',
)


class SQLite:
    """A file of SQLite; `Database` documents the methods."""

    name = 'SQLite'
    statements = make_statements(SQLITE_MERGE, SQLITE_ATTRIBUTES)
    max_readers = 4
    # SQLite lets one connection write at a time, and does not queue the others.
    max_writers: int | None = 1

    def __init__(self, url: URL) -> None:
        """Check that the file can be written; create nothing.

        Args:
            url: `sqlite+aiosqlite:///`, with the path of the file.

        Raises:
            ValueError: The file cannot be used. The message is the problem and what to do.
        """
        if url.host or url.username:
            raise ValueError(
                'names a host or a user, which SQLite does not have: set it to sqlite:/// and the '
                'path of a file, such as sqlite:////path/to/sessions.db'
            )
        if not url.database or url.database == ':memory:':
            raise ValueError(
                'names no file, and SQLite in memory exists once for each connection: set it to '
                'sqlite:////path/to/sessions.db, or SESSION_TYPE to memory'
            )
        # A later change of the current folder changes nothing.
        self.path = Path(url.database).absolute()
        if problem := _path_problem(self.path):
            raise ValueError(problem)
        self._url = url.set(database=str(self.path))

    def create_engine(self) -> AsyncEngine:
        """Return an engine for the running event loop; connect to nothing."""
        engine = create_async_engine(
            self._url,
            # The driver itself begins a transaction that has the write lock from its first
            # statement. `SQLSteps` commits it, and a read opens none.
            connect_args={
                'timeout': LOCK_WAIT_SECONDS,
                'isolation_level': 'IMMEDIATE',
                'async_creator_fn': _Connection,
            },
            pool_reset_on_return=None,
            poolclass=AsyncAdaptedQueuePool,
            # One more for the writer.
            pool_size=self.max_readers + 1,
            # `ConnectionQueue` limits the number.
            max_overflow=-1,
        )
        event.listen(engine.sync_engine, 'do_connect', self._create_file)
        event.listen(engine.sync_engine, 'connect', _configure)
        return engine

    def create_tables(self, connection: Connection) -> None:
        """Create the missing table or column, in a transaction that has the write lock."""
        # The driver begins one only before a statement that changes rows.
        connection.exec_driver_sql('BEGIN IMMEDIATE')
        complete_tables(connection)
        connection.commit()

    def abort(self, driver_connection: Any) -> None:
        """Do nothing: the thread of a connection cannot be stopped."""

    def is_conflict(self, error: DBAPIError) -> bool:
        """Return whether another connection has the lock."""
        return 'database is locked' in self.describe(error)

    def lacks_table(self, error: DBAPIError) -> bool:
        """Return whether the table of sessions does not exist, or lacks a column."""
        return self.describe(error) in UNDEFINED_MESSAGES

    def describe(self, error: DBAPIError) -> str:
        """Return the message of SQLite, which has no values."""
        return str(error.orig)

    def findings(self) -> list[Finding]:
        """Return whether the file is lost at the next deploy."""
        return sqlite_findings(self.path)

    def _create_file(self, *_: Any) -> None:
        # Only for the user of this process: the content of sessions is secret. SQLite gives its
        # other files the same mode.
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


class _Connection(aiosqlite.Connection):
    """A connection that may be stopped twice, and while it opens, as cancelled tasks do.

    aiosqlite would wait forever for the thread that the first call ends, and would not close what
    the thread opens after the call.
    """

    _is_stopped = False
    _end: asyncio.Future[Any] | None = None
    _opened: sqlite3.Connection | None = None

    def __init__(self, path: str, **options: Any) -> None:
        def open_file() -> sqlite3.Connection:
            self._opened = sqlite3.connect(path, factory=_SQLiteConnection, **options)
            return self._opened

        super().__init__(open_file, iter_chunk_size=64)

    def stop(self) -> asyncio.Future[Any] | None:
        if not self._is_stopped:
            self._is_stopped = True
            self._tx.put_nowait((None, self._close_opened))
            self._end = super().stop()
        return self._end

    def _close_opened(self) -> None:
        if self._opened is not None:
            self._opened.close()


class _SQLiteConnection(sqlite3.Connection):
    """A connection that ends its transaction when it closes.

    A statement whose result was not read delays the close: it would hold the lock for as long as
    anything refers to its cursor.
    """

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


def _configure(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute('PRAGMA journal_mode = WAL')
    # Each commit is on the disk. Otherwise, a deleted session is there again after a power failure.
    cursor.execute('PRAGMA synchronous = FULL')
    cursor.close()


def _path_problem(path: Path) -> str | None:
    """Return why a file cannot be read, written or created, and what to do, or None."""
    remedy = (
        'set it to a file that this process may write, such as sqlite:////var/lib/app/sessions.db'
    )
    # Not `Path.exists`, which raises `PermissionError` before Python 3.14.
    if os.path.exists(path):  # noqa: PTH110
        if not path.is_file():
            return f'names {path}, which is not a file: {remedy}'
        if not os.access(path, os.R_OK | os.W_OK):
            return f'names {path}, which this process may not write: {remedy}'
    folder = next(parent for parent in path.parents if os.path.lexists(parent))
    if not folder.is_dir():
        return f'names a file in {folder}, which is not a folder: {remedy}'
    # SQLite writes two more files beside its file.
    if not os.access(folder, os.W_OK | os.X_OK):
        return f'names a file in {folder}, a folder that this process may not write: {remedy}'
    return None
