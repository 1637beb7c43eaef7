"""Calls an ASGI app as a server does, below what a test client checks."""

import asyncio
from typing import Any


async def call(app: Any, type_: str, **scope: Any) -> list[Any]:
    """Call an app with a request or a websocket, and return the events that it sends.

    The client sends nothing further. It disconnects after a whole response, or when the app closes
    the websocket; it stays when the app rejects the websocket.
    """
    events: asyncio.Queue[Any] = asyncio.Queue()
    events.put_nowait({'type': 'http.request' if type_ == 'http' else 'websocket.connect'})
    sent: list[Any] = []

    async def send(event: Any) -> None:
        sent.append(event)
        if event['type'] == 'http.response.body' and not event.get('more_body'):
            events.put_nowait({'type': 'http.disconnect'})
        elif event['type'] == 'websocket.close':
            events.put_nowait({'type': 'websocket.disconnect', 'code': 1000})

    async with asyncio.timeout(10):
        await app(
            {
                'type': type_,
                'extensions': {'websocket.http.response': {}},
                'headers': [],
                'http_version': '2',
                'method': 'GET',
                'path': '/get_session/',
                'query_string': b'',
                'root_path': '',
                'scheme': 'http' if type_ == 'http' else 'ws',
                'subprotocols': [],
                **scope,
            },
            events.get,
            send,
        )
    return sent
