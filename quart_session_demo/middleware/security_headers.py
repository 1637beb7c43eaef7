"""Add security headers to every response (OWASP ASVS 5.0, 3.4)."""

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

#: The headers of every response, besides `Strict-Transport-Security`.
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
    # ASVS 3.4.8. A page of another site that opens a page of the app cannot control its window.
    'Cross-Origin-Opener-Policy': 'same-origin',
    # ASVS 3.5.8. Pages of other sites cannot embed a response of the app, such as an image.
    'Cross-Origin-Resource-Policy': 'same-origin',
}


class SecurityHeadersMiddleware:
    """Middleware that adds security headers; a header that the app sends is not changed.

    `after_request` would be too early: a response may still become an error when the session is
    saved.
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
        """Call the app and add the headers to its response."""

        async def send_with_headers(event: ASGISendEvent) -> None:
            # The second type is the response that rejects a websocket.
            if (
                event['type'] == 'http.response.start'
                or event['type'] == 'websocket.http.response.start'
            ):
                present = {name.lower() for name, _ in event['headers']}
                missing = [header for header in self.headers if header[0] not in present]
                event['headers'] = [*event['headers'], *missing]
            await send(event)

        await self.app(scope, receive, send_with_headers)
