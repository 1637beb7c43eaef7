"""The queue for the connections to a store, which the oldest request leaves first."""

import asyncio
from math import inf

from quart_session_demo.sessions.server.store import StoreError
from quart_session_demo.sessions.server.timeouts import responsive_timeout

#: How long a request waits for a free connection, as a multiple of the timeout. The wait ends
#: earlier if the store fails during it.
WAIT_FACTOR = 40
#: How many times longer it waits while the event loop is never idle.
BUSY_FACTOR = 3


class ConnectionQueue:
    """Counts the free connections of one event loop. Callers wait, because an empty pool raises.

    Attributes:
        free: Counts the free connections. A caller that waited releases it afterwards.
        responded_at: When the store responded last, by the clock of the event loop.
        failed_at: When the store failed last, and responded to nobody.
    """

    def __init__(self, name: str, size: int) -> None:
        """Make a queue.

        Args:
            name: The name of the store, for messages.
            size: The number of connections.
        """
        self.free = asyncio.Semaphore(size)
        self.responded_at = self.failed_at = -inf
        self._name = name

    async def wait(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait for a free connection, and take it.

        Args:
            timeout: The seconds of one attempt to use the connection.

        Raises:
            StoreError: None was free in time, or the store failed meanwhile.
        """
        if not self.free.locked():
            await self.free.acquire()
            return
        start = asyncio.get_running_loop().time()
        seconds = WAIT_FACTOR * timeout
        try:
            async with responsive_timeout(seconds, busy_factor=BUSY_FACTOR):
                await self.free.acquire()
        except TimeoutError:
            raise StoreError(f'No connection to {self._name} was free within {seconds} s') from None
        if self.failed_at > max(start, self.responded_at):
            self.free.release()
            raise StoreError(f'{self._name} failed while this request waited for a connection')
