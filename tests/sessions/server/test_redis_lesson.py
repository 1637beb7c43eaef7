"""The lesson's own tests, unchanged, with its sessions on Redis."""

from collections.abc import AsyncIterator

import httpx
import pytest
from quart import Quart

from quart_session_demo import create_app
from quart_session_demo.compare.harness.servers import ServerCommand, hypercorn, run_servers
from tests.conftest import KEY
from tests.e2e.test_hypercorn import WALK
from tests.redis_server import RedisServer

# pytest collects them here too, and gives them this module's app.
from tests.test_lesson import (  # noqa: F401
    test_browser_session_ends_with_the_browser,
    test_del_session_clears_everything,
    test_del_session_of_missing_value_is_404,
    test_del_session_of_one_value_keeps_the_others,
    test_del_session_without_session_answers_the_same,
    test_garbage_cookie_is_empty_session,
    test_get_session_returns_text_whatever_was_stored,
    test_get_session_returns_username,
    test_get_session_without_session_says_so,
    test_index_cookie_expires_after_ten_days,
    test_index_makes_browser_session_permanent_again,
    test_index_sets_username_age_and_permanent,
    test_missing_trailing_slash_redirects,
    test_options_lists_methods,
    test_other_method_is_405,
    test_unknown_path_is_404,
)


@pytest.fixture
async def app(redis_server: RedisServer) -> AsyncIterator[Quart]:
    app = create_app(
        {'SECRET_KEY': KEY, 'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': redis_server.url}
    )
    async with app.test_app():
        yield app


@pytest.mark.parametrize('worker', ['asyncio', 'uvloop'])
def test_hypercorn_serves_the_lesson_with_sessions_on_redis(
    redis_server: RedisServer, worker: str
) -> None:
    environment = {
        'QUART_SECRET_KEY': KEY,
        'QUART_SESSION_TYPE': 'redis',
        'QUART_SESSION_REDIS_URL': redis_server.url,
    }
    command = hypercorn('quart_session_demo:app', '--worker-class', worker)

    with (
        run_servers(ServerCommand('Redis', command, environment)) as [server],
        httpx.Client(base_url=server.url) as browser,
    ):
        for path, status, text in WALK:
            reply = browser.get(path)

            assert (reply.status_code, reply.text) == (status, text)
