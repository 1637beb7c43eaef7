"""Clients of websockets whose handshake response, close code and session a test reads."""

import asyncio
from typing import Any, Self

from hypercorn.typing import ASGISendEvent
from quart import Quart, session
from quart.testing.connections import TestWebsocketConnection
from quart.utils import decode_headers
from werkzeug.datastructures import Headers

from quart_session_demo.sessions import regenerate_session, revoke_sessions
from tests.conftest import SetCookie, cookie_of


class Connection(TestWebsocketConnection):
    """Quart's connection, which also has the headers of an accepted handshake and the close code.

    It does not confirm that the server closes it.
    """

    headers: Headers

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.close_codes = asyncio.Queue[int]()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await super().__aexit__(*error)

    async def _asgi_send(self, message: ASGISendEvent) -> None:
        if message['type'] == 'websocket.accept':
            self.headers = decode_headers(message['headers'])
        if message['type'] == 'websocket.close':
            self.close_codes.put_nowait(message['code'])
        else:
            await super()._asgi_send(message)


def add_login(app: Quart) -> None:
    """Add a login as any user, and a view that revokes all sessions of a user."""

    @app.get('/login/<user>')
    async def login_as(user: str) -> str:
        session['name'] = user
        await regenerate_session(user=user)
        return ''

    @app.get('/revoke/<user>')
    async def revoke(user: str) -> str:
        return str(await revoke_sessions(user))


def connect(app: Quart, path: str, cookie: SetCookie | None = None) -> Connection:
    """Return a connection that sends this session cookie in its handshake."""
    client = app.test_client(use_cookies=False)
    client.websocket_connection_class = Connection
    headers = {} if cookie is None else {'Cookie': f'session={cookie.value}'}
    connection = client.websocket(path, headers=headers)
    assert isinstance(connection, Connection)
    return connection


async def new_cookie(app: Quart, path: str = '/') -> SetCookie:
    """Return the cookie of a new session, which a request to this path begins."""
    return cookie_of(await app.test_client().get(path))


async def close_code(connection: Connection) -> int:
    """Return the code with which the server closes a websocket, after at most 30 seconds."""
    async with asyncio.timeout(30):
        return await connection.close_codes.get()
