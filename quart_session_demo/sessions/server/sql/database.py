"""What differs between the kinds of databases."""

from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.sql.tables import Statements


class Database(Protocol):
    """A database of one kind.

    Attributes:
        name: The name of its kind, for messages.
        statements: The statements that it reads.
        max_readers: The largest number of steps that read at the same time in an event loop.
        max_writers: The largest number of steps that write at the same time, or None if they count
            as readers.
    """

    name: str
    statements: Statements
    max_readers: int
    max_writers: int | None

    def create_engine(self) -> AsyncEngine:
        """Return an engine for the running event loop; connect to nothing."""

    def create_tables(self, connection: Connection) -> None:
        """Create the missing table or column, while other processes may do the same."""

    def abort(self, driver_connection: Any) -> None:
        """Let a step fail at once that uses a connection of the driver, if that is possible."""

    def is_conflict(self, error: DBAPIError) -> bool:
        """Return whether another step was in the way, so that the same step may succeed now."""

    def lacks_table(self, error: DBAPIError) -> bool:
        """Return whether the table of sessions does not exist, or lacks a column."""

    def describe(self, error: DBAPIError) -> str:
        """Return the message of an error, without values and statements."""

    def findings(self) -> list[Finding]:
        """Return what is unsafe about the URL and the place of the database."""
