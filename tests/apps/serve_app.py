"""An app with requests that do not end, for tests of the starter."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator

from quart import Quart, request, websocket

app = Quart(__name__)
in_flight = 0


@app.before_serving
async def start() -> None:
    if delay := os.environ.get('START_SECONDS'):
        print('starting', file=sys.stderr)
        await asyncio.sleep(float(delay))
    if os.environ.get('START_THREAD'):
        threading.Thread(target=time.sleep, args=(600,)).start()
    if problem := os.environ.get('START_PROBLEM'):
        raise RuntimeError(problem)


@app.after_serving
async def stop() -> None:
    print('after_serving', file=sys.stderr)
    await asyncio.sleep(float(os.environ.get('STOP_SECONDS', '0')))


@app.get('/')
async def show_process() -> dict[str, object]:
    return {
        'pid': os.getpid(),
        'client': request.remote_addr,
        'concurrency': os.environ.get('WEB_CONCURRENCY'),
        'in_flight': in_flight,
    }


@app.get('/wait/<int:seconds>')
async def wait(seconds: int) -> str:
    global in_flight
    in_flight += 1
    await asyncio.sleep(seconds)
    return 'finished'


@app.post('/upload')
async def upload() -> str:
    return str(len(await request.get_data()))


@app.get('/endless')
async def endless() -> AsyncIterator[str]:
    while True:
        yield 'x' * 100_000


@app.get('/stubborn')
async def stubborn() -> str:
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            print('ignored', file=sys.stderr)


@app.get('/thread')
async def block_thread() -> str:
    await asyncio.to_thread(time.sleep, 600)
    return 'finished'


@app.get('/block')
async def block() -> str:
    print('blocking', file=sys.stderr, flush=True)
    time.sleep(600)  # noqa: ASYNC251
    return 'finished'


@app.get('/close')
async def close_standard_error() -> str:
    sys.stderr.close()
    return 'closed'


@app.get('/log/<int:lines>')
async def log(lines: int) -> str:
    for _ in range(lines):
        print('x' * 1000, file=sys.stderr)
    return 'logged'


@app.get('/background')
async def start_in_background() -> str:
    os.system('sleep 60 >/dev/null 2>&1 & echo $! >&2')  # noqa: ASYNC221, S605
    return 'started'


@app.get('/signals')
async def show_signals_of_child() -> str:
    """Return the ignored signals of a program that the app starts, as a hexadecimal mask."""
    status = subprocess.run(['cat', '/proc/self/status'], capture_output=True, text=True)  # noqa: ASYNC221
    return status.stdout.partition('SigIgn:')[2].split()[0]


@app.get('/cleanup')
async def clean_up() -> str:
    try:
        await asyncio.Event().wait()
        return 'finished'
    finally:
        print('cleaned up', file=sys.stderr)


@app.websocket('/cleanup')
async def clean_up_websocket() -> None:
    await websocket.accept()
    await clean_up()


@app.websocket('/open')
async def stay_open() -> None:
    await websocket.accept()
    while True:
        await websocket.receive()
