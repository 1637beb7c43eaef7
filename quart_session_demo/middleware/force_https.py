"""Redirect http to https."""

import re
from urllib.parse import quote, urlsplit

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
)
from werkzeug.sansio.utils import host_is_trusted

from quart_session_demo.middleware.host import request_host
from quart_session_demo.middleware.response import send_response

# The other characters of a URL that are not encoded (RFC 3986, 3.3 and 3.4).
_PATH_CHARACTERS = "!$&'()*+,/:;=@[]"
_ENCODED_CHARACTERS = f'{_PATH_CHARACTERS}?%'


class ForceHttpsMiddleware:
    """Middleware that redirects http to https, and rejects websockets without TLS with 403.

    The redirect has the status 308, with which a client sends the same method and body again. It
    is not stored: a cache that does not distinguish the schemes would send it to users of https,
    and a mistake would stay in browsers. `Strict-Transport-Security` makes browsers remember https.

    The port is dropped, because http and https use different ones. Browsers do not follow the
    redirect of a websocket.

    Behind a proxy with TLS the app must know the client's scheme, or each page redirects to itself:
    wrap this in `TrustedProxiesMiddleware`. Wrap it in `HealthMiddleware` too: platforms request
    `/health` over http.
    """

    def __init__(self, app: ASGIFramework) -> None:
        """Wrap an app, which gets the requests over https and wss."""
        self.app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Redirect a request over http; return 400 if it has no valid host or target."""
        if scope['type'] == 'lifespan' or scope.get('scheme') in ('https', 'wss'):
            await self.app(scope, receive, send)
        elif scope['type'] == 'websocket':
            await send_response(scope, send, 403, 'text/plain', b'Forbidden: use wss.\n')
        elif location := _location(scope):
            headers = [(b'location', location.encode()), (b'cache-control', b'no-store')]
            await send_response(scope, send, 308, 'text/plain', b'Use https.\n', headers)
        else:
            await send_response(scope, send, 400, 'text/plain', b'Bad Request\n')


def _location(scope: HTTPScope) -> str | None:
    """Return the same address with https, or None."""
    host = request_host(scope)
    if not host_is_trusted(host):
        return None
    # Not all servers have the encoded path.
    path = scope.get('raw_path') or quote(scope['path'], _PATH_CHARACTERS).encode()
    if not path.startswith(b'/'):
        try:
            # A whole URL, as clients send it to a proxy (RFC 9112, 3.2.2). Quart uses its path.
            path = urlsplit(path).path
        except ValueError:
            return None
    # Without this slash, the target `.evil.example` would become a part of the host.
    address = quote(path.removeprefix(b'/'), _ENCODED_CHARACTERS)
    query = quote(scope['query_string'], _ENCODED_CHARACTERS)
    host = re.sub(':[0-9]+$', '', str(host))
    return f'https://{host}/{address}' + (f'?{query}' if query else '')
