"""Clients that report what became of each request."""

import asyncio
from collections import Counter
from enum import StrEnum

#: After this time a request without a response is lost. No server here waits so long.
RESPONSE_SECONDS = 60
#: How long a client waits before it connects again after a refused connection.
PAUSE_SECONDS = 0.05


class Outcome(StrEnum):
    """What became of a request. All outcomes but the first and the last are losses."""

    ANSWERED = 'answered'
    RESET = 'reset'
    CLOSED = 'closed'
    STATUS = 'other status'
    TIMEOUT = 'no response'
    #: No connection was made, so nothing was sent: a router tries the next server.
    REFUSED = 'refused'


LOSSES = (Outcome.RESET, Outcome.CLOSED, Outcome.STATUS, Outcome.TIMEOUT)

Outcomes = Counter[Outcome]


def lost(outcomes: Outcomes) -> int:
    """Return how many requests were lost."""
    return sum(outcomes[loss] for loss in LOSSES)


class Client:
    """A client with one connection at a time."""

    def __init__(self, port: int, path: str = '/', *, keep_alive: bool = False) -> None:
        """Choose the requests: a path, and whether they share connections."""
        self._port = port
        close = '' if keep_alive else 'Connection: close\r\n'
        self._request = f'GET {path} HTTP/1.1\r\nHost: localhost\r\n{close}\r\n'.encode()
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def request(self) -> Outcome:
        """Send a request, on a new connection if necessary, and wait for the response."""
        return await self.receive() if await self.send() else Outcome.REFUSED

    async def send(self) -> bool:
        """Send a request, on a new connection if necessary; return whether there is one."""
        # Notice a connection that the server has closed, as a router does.
        await asyncio.sleep(0)
        if self._connection and self._connection[0].at_eof():
            self.close()
        if not self._connection:
            try:
                self._connection = await asyncio.open_connection('127.0.0.1', self._port)
            except ConnectionError:
                return False
        self._connection[1].write(self._request)
        return True

    async def receive(self) -> Outcome:
        """Wait for the response to the request that was sent."""
        assert self._connection  # noqa: S101 - `send` has made it
        outcome, reusable = await self._read(self._connection[0])
        if not reusable:
            self.close()
        return outcome

    async def _read(self, reader: asyncio.StreamReader) -> tuple[Outcome, bool]:
        try:
            async with asyncio.timeout(RESPONSE_SECONDS):
                head = (await reader.readuntil(b'\r\n\r\n')).lower()
                length = head.partition(b'content-length:')[2].partition(b'\r')[0]
                await reader.readexactly(int(length or 0))
        except asyncio.IncompleteReadError:
            return Outcome.CLOSED, False
        except ConnectionError:
            return Outcome.RESET, False
        except TimeoutError:
            return Outcome.TIMEOUT, False
        answered = head.split(maxsplit=2)[1] == b'200'
        return (
            Outcome.ANSWERED if answered else Outcome.STATUS,
            b'\r\nconnection: close\r\n' not in head,
        )

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection[1].close()
            self._connection = None


class Load:
    """Clients that each send the next request when they have the response to the last."""

    def __init__(self, port: int, clients: int, *, keep_alive: bool) -> None:
        """Start the clients."""
        self._outcomes: Outcomes = Counter()
        self._stopped = False
        self._ends_when_refused = False
        self._tasks = [
            asyncio.create_task(self._run(Client(port, keep_alive=keep_alive)))
            for _ in range(clients)
        ]

    async def until_refused(self) -> Outcomes:
        """Go on until the server refuses each client; return the outcomes."""
        self._ends_when_refused = True
        return await self._end()

    async def stop(self) -> Outcomes:
        """Wait for the responses to the open requests; return the outcomes."""
        self._stopped = True
        return await self._end()

    async def _end(self) -> Outcomes:
        await asyncio.gather(*self._tasks)
        return self._outcomes

    async def _run(self, client: Client) -> None:
        while not self._stopped:
            outcome = await client.request()
            self._outcomes[outcome] += 1
            if outcome is Outcome.REFUSED:
                if self._ends_when_refused:
                    break
                await asyncio.sleep(PAUSE_SECONDS)
        client.close()
