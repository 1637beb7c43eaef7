"""Clients that each send the next request when they have the response to the last."""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from quart_session_demo.serve.accept_queue import QUIET_SECONDS

GET = b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
#: A proxy does not send it twice, because it may change something.
POST = b'POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc'
REFUSED = 'refused'
#: The connection was made, but there was no response.
LOST = 'lost'
#: The server may have closed the connection, because the client sent nothing for too long. On a
#: busy machine this happens to clients that send at once.
LATE = 'late'


class Load:
    """Clients that send one request on each connection.

    Attributes:
        outcomes: How often each status, `REFUSED` and `LOST` has happened. A connection without a
            response on which the client was late is not counted.
    """

    def __init__(
        self,
        port: int,
        request: bytes,
        clients: int,
        delay: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Start the clients in this event loop."""
        self.outcomes: Counter[str] = Counter()
        self._port = port
        self._request = request
        self._delay = delay
        self._tls = tls
        self._is_stopped = False
        self._tasks = [asyncio.create_task(self._run()) for _ in range(clients)]

    async def wait_until(self, condition: Callable[[], object]) -> None:
        """Go on until a condition is true."""
        async with asyncio.timeout(60):
            # What changes is outside of this process.
            while not await asyncio.to_thread(condition):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def wait_for_responses(self, count: int) -> None:
        """Go on until there are so many more responses with the status 200."""
        goal = self.outcomes['200'] + count
        await self.wait_until(lambda: self.outcomes['200'] >= goal)

    async def end(self) -> None:
        """Wait for the responses to the requests that were sent."""
        self._is_stopped = True
        await asyncio.gather(*self._tasks)

    async def _run(self) -> None:
        while not self._is_stopped:
            outcome = await self._send()
            if outcome == LATE:
                continue
            self.outcomes[outcome] += 1
            if outcome == REFUSED:
                await asyncio.sleep(0.02)

    async def _send(self) -> str:
        begin = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection('127.0.0.1', self._port, ssl=self._tls)
        except ConnectionError:
            return REFUSED
        response = b''
        await asyncio.sleep(self._delay)
        is_late = time.monotonic() - begin > QUIET_SECONDS / 2
        with suppress(ConnectionError):
            writer.write(self._request)
            response = await reader.read()
        writer.close()
        return response[9:12].decode() or (LATE if is_late else LOST)


@asynccontextmanager
async def load(
    port: int,
    request: bytes = GET,
    clients: int = 40,
    delay: float = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Load]:
    """Yield clients that send so many seconds after they connect; end them afterwards."""
    clients_ = Load(port, request, clients, delay, tls)
    try:
        await clients_.wait_for_responses(clients)
        yield clients_
    finally:
        await clients_.end()
