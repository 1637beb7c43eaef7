"""What the tests of sessions on Redis ask of Redis itself."""

from collections.abc import AsyncIterator

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from quart_session_demo.sessions.server.store import store_key
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import id_in
from tests.redis_server import RedisServer


@pytest.fixture
async def app(redis_server: RedisServer) -> AsyncIterator[Quart]:
    """Yield an app with its sessions in the Redis that all tests share."""
    app = make_sessions_app(**redis_server.settings)
    async with app.test_app():
        yield app


def redis_key(cookie: str) -> str:
    """Return the key under which the session of a cookie is stored."""
    return f'session:{store_key(id_in(cookie))}'


def key_of(client: Client) -> str:
    """Return the key under which the client's session is stored."""
    [cookie] = list(client.cookie_jar or ())
    return redis_key(str(cookie.value))
