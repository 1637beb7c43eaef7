"""The Flask app of the scenario `service`: it calls an HTTP service with httpx.

It must not load Quart, whose memory would count as Flask's. So it gets its settings from the
environment (`FLASK_*`) and not from `create_app`; see `compare/load/contenders.py`.
"""

import atexit
import itertools
import os
import ssl
from typing import Any

import httpx
from flask import Flask, session

from quart_session_demo.compare.apps.lesson.flask_lesson import lesson

app = Flask('quart_session_demo', static_folder=None)
app.config.from_prefixed_env()
app.register_blueprint(lesson)

# Each process of the server imports this module and has its own connections.
#
# httpx 0.28 searches all connections of a client for each request. With hundreds of them that takes
# longer than the rest of the request, so 32 clients with up to 16 connections take turns.
certificates = ssl.create_default_context()
clients = [
    httpx.Client(
        base_url=os.environ['SERVICE_URL'],
        limits=httpx.Limits(max_connections=16, max_keepalive_connections=16, keepalive_expiry=60),
        timeout=30,
        trust_env=False,
        verify=certificates,
    )
    for _ in range(32)
]
turns = itertools.cycle(clients)


@atexit.register
def close_clients() -> None:
    """Close the connections."""
    for client in clients:
        client.close()


@app.get('/quote/')
def quote() -> dict[str, Any]:
    """Read the session and return what the service responds."""
    response = next(turns).get('/quote/')
    response.raise_for_status()
    return {'user': session.get('username'), 'quote': response.json()}
