"""A rejected websocket is closed without waiting for the client."""

import asyncio

from quart import Quart, websocket

from quart_session_demo.middleware import WebsocketRejectionMiddleware
from tests.middleware.asgi import call


async def test_rejected_websocket_ends() -> None:
    """After the response that rejects a websocket the app ends, though the client stays."""
    app = WebsocketRejectionMiddleware(Quart('own').asgi_app)

    sent = await call(app, 'websocket', path='/missing')

    assert sent[0]['status'] == 404
    assert sent[-1]['type'] == 'websocket.http.response.body'


async def test_accepted_websocket_is_not_touched() -> None:
    """An accepted websocket stays open until its own handler ends."""
    app = Quart('own')
    waited = False

    @app.websocket('/open')
    async def stay_open() -> None:
        nonlocal waited
        await websocket.accept()
        try:
            async with asyncio.timeout(0.2):
                await websocket.receive()
        except TimeoutError:
            waited = True

    sent = await call(WebsocketRejectionMiddleware(app.asgi_app), 'websocket', path='/open')

    assert waited
    assert sent[0]['type'] == 'websocket.accept'
