"""Adds headers that make browsers strict to every response (OWASP ASVS 5.0, 3.4)."""

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

HEADERS = {
    # ASVS 3.4.3 and 3.4.6. Scripts, styles and images load from the app's own files only.
    'Content-Security-Policy': (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    # ASVS 3.4.4.
    'X-Content-Type-Options': 'nosniff',
    # ASVS 3.4.5.
    'Referrer-Policy': 'same-origin',
}


class SecurityHeadersMiddleware:
    """Adds security headers; a header that the app sends itself stays as it is.

    It wraps the app, because a response may turn into an error after `after_request`.
    """

    def __init__(self, app: ASGIFramework, hsts: str | None = None) -> None:
        """Wrap an app.

        Args:
            app: The app.
            hsts: The value of `Strict-Transport-Security` (RFC 6797, 6.1; ASVS 3.4.1), or None
                to send no such header.
        """
        self.app = app
        self.headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        if hsts:
            self.headers.append((b'strict-transport-security', hsts.encode()))

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Let the app answer, and add the headers to its response."""

        async def send_with_headers(event: ASGISendEvent) -> None:
            # The second type is the response that rejects a websocket.
            if (
                event['type'] == 'http.response.start'
                or event['type'] == 'websocket.http.response.start'
            ):
                own = {name.lower() for name, _ in event['headers']}
                missing = (header for header in self.headers if header[0] not in own)
                event['headers'] = [*event['headers'], *missing]
            await send(event)

        await self.app(scope, receive, send_with_headers)
