"""`/health`: does this process answer? Asked by a PaaS, and answered before the app is.

`/health/ready`: does its session store answer too?
"""

import json
from collections.abc import Awaitable, Callable

from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, Scope


def with_health(asgi_app: ASGIFramework, is_ready: Callable[[], Awaitable[bool]]) -> ASGIFramework:
    """Return an ASGI app that answers `/health` and `/health/ready`, and hands on everything else.

    No session is opened, no cookie read or sent. `/health` says that the process serves, and
    nothing of what the app depends on: a PaaS restarts a process that fails here, which would
    mend no database. `/health/ready` is 503 while the app cannot work, and is for routers.

    Args:
        asgi_app: What everything else is handed to.
        is_ready: Tells whether what the app depends on answers.
    """

    async def health(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope['type'] != 'http' or scope['path'] not in ('/health', '/health/ready'):
            await asgi_app(scope, receive, send)
            return
        status, content = 200, {'status': 'ok'}
        if scope['method'] not in ('GET', 'HEAD'):
            status, content = 405, {'error': 'Method Not Allowed'}
        elif scope['path'] == '/health/ready' and not await is_ready():
            status, content = 503, {'error': 'Service Unavailable'}
        body = json.dumps(content).encode()
        headers = [
            (b'content-type', b'application/json'),
            (b'content-length', str(len(body)).encode()),
            (b'cache-control', b'no-store'),
        ]
        if status == 405:
            headers.append((b'allow', b'GET, HEAD'))
        await send(
            {
                'type': 'http.response.start',
                'status': status,
                'headers': headers,
                'trailers': False,
            }
        )
        await send(
            {
                'type': 'http.response.body',
                'body': b'' if scope['method'] == 'HEAD' else body,
                'more_body': False,
            }
        )

    return health
