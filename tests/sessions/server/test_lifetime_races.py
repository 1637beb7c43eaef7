"""Lifetimes and races: a slow request does not shorten what another one extended."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart, Response, session

from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie
from tests.sessions.expiry import START
from tests.sessions.server.stored import Remaining

HOUR = 3600
DAY = 24 * HOUR


class SlowApp:
    """An app with a view that reads the session, waits, and changes it."""

    def __init__(self, **config: Any) -> None:
        self.app = app = make_sessions_app(
            SESSION_BROWSER_LIFETIME=HOUR, PERMANENT_SESSION_LIFETIME=DAY, **config
        )
        self._read, self._proceed = asyncio.Event(), asyncio.Event()

        @app.get('/slow')
        async def slow() -> str:
            await self._wait()
            return 'slow'

        @app.get('/long')
        async def set_lifetime() -> str:
            session.lifetime = timedelta(days=10)  # type: ignore[attr-defined]
            return 'long'

        @app.get('/remember')
        async def remember() -> str:
            session.permanent = True
            return 'remembered'

    async def _wait(self) -> None:
        self._read.set()
        await self._proceed.wait()
        session['slow'] = 1

    async def race(self, seconds: float, slow: str, fast: str, value: str) -> Response:
        """Return the response to a slow request, during which a fast one runs."""
        with time_machine.travel(START + timedelta(seconds=seconds), tick=False):
            running = asyncio.ensure_future(get_with_cookie(self.app, slow, value))
            await self._read.wait()
            await get_with_cookie(self.app, fast, value)
            self._proceed.set()
            return await running


async def begin(app: Quart) -> str:
    with time_machine.travel(START, tick=False):
        return cookie_of(await app.test_client().get('/set/user')).value


@pytest.mark.parametrize(('fast', 'lifetime'), [('/remember', DAY), ('/long', 10 * DAY)])
async def test_slow_change_does_not_shorten_lifetime(
    readable_store: dict[str, Any], remaining: Remaining, fast: str, lifetime: int
) -> None:
    """A slow change leaves the longer lifetime that another request gave the session meanwhile."""
    slow_app = SlowApp(**readable_store)
    async with slow_app.app.test_app():
        value = await begin(slow_app.app)
        await slow_app.race(600, '/slow', fast, value)
        with time_machine.travel(START + timedelta(seconds=600), tick=False):
            [left] = remaining(slow_app.app)
            assert (await contents_of(slow_app.app, value))['slow'] == 1

    assert lifetime * 1000 - 60_000 < left <= lifetime * 1000
