"""What stands between an app and Redis, and loses what it is told to."""

import asyncio
from types import TracebackType
from typing import Self


class RedisProxy:
    """Hands on what an app and a Redis say to each other; `async with` starts and stops it.

    Attributes:
        url: Where it listens.
        port: The port of the Redis that new connections lead to.
        reset_next: Whether to break the next connection that asks something, without asking it.
        lose_reply_to: The command, by a part of it, whose reply the next connection breaks
            instead of bringing.
        delay: How many seconds to keep each reply.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.reset_next = False
        self.lose_reply_to: bytes | None = None
        self.delay = 0.0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, '127.0.0.1', 0)
        self.url = f'redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}'
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        redis_reader, redis_writer = await asyncio.open_connection('127.0.0.1', self.port)
        losing = False

        async def ask() -> None:
            nonlocal losing
            while data := await reader.read(65536):
                if self.reset_next:
                    self.reset_next = False
                    writer.transport.abort()
                    break
                if self.lose_reply_to is not None and self.lose_reply_to in data:
                    self.lose_reply_to = None
                    losing = True
                redis_writer.write(data)
            redis_writer.close()

        async def answer() -> None:
            while data := await redis_reader.read(65536):
                if losing:
                    writer.transport.abort()
                    break
                await asyncio.sleep(self.delay)
                writer.write(data)
            writer.close()

        await asyncio.gather(ask(), answer(), return_exceptions=True)
