"""A real Hypercorn in the event loop of a test."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart


@asynccontextmanager
async def serving(app: Quart, errorlog: str | None = None) -> AsyncIterator[int]:
    """Serve an app with Hypercorn in this event loop; yield the port."""
    listener = socket.create_server(('127.0.0.1', 0))
    port = listener.getsockname()[1]
    config = Config()
    config.bind = [f'fd://{listener.detach()}']
    config.errorlog = errorlog
    stop = asyncio.Event()
    task = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
    try:
        yield port
    finally:
        stop.set()
        await task
