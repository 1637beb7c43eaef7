"""Shut an app down although its server still waits for a client."""

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


class LifespanMiddleware:
    """Middleware that can end the app's lifespan, so that its `after_serving` functions run.

    Hypercorn ends it only after the last connection has closed. A client that does not read its
    response, and a handler that ignores its cancellation, would prevent that.
    """

    def __init__(self, app: ASGIFramework) -> None:
        """Wrap an app."""
        self.app = app
        self._is_open = False
        self._ending = asyncio.Event()
        self._ended = asyncio.Event()

    async def end(self) -> None:
        """End the app's lifespan, unless that is done."""
        if self._is_open:
            self._ending.set()
            await self._ended.wait()

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Watch the lifespan; pass all requests to the app."""
        if scope['type'] != 'lifespan':
            await self.app(scope, receive, send)
            return

        async def receive_or_end() -> ASGIReceiveEvent:
            shutdown = cast(ASGIReceiveEvent, {'type': 'lifespan.shutdown'})
            return await receive_unless(self._ending, receive, shutdown)

        async def send_and_watch(event: ASGISendEvent) -> None:
            if event['type'] == 'lifespan.startup.complete':
                self._is_open = True
            await send(event)

        try:
            await self.app(scope, receive_or_end, send_and_watch)
        finally:
            self._is_open = False
            self._ended.set()
