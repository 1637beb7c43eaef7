"""The lesson with its sessions on Redis, served by Hypercorn."""

import httpx
import pytest

from quart_session_demo.compare.harness.servers import ServerCommand, hypercorn, run_servers
from tests.conftest import KEY
from tests.redis_server import RedisServer
from tests.sessions.contract.test_lesson import WALK


@pytest.mark.parametrize('worker', ['asyncio', 'uvloop'])
def test_lesson_with_sessions_on_redis(redis_server: RedisServer, worker: str) -> None:
    """Hypercorn serves every page of the lesson, with each of its asyncio workers."""
    environment = {
        'QUART_SECRET_KEY': KEY,
        'QUART_SESSION_TYPE': 'redis',
        'QUART_SESSION_REDIS_URL': redis_server.url,
    }
    command = hypercorn('quart_session_demo:app', '--worker-class', worker)

    with (
        run_servers(ServerCommand('Redis', command, environment)) as [server],
        httpx.Client(base_url=server.url) as client,
    ):
        for path, status, text, _ in WALK:
            response = client.get(path)

            assert (response.status_code, response.text) == (status, text)
