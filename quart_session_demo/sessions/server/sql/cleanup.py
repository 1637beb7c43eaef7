"""Deletes the rows of sessions that have expired, in batches."""

import asyncio
import logging
from random import uniform

from sqlalchemy import Connection

from quart_session_demo.sessions.server.sql.steps import SQLSteps
from quart_session_demo.sessions.server.sql.tables import CLEANUP_BATCH
from quart_session_demo.sessions.server.store import StoreError, current_time

#: How often each process deletes expired sessions, in seconds.
INTERVAL = 60.0
#: The pause between two batches, in seconds. Requests use the database meanwhile.
PAUSE = 0.1

_logger = logging.getLogger(__name__)


async def delete_expired(steps: SQLSteps) -> int:
    """Delete the rows that have expired, and return how many.

    Raises:
        StoreError: The database failed.
    """

    def delete_batch(connection: Connection) -> int:
        result = connection.execute(steps.database.statements.clean_up, {'time': current_time()})
        return result.rowcount

    total = 0
    while True:
        deleted = await steps.write(delete_batch)
        total += deleted
        if deleted < CLEANUP_BATCH:
            return total
        await asyncio.sleep(PAUSE)


class Cleanup:
    """Deletes expired rows again and again, in one event loop."""

    def __init__(self, steps: SQLSteps) -> None:
        """Start the timer of the running event loop."""
        self._steps = steps
        self._task: asyncio.Task[None] | None = None
        self._start_timer()

    def _start_timer(self) -> None:
        # A timer and not a task that sleeps: an event loop may end without cancelling its tasks.
        # The processes of an app, which start together, take turns.
        self._timer = asyncio.get_running_loop().call_later(
            INTERVAL * uniform(0.5, 1.5),  # noqa: S311
            self._start_task,
        )

    def _start_task(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await delete_expired(self._steps)
        except StoreError as error:
            _logger.warning('Expired sessions not deleted: %s', error)
        self._task = None
        self._start_timer()

    async def stop(self) -> None:
        """Stop the timer, and the batch that runs."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
