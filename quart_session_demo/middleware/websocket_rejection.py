"""Close rejected websockets, which would delay a shutdown."""

import asyncio
from typing import cast

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

from quart_session_demo.middleware.receiving import receive_unless


class WebsocketRejectionMiddleware:
    """Middleware that reports a disconnection to the app after the app rejected a websocket.

    Without it, Quart 0.23 waits for the client to disconnect, and Hypercorn waits for Quart. The
    client decides how long the connection stays open, and a shutdown takes the whole graceful
    timeout.
    """

    def __init__(self, app: ASGIFramework) -> None:
        """Wrap an app."""
        self.app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Watch the handshake of a websocket; pass all other requests to the app."""
        if scope['type'] != 'websocket':
            await self.app(scope, receive, send)
            return
        rejected = asyncio.Event()

        async def receive_until_rejected() -> ASGIReceiveEvent:
            disconnect = cast(ASGIReceiveEvent, {'type': 'websocket.disconnect', 'code': 1006})
            return await receive_unless(rejected, receive, disconnect)

        async def send_and_watch(event: ASGISendEvent) -> None:
            await send(event)
            if event['type'] == 'websocket.http.response.body' and not event.get('more_body'):
                rejected.set()

        await self.app(scope, receive_until_rejected, send_and_watch)
