"""A chat and a stream on Quart, in the manner of Quart's examples."""

import asyncio
from collections.abc import AsyncGenerator

from quart import Quart, abort, make_response, render_template, request, websocket


class Broker:
    def __init__(self) -> None:
        self.connections: set[asyncio.Queue[str]] = set()

    async def publish(self, message: str) -> None:
        for connection in self.connections:
            await connection.put(message)

    async def subscribe(self) -> AsyncGenerator[str, None]:
        connection: asyncio.Queue[str] = asyncio.Queue()
        self.connections.add(connection)
        try:
            while True:
                yield await connection.get()
        finally:
            self.connections.remove(connection)


app = Quart(__name__)
broker = Broker()


@app.get('/')
async def index():
    return await render_template('index.html')


async def receive() -> None:
    while True:
        await broker.publish(await websocket.receive())


@app.websocket('/ws')
async def ws() -> None:
    task = None
    try:
        task = asyncio.ensure_future(receive())
        async for message in broker.subscribe():
            await websocket.send(message)
    finally:
        if task is not None:
            task.cancel()
            await task


@app.get('/events')
async def events():
    if 'text/event-stream' not in request.accept_mimetypes:
        abort(400)

    async def send_events():
        async for message in broker.subscribe():
            yield f'data: {message}\n\n'.encode()

    response = await make_response(send_events(), {'Content-Type': 'text/event-stream'})
    response.timeout = None
    return response


@app.post('/upload')
async def upload():
    size = 0
    async for chunk in request.body:
        size += len(chunk)
    return {'size': size}
