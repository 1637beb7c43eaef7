"""Health checks: `/health` and `/health/ready`, which platforms and routers request."""

import json
from collections.abc import Awaitable, Callable

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
)

from quart_session_demo.middleware.response import send_response

READY = '/health/ready'
PATHS = ('/health', READY)


async def _always_ready() -> bool:
    return True


class HealthMiddleware:
    """Middleware that responds to `/health` and `/health/ready` without a session or a cookie.

    `/health` shows that this process serves requests. It does not depend on a database: a platform
    restarts a process that fails here, and a restart would not fix the database. `/health/ready`
    returns 503 while the app cannot work. A router then sends requests to other processes.
    """

    def __init__(
        self, app: ASGIFramework, is_ready: Callable[[], Awaitable[bool]] = _always_ready
    ) -> None:
        """Wrap an app.

        Args:
            app: The app, which gets all other requests.
            is_ready: Returns whether everything that the app depends on works.
        """
        self.app = app
        self.is_ready = is_ready

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Respond to a request for one of the two paths; pass all others to the app."""
        if scope['type'] != 'http' or (path := _path(scope)) not in PATHS:
            await self.app(scope, receive, send)
            return
        status, content = 200, {'status': 'ok'}
        headers = [(b'cache-control', b'no-store')]
        if scope['method'] not in ('GET', 'HEAD'):
            status, content = 405, {'error': 'Method Not Allowed'}
            headers.append((b'allow', b'GET, HEAD'))
        elif path == READY and not await self.is_ready():
            status, content = 503, {'error': 'Service Unavailable'}
        body = json.dumps(content).encode()
        await send_response(scope, send, status, 'application/json', body, headers)


def _path(scope: HTTPScope) -> str:
    # The server adds its root path to the path, unless a proxy has removed it.
    return scope['path'].removeprefix(scope.get('root_path', '').rstrip('/'))
