"""The connections of one event loop to a database, and attempts that end in bounded time."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import uniform
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_session_demo.sessions.server.connection_queue import ConnectionQueue
from quart_session_demo.sessions.server.sql.database import Database
from quart_session_demo.sessions.server.store import StoreError
from quart_session_demo.sessions.server.timeouts import responsive_timeout

T = TypeVar('T')

#: Executes statements and returns their result; runs in a greenlet, where SQLAlchemy waits.
Step = Callable[[Connection], T]

#: The longest pause before a step that met a conflict is repeated, in seconds.
CONFLICT_PAUSE = 0.01


class LoopConnections:
    """The connections of one event loop; another loop cannot use them.

    Attributes:
        readers: The queue of the steps that read.
        writers: The queue of the steps that write, which may be the same.
    """

    def __init__(self, database: Database) -> None:
        """Connect to nothing."""
        self._database = database
        self._engine = database.create_engine()
        self._tasks: set[asyncio.Task[Any]] = set()
        # Connections of an older generation are not used any more.
        self._generation = 0
        self.readers = self.writers = ConnectionQueue(database.name, database.max_readers)
        if database.max_writers is not None:
            self.writers = ConnectionQueue(database.name, database.max_writers)

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return the result of a task, which runs to its end even if the caller is cancelled."""
        task = self._start(coroutine)
        await asyncio.wait((task,))
        if task.cancelled():
            raise StoreError(f'The connections to {self._database.name} were closed')
        return task.result()

    async def attempt(self, step: Step[T], seconds: float) -> T:
        """Return the result of a step.

        Raises:
            TimeoutError: The step takes longer. It is stopped, or ignored if it cannot be stopped.
                The message is the last conflict, if there was one.
            SQLAlchemyError: The database refused or failed.
            OSError: The database cannot be reached.
        """
        driver_connection: Any = None
        conflict = ''

        async def execute() -> T:
            nonlocal driver_connection, conflict
            while True:
                driver_connection = None
                try:
                    connection = await self._connect()
                    driver_connection = _pooled(connection).driver_connection
                    try:
                        return await connection.run_sync(step)
                    except BaseException:
                        # A transaction may be open.
                        await connection.invalidate()
                        raise
                    finally:
                        # Not `async with`, which starts another task for this.
                        await connection.close()
                except DBAPIError as error:
                    if not self._database.is_conflict(error):
                        raise
                    conflict = self._database.describe(error)
                await asyncio.sleep(uniform(0, CONFLICT_PAUSE))  # noqa: S311

        task = self._start(execute())
        try:
            async with responsive_timeout(seconds):
                await asyncio.wait((task,))
        except TimeoutError:
            # Cancelled alone, a task would wait for a server or a thread that hangs.
            if driver_connection is not None:
                self._database.abort(driver_connection)
            task.cancel()
            raise TimeoutError(conflict) from None
        return task.result()

    def drop_open(self) -> None:
        """Let the steps that follow open new connections.

        `dispose` of the engine would forget those in use, which would never be closed.
        """
        self._generation += 1

    async def close(self, seconds: float) -> None:
        """Wait so long for what still runs, and close all connections."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        # A thread that hangs must not prevent the end of the app.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if self._tasks:
                    await asyncio.wait(self._tasks)
                await self._engine.dispose()

    async def _connect(self) -> AsyncConnection:
        while True:
            connection = await self._engine.connect()
            info = _pooled(connection).info
            if info.setdefault('generation', self._generation) == self._generation:
                return connection
            await connection.invalidate()
            await connection.close()

    def _start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(coroutine)
        # The event loop alone may forget a task that nobody waits for.
        self._tasks.add(task)
        task.add_done_callback(self._finish)
        return task

    def _finish(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Otherwise asyncio reports an error that nobody waits for.
            task.exception()


def _pooled(connection: AsyncConnection) -> PoolProxiedConnection:
    # Not `get_raw_connection`, which takes a switch to another greenlet.
    return cast(Connection, connection.sync_connection).connection
