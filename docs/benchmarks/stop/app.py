"""The ASGI app that every server runs: one path waits, the others use the processor."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

#: The variable with the seconds that a request for `/wait` takes.
WAIT = 'WAIT_SECONDS'
#: The processor time of any other request, about that of a small page.
WORK_SECONDS = 0.002
#: The variable with the path of the file to which each process appends what happens.
EVENTS = 'EVENTS'
STARTED = 'started'
STOPPED = 'stopped'
WAITING = 'waiting'

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Return 200, after a wait or some work."""
    if scope['type'] == 'lifespan':
        await _run_lifespan(receive, send)
        return
    if scope['path'] == '/wait':
        _record(WAITING)
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
    await send({'type': 'lifespan.startup.complete'})
    _record(STARTED)
    await receive()
    _record(STOPPED)
    await send({'type': 'lifespan.shutdown.complete'})


def _record(event: str) -> None:
    # One write each, so that the lines of several processes do not mix.
    with Path(os.environ[EVENTS]).open('ab', buffering=0) as file:
        file.write(f'{event}\n'.encode())
