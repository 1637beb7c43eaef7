"""The ASGI app that every server runs: one path waits, the others use the processor."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from events import EVENTS, LOADED, STARTED, STOPPED, WAITING, record

#: The variable with the seconds that a request for `/wait` takes.
WAIT = 'WAIT_SECONDS'
#: The variable with the step of the start that fails, if any: `import` or `startup`.
FAILURE = 'FAILURE'
#: The processor time of any other request, about that of a small page.
WORK_SECONDS = 0.002

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Return 200, after a wait or some work."""
    if scope['type'] == 'lifespan':
        await _run_lifespan(receive, send)
        return
    if scope['path'] == '/wait':
        record(WAITING)
        await asyncio.sleep(float(os.environ[WAIT]))
    else:
        end = time.thread_time() + WORK_SECONDS
        while time.thread_time() < end:
            # To read this clock is a system call, so most of the work is between the reads.
            sum(range(1000))
    headers = [(b'content-type', b'text/plain'), (b'content-length', b'2')]
    await send({'type': 'http.response.start', 'status': 200, 'headers': headers})
    await send({'type': 'http.response.body', 'body': b'ok'})


async def _run_lifespan(receive: Receive, send: Send) -> None:
    await receive()
    if os.environ.get(FAILURE) == 'startup':
        await send({'type': 'lifespan.startup.failed', 'message': 'FAILURE is set'})
        return
    await send({'type': 'lifespan.startup.complete'})
    record(STARTED)
    await receive()
    record(STOPPED)
    await send({'type': 'lifespan.shutdown.complete'})


def _load() -> None:
    record(LOADED)
    if os.environ.get(FAILURE) == 'import':
        raise RuntimeError('FAILURE is set')


# The measurement imports this module for its names, and has no file of events.
if EVENTS in os.environ:
    _load()
