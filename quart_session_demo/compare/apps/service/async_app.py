"""The Quart app of the scenario `service`: it calls an HTTP service with httpx."""

import itertools
import os
import ssl
from typing import Any

import httpx
from quart import session

from quart_session_demo import create_app

app = create_app()

# The clients connect when they are first used, so their connections belong to the event loop that
# serves the app. Each process of the server imports this module and has its own.
#
# httpx 0.28 searches all connections of a client for each request. With hundreds of them that takes
# longer than the rest of the request, so 32 clients with up to 16 connections take turns.
certificates = ssl.create_default_context()
clients = [
    httpx.AsyncClient(
        base_url=os.environ['SERVICE_URL'],
        limits=httpx.Limits(max_connections=16, max_keepalive_connections=16, keepalive_expiry=60),
        timeout=30,
        trust_env=False,
        verify=certificates,
    )
    for _ in range(32)
]
turns = itertools.cycle(clients)


@app.after_serving
async def close_clients() -> None:
    """Close the connections."""
    for client in clients:
        await client.aclose()


@app.get('/quote/')
async def quote() -> dict[str, Any]:
    """Read the session and return what the service responds."""
    response = await next(turns).get('/quote/')
    response.raise_for_status()
    return {'user': session.get('username'), 'quote': response.json()}
