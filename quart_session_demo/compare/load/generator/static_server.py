"""A server with fixed responses, which is much faster than the load generator."""

import asyncio
import socket
import sys
from typing import cast

import uvloop

from quart_session_demo.compare.load.scenarios import SESSION

#: The header of the lesson's responses while the session has content.
SET_COOKIE = (
    'Set-Cookie: session=eyJfcGVybWFuZW50Ijp0cnVlLCJhZ2UiOjIwLCJ1c2VybmFtZSI6InpoaWxpYW8ifQ.'
    'aVRuYQ.3Hn6kqJzG1Zl3m0b7y8Qm2mE4vA; Expires=Fri, 31 Dec 2100 00:00:00 GMT; HttpOnly; '
    'Path=/; SameSite=Lax\r\nVary: Cookie\r\n'
)
#: The header with which the lesson deletes the session.
DELETE_COOKIE = (
    'Set-Cookie: session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/; '
    'SameSite=Lax\r\nVary: Cookie\r\n'
)


def fixed_responses() -> dict[bytes, bytes]:
    """Return the response for each path of the scenario `session`."""
    responses = {}
    for exchange in SESSION.exchanges:
        cookie = DELETE_COOKIE if exchange is SESSION.exchanges[-1] else SET_COOKIE
        body = (exchange.body or '').encode()
        head = (
            'HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n'
            f'Content-Length: {len(body)}\r\n{cookie}\r\n'
        )
        responses[exchange.step.path.encode()] = head.encode() + body
    return responses


class StaticServer(asyncio.Protocol):
    """Sends the fixed response for the path of each request, which must fit into one packet."""

    responses = fixed_responses()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = cast('asyncio.Transport', transport)

    def data_received(self, data: bytes) -> None:
        """Send the response."""
        self._transport.write(self.responses.get(data.split(b' ', 2)[1], _NOT_FOUND))


_NOT_FOUND = b'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'


async def serve(listener: socket.socket) -> None:
    """Serve until the process is killed."""
    server = await asyncio.get_running_loop().create_server(StaticServer, sock=listener)
    await server.serve_forever()


if __name__ == '__main__':
    uvloop.run(serve(socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog=1024)))
