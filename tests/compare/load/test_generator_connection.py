"""The load generator's connection: framing, connections that the server closes, errors."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from quart_session_demo.compare.load.generator.connection import (
    IDLE_SECONDS,
    Connection,
    NoResponseError,
)
from tests.sockets import free_port

REQUEST = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
CLOSE = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serve(handle: Handler) -> AsyncIterator[Connection]:
    """Yield a connection to a server that handles each of its connections with a function."""

    async def handle_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await handle(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle_and_close, '127.0.0.1', 0)
    connection = Connection(*server.sockets[0].getsockname())
    try:
        yield connection
    finally:
        connection.close()
        server.close()


def responses(*contents: bytes) -> Handler:
    """Return a handler that sends one content for each request, and then closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for content in contents:
            await reader.readuntil(b'\r\n\r\n')
            writer.write(content)

    return handle


def counted(*connections: Handler) -> tuple[Handler, list[int]]:
    """Return a handler that handles each connection with the next function, and their count."""
    count = [0]

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count[0] += 1
        await connections[min(count[0], len(connections)) - 1](reader, writer)

    return handle, count


@pytest.mark.parametrize(
    ('content', 'status', 'body'),
    [
        pytest.param(OK, 200, b'ok', id='length'),
        pytest.param(
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
            200,
            b'abc',
            id='chunked',
        ),
        pytest.param(
            b'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n' + OK,
            200,
            b'ok',
            id='informational',
        ),
        pytest.param(b'HTTP/1.1 204 No Content\r\n\r\n', 204, b'', id='no-content'),
        pytest.param(
            b'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', 304, b'', id='not-modified'
        ),
        pytest.param(b'HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n', 500, b'', id='no-reason'),
    ],
)
async def test_response_is_complete_on_open_connection(
    content: bytes, status: int, body: bytes
) -> None:
    """A response ends with its body, and the next request uses the same connection."""
    handler, count = counted(responses(content, content))
    async with serve(handler) as connection:
        for _ in range(2):
            response = await connection.send(REQUEST)
            assert (response.status, response.body) == (status, body)

    assert count == [1]


async def test_head_has_no_body() -> None:
    """The response to HEAD is complete after its headers, also with a length or chunks."""
    length = b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'
    chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
    handler, count = counted(responses(length, chunked, OK))
    async with serve(handler) as connection:
        for _ in range(2):
            response = await connection.send(REQUEST, is_head=True)
            assert (response.status, response.body) == (200, b'')
        assert (await connection.send(REQUEST)).body == b'ok'

    assert count == [1]


@pytest.mark.parametrize(
    'head',
    [
        b'HTTP/1.0 200 OK\r\n\r\n',
        b'HTTP/1.1 200 OK\r\n\r\n',
        b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n',
    ],
)
async def test_body_may_end_with_connection(head: bytes) -> None:
    """Without a length or chunks the body ends where the server closes the connection."""
    handler, count = counted(responses(head + b'a body'))
    async with serve(handler) as connection:
        for _ in range(2):
            assert (await connection.send(REQUEST)).body == b'a body'

    assert count == [2]


async def test_response_may_arrive_in_parts() -> None:
    """A response that arrives byte by byte is the same."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b'\r\n\r\n')
        for byte in OK:
            writer.write(bytes([byte]))
            await asyncio.sleep(0)

    async with serve(handle) as connection:
        response = await connection.send(REQUEST)

    assert (response.headers, response.body) == ([(b'Content-Length', b'2')], b'ok')


async def test_header_order_and_repetition_stay() -> None:
    """Repeated headers stay apart and in order; trailers are no headers."""
    content = (
        b'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nTransfer-Encoding: chunked'
        b'\r\n\r\n0\r\nSet-Cookie: c=3\r\n\r\n'
    )
    async with serve(responses(content)) as connection:
        response = await connection.send(REQUEST)

    assert response.headers == [
        (b'Set-Cookie', b'a=1'),
        (b'set-cookie', b'b=2'),
        (b'Transfer-Encoding', b'chunked'),
    ]


async def test_server_may_close_after_each_response() -> None:
    """A server that announces the end of the connection gets a new one for the next request."""
    handler, count = counted(responses(CLOSE))
    async with serve(handler) as connection:
        for _ in range(3):
            assert (await connection.send(REQUEST)).status == 200

    assert count == [3]


async def test_idle_connection_is_opened_again() -> None:
    """A connection that the server closed while it was idle is opened again."""
    handler, count = counted(responses(OK))
    async with serve(handler) as connection:
        for _ in range(3):
            assert (await connection.send(REQUEST)).status == 200
            # The server closes without announcing it; the client has time to notice.
            await asyncio.sleep(0.05)

    assert count == [3]


async def test_idle_connection_is_retried_once() -> None:
    """A request on an idle connection that closes before a response is sent on a new one."""
    handler, count = counted(responses(OK, b''), responses(OK))
    async with serve(handler) as connection:
        assert (await connection.send(REQUEST)).status == 200
        await asyncio.sleep(IDLE_SECONDS * 1.2)
        assert (await connection.send(REQUEST)).status == 200

    assert count == [2]


async def test_server_that_fails_is_not_asked_again() -> None:
    """A request on a connection that was in use is not sent again: the server has failed."""
    handler, count = counted(responses(OK, b''), responses(OK))
    async with serve(handler) as connection:
        await connection.send(REQUEST)
        with pytest.raises(NoResponseError, match=r'^the server closed the connection$'):
            await connection.send(REQUEST)

    assert count == [1]


async def test_second_close_is_a_failure() -> None:
    """If the new connection closes before a response, too, the request fails."""
    handler, count = counted(responses(OK, b''), responses(b''))
    async with serve(handler) as connection:
        await connection.send(REQUEST)
        await asyncio.sleep(IDLE_SECONDS * 1.2)
        with pytest.raises(NoResponseError, match=r'^the server closed the connection$'):
            await connection.send(REQUEST)

    assert count == [2]


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', 'the server closed the connection'),
        (b'HTTP/1.1 200 OK\r\nContent-', 'the server closed the connection'),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort', 'the server closed the connection'),
        (
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n',
            'the server closed the connection',
        ),
        (b'SSH-2.0-x\r\n', 'the response is not valid HTTP'),
    ],
)
async def test_incomplete_response_is_a_failure(content: bytes, reason: str) -> None:
    """A response that is cut off or no HTTP is a failure, and is not requested again."""
    handler, count = counted(responses(OK, content), responses(content))
    async with serve(handler) as connection:
        await connection.send(REQUEST)
        with pytest.raises(NoResponseError, match=f'^{reason}$'):
            await connection.send(REQUEST)

    assert count == [1]


async def test_surplus_bytes_close_connection() -> None:
    """Bytes after a response belong to no request: the next one uses a new connection."""
    handler, count = counted(responses(OK + OK, OK), responses(OK))
    async with serve(handler) as connection:
        for _ in range(2):
            assert (await connection.send(REQUEST)).body == b'ok'

    assert count == [2]


async def test_refused_connection_is_a_failure() -> None:
    """If nothing listens, the request fails with the system's reason and no address."""
    connection = Connection('127.0.0.1', free_port())

    with pytest.raises(NoResponseError, match=r'^Connection refused$'):
        await connection.send(REQUEST)
