"""The app, with a route that holds requests until SIGUSR1: they are in flight."""

import asyncio
import signal

from quart import websocket

from quart_session_demo import app

released = asyncio.Event()
held = 0


@app.before_serving
async def release_on_signal() -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, released.set)


@app.get('/hold/')
async def hold() -> str:
    global held
    held += 1
    await released.wait()
    return 'finished'


@app.get('/held/')
async def count() -> str:
    return str(held)


@app.websocket('/open/')
async def stay_open() -> None:
    await websocket.accept()
    await websocket.receive()
