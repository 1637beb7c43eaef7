"""Answers malformed requests with 400, before Quart's own error handling."""

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
    """Answers 400 where Quart answers 500 and logs a traceback.

    These are a request target that is neither a path nor a URL (`GET http://[`), a query that is
    not valid UTF-8, which HTTP/2 allows, and, on Quart 0.22, a `Host` that is not a host name
    (`..`). A method `head` is answered as HEAD, without a traceback.
    """

    def __init__(self, app: ASGIFramework) -> None:
        """Wrap an app."""
        self.app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Answer a malformed request; pass on all others."""

        async def send_to_head(event: ASGISendEvent) -> None:
            try:
                await send(event)
            except LocalProtocolError:
                # Hypercorn reads `head` as HEAD and sends no body, but h11 expects one.
                if scope['type'] != 'http' or scope['method'] != 'HEAD':
                    raise

        try:
            if scope['type'] == 'lifespan' or (
                _is_target(scope['path']) and _is_utf8(scope['query_string'])
            ):
                await self.app(scope, receive, send_to_head)
                return
        except BadHost:
            # Quart raises it before routing, so nothing has been sent.
            pass
        await send_response(scope, send_to_head, 400, 'text/plain', b'Bad Request\n')


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
