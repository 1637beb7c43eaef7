"""Return 400 for malformed requests; Quart would return 500."""

from contextlib import suppress
from urllib.parse import urlsplit

from h11 import LocalProtocolError
from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)
from werkzeug.exceptions import BadHost

from quart_session_demo.middleware.response import send_response


class BadRequestMiddleware:
    """Middleware that returns 400 where Quart returns 500 and logs a traceback.

    A request is malformed if its target is neither a path nor a URL (`GET http://[`) or its query
    is not valid UTF-8, which HTTP/2 allows. On Quart 0.22 so is one whose `Host` is not a host name
    (`..`). A request with the method `head` gets the response to HEAD, without a traceback.
    """

    def __init__(self, app: ASGIFramework) -> None:
        """Wrap an app."""
        self.app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Return 400 for a malformed request; pass all others to the app."""
        if scope['type'] == 'http' and scope['method'] == 'HEAD':
            send = _ignoring_missing_body(send)
        try:
            if scope['type'] == 'lifespan' or (
                _is_target(scope['path']) and _is_utf8(scope['query_string'])
            ):
                await self.app(scope, receive, send)
                return
        except BadHost:
            # Quart raises it before routing, so nothing has been sent.
            pass
        await send_response(scope, send, 400, 'text/plain', b'Bad Request\n')


def _ignoring_missing_body(send: ASGISendCallable) -> ASGISendCallable:
    # Hypercorn reads `head` as HEAD and sends no body, but h11 expects one.
    async def send_to_head(event: ASGISendEvent) -> None:
        with suppress(LocalProtocolError):
            await send(event)

    return send_to_head


def _is_target(path: str) -> bool:
    if path.startswith('/'):
        return True
    # A whole URL, as clients send it to a proxy, is valid too (RFC 9112, 3.2.2).
    try:
        urlsplit(path)
    except ValueError:
        return False
    return bool(path)


def _is_utf8(query: bytes) -> bool:
    try:
        query.decode()
    except UnicodeDecodeError:
        return False
    return True
