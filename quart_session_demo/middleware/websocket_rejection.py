"""A websocket that is refused ends, so that it cannot hold up a stop."""

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


def with_refused_websockets_ended(asgi_app: ASGIFramework) -> ASGIFramework:
    """Return an ASGI app that hears of a disconnection once it has refused a websocket.

    Quart 0.23 waits for the client to go, and Hypercorn for Quart: the connection stays open for
    as long as the client likes, and a stop takes the whole graceful timeout.
    """

    async def end(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope['type'] != 'websocket':
            await asgi_app(scope, receive, send)
            return
        refused = asyncio.Event()

        async def receive_unless_refused() -> ASGIReceiveEvent:
            received = asyncio.ensure_future(receive())
            ended = asyncio.ensure_future(refused.wait())
            try:
                await asyncio.wait((received, ended), return_when=asyncio.FIRST_COMPLETED)
                if received.done():
                    return received.result()
                return cast(ASGIReceiveEvent, {'type': 'websocket.disconnect', 'code': 1006})
            finally:
                received.cancel()
                ended.cancel()

        async def send_and_notice(event: ASGISendEvent) -> None:
            await send(event)
            if event['type'] == 'websocket.http.response.body' and not event.get('more_body'):
                refused.set()

        await asgi_app(scope, receive_unless_refused, send_and_notice)

    return end
