"""Refuse requests for other hosts: Quart validates no `Host` header, and builds URLs from it."""

from collections.abc import Collection

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    Scope,
)
from werkzeug.exceptions import BadHost
from werkzeug.sansio.utils import host_is_trusted

from quart_session_demo.middleware.host import request_host
from quart_session_demo.middleware.response import send_response


class TrustedHostMiddleware:
    """Middleware that returns 400 for a request whose `Host` is not trusted, as Flask does.

    Without it, a redirect or a link to `http://evil.example/` may be stored in a cache or sent in
    an email. Wrap it in `HealthMiddleware`: platforms request `/health` by IP address.
    """

    def __init__(self, app: ASGIFramework, trusted_hosts: Collection[str] | None) -> None:
        """Wrap an app.

        Args:
            app: The app.
            trusted_hosts: The hosts, without ports. One that starts with a dot includes its
                subdomains. None trusts every host. Source: Flask's `TRUSTED_HOSTS`.
        """
        self.app = app
        self.trusted_hosts = trusted_hosts

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Return 400 for an untrusted host, in a websocket's handshake too; else call the app."""
        if self.trusted_hosts is None or scope['type'] == 'lifespan':
            await self.app(scope, receive, send)
            return
        try:
            if host_is_trusted(request_host(scope), self.trusted_hosts):
                await self.app(scope, receive, send)
                return
        except BadHost:
            # `..example.org` matches `.example.org`. Quart 0.22 raises the error before routing, so
            # nothing has been sent.
            pass
        body = b'Bad Request: the host is not in TRUSTED_HOSTS.\n'
        await send_response(scope, send, 400, 'text/plain', body)
