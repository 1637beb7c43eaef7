"""Headers that make browsers strict, on every response of the app (OWASP ASVS 5.0, 3.4)."""

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

HEADERS = {
    # ASVS 3.4.3 and 3.4.6. Scripts, styles and images come from the app's own files alone.
    'Content-Security-Policy': (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    # ASVS 3.4.4.
    'X-Content-Type-Options': 'nosniff',
    # ASVS 3.4.5.
    'Referrer-Policy': 'same-origin',
}


def with_security_headers(
    asgi_app: ASGIFramework, strict_transport_security: str | None
) -> ASGIFramework:
    """Return an ASGI app that adds the headers to another's, which may send its own instead.

    Around the app, and not in its `after_request`: a response may become an error after that.

    Args:
        asgi_app: The app.
        strict_transport_security: The value of that header (RFC 6797, 6.1; ASVS 3.4.1), or None
            to send none.
    """
    headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    if strict_transport_security:
        headers.append((b'strict-transport-security', strict_transport_security.encode()))

    async def strict(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        async def send_strict(event: ASGISendEvent) -> None:
            # The second is a refused websocket's.
            if (
                event['type'] == 'http.response.start'
                or event['type'] == 'websocket.http.response.start'
            ):
                own = {name.lower() for name, _ in event['headers']}
                missing = (header for header in headers if header[0] not in own)
                event['headers'] = [*event['headers'], *missing]
            await send(event)

        await asgi_app(scope, receive, send_strict)

    return strict
