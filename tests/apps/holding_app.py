"""The app with a route that holds requests until SIGUSR1, so that they are in flight."""

import asyncio
import signal

from quart import websocket

from quart_session_demo import app

released = asyncio.Event()
in_flight = 0


@app.before_serving
async def release_on_signal() -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, released.set)


@app.get('/hold/')
async def hold() -> str:
    global in_flight
    in_flight += 1
    await released.wait()
    return 'finished'


@app.get('/held/')
async def count() -> str:
    return str(in_flight)


@app.websocket('/open/')
async def stay_open() -> None:
    await websocket.accept()
    await websocket.receive()
