"""A client's connection to a server: HTTP/1.1, one request at a time."""

import asyncio
import os
import time
from typing import NamedTuple, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

#: A server closes no connection that was idle for less than this.
IDLE_SECONDS = 0.5
#: Statuses from here on belong to final responses, not to informational ones.
FIRST_FINAL_STATUS = 200


class NoResponseError(Exception):
    """There is no complete response; the message is the reason."""


class Response(NamedTuple):
    """A complete response.

    Attributes:
        status: The status code.
        headers: The names and values, as they were received.
        body: The body without its framing; it may be compressed.
        received_at: When its last byte was received, by `time.perf_counter`.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    received_at: float


class Connection:
    """A connection that is opened when a request needs it, and stays open afterwards.

    It has no timeout: under load a late response is no failure.
    """

    def __init__(self, host: str, port: int) -> None:
        """Remember the address; nothing is opened yet."""
        self._address = host, port
        self._exchange: _Exchange | None = None

    async def send(self, request: bytes, *, is_head: bool = False) -> Response:
        """Send a request and return the response.

        Args:
            request: The whole request, with its headers and body.
            is_head: Whether the method is HEAD, so that the response has no body.

        Raises:
            NoResponseError: The server refused or closed the connection, or sent no HTTP.
        """
        exchange = self._exchange
        if exchange is not None and exchange.is_open:
            was_idle = exchange.idle_seconds() > IDLE_SECONDS
            try:
                return await exchange.send(request, is_head)
            except NoResponseError:
                # A server that fails during a request is not asked again.
                if exchange.has_received or not was_idle:
                    raise
                # It closed the idle connection while the request was on its way.
        self._exchange = exchange = await self._connect()
        return await exchange.send(request, is_head)

    def close(self) -> None:
        """Close the connection; a request that waits for its response fails."""
        if self._exchange is not None:
            self._exchange.close()

    async def _connect(self) -> '_Exchange':
        try:
            _, exchange = await asyncio.get_running_loop().create_connection(
                _Exchange, *self._address
            )
        except OSError as error:
            raise NoResponseError(_reason(error)) from None
        return exchange


class _Exchange(asyncio.Protocol):
    """The transport's callbacks and the parser's callbacks of one open connection.

    Attributes:
        is_open: Whether a request can be sent.
        has_received: Whether a part of the response to the last request was received.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.has_received = False
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[Response] | None = None
        self._is_head = False
        self._has_headers = False
        self._received_at = time.perf_counter()
        self._parser = HttpResponseParser(self)

    def send(self, request: bytes, is_head: bool) -> asyncio.Future[Response]:
        """Send a request and return the future response."""
        self._waiter = waiter = self._loop.create_future()
        self._is_head = is_head
        self.has_received = self._has_headers = False
        self._transport.write(request)
        return waiter

    def idle_seconds(self) -> float:
        """Return for how long nothing was received."""
        return time.perf_counter() - self._received_at

    def close(self) -> None:
        """Close the connection."""
        self.is_open = False
        self._transport.close()

    # Called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast('asyncio.Transport', transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        self.has_received = True
        if self._waiter is None:
            # Without a request there is no response: what is received cannot be used.
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._complete()
            self.close()
        except HttpParserError:
            # A response to HEAD announces a body that does not follow.
            if self._waiter is not None:
                self._fail('the response is not valid HTTP')
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if error is None and self._ends_with_connection():
            self._complete()
        self._fail(_reason(error) if error else 'the server closed the connection')

    # Called by the parser.

    def on_message_begin(self) -> None:
        if self._waiter is None:
            # A second response to one request: the next request must not get it.
            self.close()
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._has_headers = False

    def on_header(self, name: bytes, value: bytes) -> None:
        # The trailers after a chunked body are no headers.
        if not self._has_headers:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._has_headers = True
        self._status = self._parser.get_status_code()
        if self._is_head and self._status >= FIRST_FINAL_STATUS:
            keep_alive = self._parser.should_keep_alive()
            # The old parser waits for the body.
            self._parser = HttpResponseParser(self)
            self._complete()
            if not keep_alive:
                self.close()

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        if self._status < FIRST_FINAL_STATUS or self._waiter is None:
            return
        self._complete()
        if not self._parser.should_keep_alive():
            self.close()

    def _ends_with_connection(self) -> bool:
        """Return whether the body that is being received ends where the connection does."""
        if self._waiter is None or not self._has_headers:
            return False
        names = {name.lower() for name, _ in self._headers}
        return names.isdisjoint((b'content-length', b'transfer-encoding'))

    def _complete(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            self._received_at = time.perf_counter()
            waiter.set_result(
                Response(self._status, self._headers, b''.join(self._body), self._received_at)
            )

    def _fail(self, reason: str) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(NoResponseError(reason))


def _reason(error: Exception) -> str:
    """Return an error's reason without addresses."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else type(error).__name__
