"""Send a short response without calling the app."""

from collections.abc import Iterable
from typing import cast

from hypercorn.typing import ASGISendCallable, ASGISendEvent, Scope


async def send_response(
    scope: Scope,
    send: ASGISendCallable,
    status: int,
    content_type: str,
    body: bytes,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Send a whole response to a request, or to a websocket's handshake, which it rejects.

    A server without the extension "WebSocket Denial Response" rejects the handshake with 403.

    Args:
        scope: The scope of the request; a HEAD request gets no body.
        send: The server's `send`.
        status: The status code.
        content_type: The `Content-Type` header.
        body: The whole body.
        headers: Further headers.
    """
    if scope['type'] == 'websocket' and 'websocket.http.response' not in (
        scope.get('extensions') or {}
    ):
        await send({'type': 'websocket.close', 'code': 1008, 'reason': None})
        return
    event_type = 'http.response' if scope['type'] == 'http' else 'websocket.http.response'
    is_head = scope['type'] == 'http' and scope['method'] == 'HEAD'
    start = {
        'type': f'{event_type}.start',
        'status': status,
        'headers': [
            (b'content-type', content_type.encode()),
            (b'content-length', str(len(body)).encode()),
            *headers,
        ],
    }
    end = {'type': f'{event_type}.body', 'body': b'' if is_head else body, 'more_body': False}
    await send(cast(ASGISendEvent, start))
    await send(cast(ASGISendEvent, end))
