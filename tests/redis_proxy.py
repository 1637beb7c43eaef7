"""A proxy between an app and Redis, which loses or delays data on request."""

import asyncio
from typing import Any, Self, cast


class RedisProxy:
    """Forwards data between an app and Redis; `async with` starts and stops it.

    Attributes:
        url: The URL for clients.
        port: The port of the Redis to which new connections are forwarded.
        reset_next: Whether to reset the next connection that sends a command, and to drop the
            command.
        lose_response_to: Part of a command. The next connection that sends such a command is
            reset when its response is there.
        hang_on: Part of a command. Such a command is dropped, and its connection stays open.
        hangs: How many of these commands are dropped.
        delay: The delay of each response in seconds.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.reset_next = False
        self.lose_response_to: bytes | None = None
        self.hang_on: bytes | None = None
        self.hangs = 0
        self.delay = 0.0
        self._connections: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, '127.0.0.1', 0)
        self.url = f'redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}'
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        # The transports close at the next turn of the loop.
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(cast(asyncio.Task[Any], asyncio.current_task()))
        redis_reader, redis_writer = await asyncio.open_connection('127.0.0.1', self.port)
        losing = False

        async def forward_commands() -> None:
            nonlocal losing
            while data := await reader.read(65536):
                if self.reset_next:
                    self.reset_next = False
                    writer.transport.abort()
                    break
                if self.lose_response_to is not None and self.lose_response_to in data:
                    self.lose_response_to = None
                    losing = True
                if self.hangs and self.hang_on is not None and self.hang_on in data:
                    self.hangs -= 1
                    continue
                redis_writer.write(data)
            redis_writer.close()

        async def forward_responses() -> None:
            while data := await redis_reader.read(65536):
                if losing:
                    writer.transport.abort()
                    break
                await asyncio.sleep(self.delay)
                writer.write(data)
            writer.close()

        try:
            await asyncio.gather(forward_commands(), forward_responses(), return_exceptions=True)
        finally:
            writer.transport.abort()
            redis_writer.transport.abort()
