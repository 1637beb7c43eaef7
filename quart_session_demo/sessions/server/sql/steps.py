"""Steps on a database: a queue, two attempts, and `StoreError` if both fail."""

import asyncio
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from quart_session_demo.sessions.server.connection_queue import ConnectionQueue
from quart_session_demo.sessions.server.loops import LoopResources
from quart_session_demo.sessions.server.sql.connections import LoopConnections, Step
from quart_session_demo.sessions.server.sql.database import Database
from quart_session_demo.sessions.server.store import StoreError

T = TypeVar('T')


class SQLSteps:
    """Executes steps on one database, in bounded time."""

    def __init__(self, database: Database, *, timeout: float) -> None:
        """Connect to nothing.

        Args:
            database: The database.
            timeout: The seconds for each of two attempts, connecting included.
        """
        self.database = database
        self._timeout = timeout
        self._by_loop = LoopResources(self._open, self._close)

    async def read(self, step: Step[T]) -> T:
        """Return the result of a step that reads.

        Raises:
            StoreError: The database failed, refused the statement, or did not respond in time.
        """
        connections = await self._by_loop.get()
        return await connections.run(self._run(step, connections, connections.readers))

    async def write(self, step: Step[T]) -> T:
        """Return the result of a step that writes; a retry executes it again.

        Raises:
            StoreError: The database failed, refused the statement, or did not respond in time.
        """

        def transaction(connection: Connection) -> T:
            result = step(connection)
            # Does nothing where each statement is a transaction.
            connection.commit()
            return result

        connections = await self._by_loop.get()
        return await connections.run(self._run(transaction, connections, connections.writers))

    async def create_tables(self) -> None:
        """Create the table that is missing, or the column that an older version did not have.

        Raises:
            StoreError: The database failed, refused, or did not respond in time.
        """
        connections = await self._by_loop.get()
        await connections.run(
            self._run(self.database.create_tables, connections, connections.writers)
        )

    async def close(self) -> None:
        """Close the connections of the current event loop."""
        await self._by_loop.close()

    def _open(self) -> LoopConnections:
        return LoopConnections(self.database)

    async def _close(self, connections: LoopConnections) -> None:
        await connections.close(self._timeout)

    async def _run(self, step: Step[T], connections: LoopConnections, queue: ConnectionQueue) -> T:
        name = self.database.name
        clock = asyncio.get_running_loop().time
        await queue.wait(self._timeout)
        began = clock()
        try:
            result = await self._try_twice(step, connections)
        except DBAPIError as error:
            # The whole message has the statement and its values.
            raise StoreError(f'{name} failed: {self.database.describe(error)}') from None
        except SQLAlchemyError as error:
            raise StoreError(f'{name} failed: {type(error).__name__}') from None
        except OSError as error:
            # A lock on one session, for example, does not stop the others.
            if queue.responded_at <= began:
                queue.failed_at = clock()
            raise StoreError(f'{name} {self._problem(error)}') from None
        else:
            queue.responded_at = clock()
            return result
        finally:
            queue.free.release()

    def _problem(self, error: OSError) -> str:
        if not isinstance(error, TimeoutError):
            return f'failed: {error}'
        conflict = f': {error}' if str(error) else ''
        return f'did not respond within {self._timeout} s, in two attempts{conflict}'

    async def _try_twice(self, step: Step[T], connections: LoopConnections) -> T:
        try:
            return await connections.attempt(step, self._timeout)
        except DBAPIError as error:
            if self.database.lacks_table(error):
                # A database may be reachable only after the start of the app.
                await self._create_missing(connections)
        except OSError:
            pass
        # The other connections have probably failed too, or lead to a server that only reads.
        connections.drop_open()
        return await connections.attempt(step, self._timeout)

    async def _create_missing(self, connections: LoopConnections) -> None:
        try:
            await connections.attempt(self.database.create_tables, self._timeout)
        except DBAPIError as error:
            raise StoreError(
                f'{self.database.name} has no table of sessions, or one of an older version, and '
                f'refused to change this: {self.database.describe(error)}: let a user with that '
                'right run "sessions create-tables"'
            ) from None
