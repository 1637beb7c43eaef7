"""A busy process on a busy machine: no request fails while the store responds."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie

# Each turn of the event loop takes a large part of the timeout.
TIMEOUT, TURN = 0.05, 0.01
SETTINGS = {'SESSION_REDIS_TIMEOUT': TIMEOUT, 'SESSION_REDIS_MAX_CONNECTIONS': 50}
# A step on a database takes more turns, so fewer requests are as long in the queue.
REQUESTS, DATABASE_REQUESTS = 200, 20


@pytest.fixture
def busy_processes() -> Iterator[None]:
    """Run two processes that do nothing but use the processors."""
    with ExitStack() as stack:
        for _ in range(2):
            process = stack.enter_context(
                subprocess.Popen([sys.executable, '-c', 'while True: pass'])
            )
            stack.callback(process.kill)
        yield


async def test_busy_process_fails_no_request(store: dict[str, Any], busy_processes: None) -> None:
    """Of many concurrent requests of one session none fails though the event loop is never idle."""
    app = make_sessions_app(**{**store, **SETTINGS})
    count = DATABASE_REQUESTS if store.get('SESSION_TYPE') == 'sqlalchemy' else REQUESTS
    async with app.test_app():
        session = cookie_of(await app.test_client().get('/')).value

        async def keep_busy() -> None:
            while True:
                time.sleep(TURN)  # noqa: ASYNC251
                await asyncio.sleep(0)

        busy = asyncio.create_task(keep_busy())
        responses = await asyncio.gather(
            *(
                get_with_cookie(app, f'/set/{number}' if number % 2 else '/unused', session)
                for number in range(count)
            )
        )
        busy.cancel()
        contents = await contents_of(app, session)

    assert {response.status_code for response in responses} == {200}
    assert {f'{number}' for number in range(1, count, 2)} <= contents.keys()


async def test_response_to_a_busy_process_is_read(store: dict[str, Any]) -> None:
    """A response that arrived while the process was busy is read, and no timeout."""
    timeout = 0.3
    timeouts = {'SESSION_REDIS_TIMEOUT': timeout, 'SESSION_SQLALCHEMY_TIMEOUT': timeout}
    app = make_sessions_app(**store, **timeouts)

    async def keep_busy() -> None:
        # Longer than an attempt may take, at each turn of the event loop.
        for _ in range(6):
            time.sleep(1.5 * timeout)  # noqa: ASYNC251
            await asyncio.sleep(0)

    async with app.test_app():
        client = app.test_client()
        assert (await client.get('/')).status_code == 200
        response, _ = await asyncio.gather(client.get('/get_session/'), keep_busy())

    assert response.status_code == 200
