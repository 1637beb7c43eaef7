"""The demo app with pages that show what it knows about the client's request."""

from typing import Any

from quart import redirect, request, url_for, websocket
from quart.typing import ResponseReturnValue

from quart_session_demo import create_app

app = create_app()


@app.get('/seen/')
async def seen() -> dict[str, Any]:
    return {
        'scheme': request.scheme,
        'secure': request.is_secure,
        'client': request.remote_addr,
        'route': request.access_route,
        'host': request.host,
        'url': request.url,
        'external': url_for('seen', _external=True),
    }


@app.get('/redirect/')
async def to_seen() -> ResponseReturnValue:
    return redirect(url_for('seen', _external=True))


@app.websocket('/ws')
async def ws() -> None:
    await websocket.send(f'{websocket.url} {websocket.host_url} {websocket.remote_addr}')
