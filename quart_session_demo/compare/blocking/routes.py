"""Know the route for which the event loop works."""

from contextvars import ContextVar
from typing import Any

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    Scope,
)
from quart import request, websocket
from quart.signals import request_started, websocket_started

from quart_session_demo.compare.blocking.records import NO_ROUTE, SHUTDOWN, STARTUP

#: What a websocket has in place of a method.
WEBSOCKET = 'WEBSOCKET'
#: A request or websocket, such as `GET /users/<name>`, or the start or the end of the server.
#: Tasks inherit it, background tasks too.
current_route: ContextVar[str] = ContextVar('current_route', default=NO_ROUTE)


class RouteMiddleware:
    """Middleware that sets `current_route`."""

    def __init__(self, app: ASGIFramework) -> None:
        """Wrap an app."""
        self.app = app
        request_started.connect(_name_request_rule)
        websocket_started.connect(_name_websocket_rule)

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Set the route of a request; for the lifespan it is `startup` or `shutdown`."""
        if scope['type'] == 'lifespan':
            current_route.set(STARTUP)

            async def receive_lifespan() -> ASGIReceiveEvent:
                event = await receive()
                if event['type'] == 'lifespan.shutdown':
                    current_route.set(SHUTDOWN)
                return event

            await self.app(scope, receive_lifespan, send)
            return
        # Until Quart has found the URL rule, and if there is none.
        method = scope['method'] if scope['type'] == 'http' else WEBSOCKET
        current_route.set(f'{method} {scope["path"]}')
        await self.app(scope, receive, send)


async def _name_request_rule(*_: object, **__: Any) -> None:
    if request.url_rule:
        current_route.set(f'{request.method} {request.url_rule.rule}')


async def _name_websocket_rule(*_: object, **__: Any) -> None:
    if websocket.url_rule:
        current_route.set(f'{WEBSOCKET} {websocket.url_rule.rule}')
