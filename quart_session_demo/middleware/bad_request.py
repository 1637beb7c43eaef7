"""Malformed requests that Quart trips over before its own error handling: 400, and not 500."""

from typing import cast
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

BODY = b'Bad Request\n'


def with_bad_requests_refused(asgi_app: ASGIFramework) -> ASGIFramework:
    """Return an ASGI app that answers 400 where Quart answers 500 with a traceback.

    That is to a request target that is no path and no URL (`GET http://[`), to a query that is not
    UTF-8, which HTTP/2 lets through, and, on Quart 0.22, to a `Host` that is no host name (`..`).
    A method `head` is answered as HEAD, without a traceback.
    """

    async def refuse(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        async def send_head(event: ASGISendEvent) -> None:
            try:
                await send(event)
            except LocalProtocolError:
                # Hypercorn took `head` for HEAD, h11 does not, and misses the body.
                if scope['type'] != 'http' or scope['method'] != 'HEAD':
                    raise

        try:
            if scope['type'] == 'lifespan' or (
                _is_target(scope['path']) and _is_utf8(scope['query_string'])
            ):
                await asgi_app(scope, receive, send_head)
                return
        except BadHost:
            # Raised before routing, so that nothing is sent yet.
            pass
        response = 'websocket.http.response' if scope['type'] == 'websocket' else 'http.response'
        for event in (
            {
                'type': f'{response}.start',
                'status': 400,
                'headers': [
                    (b'content-type', b'text/plain'),
                    (b'content-length', str(len(BODY)).encode()),
                ],
            },
            {'type': f'{response}.body', 'body': BODY, 'more_body': False},
        ):
            await send_head(cast(ASGISendEvent, event))

    return refuse


def _is_target(path: str) -> bool:
    if path.startswith('/'):
        return True
    # A whole URL, as for a proxy, is right too (RFC 9112, 3.2.2).
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
