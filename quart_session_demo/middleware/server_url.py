"""The URL of a server, for apps that print it at the start."""

import socket
from typing import cast

from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, Scope

#: The key of the URL in the lifespan scope. ASGI has none.
SERVER_URL = 'server_url'


class ServerUrlMiddleware:
    """Middleware that adds the server's URL to the lifespan scope."""

    def __init__(self, app: ASGIFramework, url: str | None) -> None:
        """Wrap an app.

        Args:
            app: The app.
            url: The URL without a path: empty if a browser cannot use the address, such as that of
                a Unix socket; None if another process of this server has started before.
        """
        self.app = app
        self.url = url

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Add the URL to a lifespan scope; pass all others as they are."""
        if scope['type'] == 'lifespan':
            scope = cast(Scope, {**scope, SERVER_URL: self.url})
        await self.app(scope, receive, send)


def local_url(listener: socket.socket, name: str | None = None) -> str:
    """Return the URL at which browsers on this machine reach a bound socket, without a path.

    Args:
        listener: The socket. The URL of a Unix socket is empty.
        name: The host name that was bound; by default the URL has the address.
    """
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        return ''
    address, port, *_ = listener.getsockname()
    host = name or address
    # No browser can open the address that stands for all of a machine.
    if address == '::' and listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
        host = '::1'
    elif address in ('0.0.0.0', '::'):  # noqa: S104
        host = '127.0.0.1'
    return f'http://[{host}]:{port}' if ':' in host else f'http://{host}:{port}'
