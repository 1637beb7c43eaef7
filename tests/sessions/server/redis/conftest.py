"""What the tests of sessions on Redis ask of Redis itself."""

import hashlib
from collections.abc import AsyncIterator

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from tests.apps.sessions_app import make_sessions_app
from tests.redis_server import RedisServer


@pytest.fixture
async def app(redis_server: RedisServer) -> AsyncIterator[Quart]:
    """Yield an app with its sessions in the Redis that all tests share."""
    app = make_sessions_app(**redis_server.settings)
    async with app.test_app():
        yield app


def redis_key(session_id: str) -> str:
    """Return the key under which a session is stored."""
    return 'session:' + hashlib.sha256(session_id.encode()).hexdigest()


def key_of(client: Client) -> str:
    """Return the key under which the client's session is stored."""
    [cookie] = list(client.cookie_jar or ())
    return redis_key(str(cookie.value))
