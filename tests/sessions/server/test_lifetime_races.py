"""Lifetimes and races: a request that does not extend a session leaves what another extended."""

import asyncio
from datetime import timedelta
from typing import Any

import time_machine
from quart import session

from quart_session_demo.sessions import do_not_extend_session
from quart_session_demo.sessions.server.store import current_time
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie, id_in
from tests.sessions.expiry import START
from tests.sessions.server.stored import Remaining

HOUR = 3600


async def test_slow_poll_does_not_undo_an_extension(store: dict[str, Any]) -> None:
    """A slow poll that changes the session leaves the time to which another request extended it."""
    app = make_sessions_app(**store, PERMANENT_SESSION_LIFETIME=HOUR)
    read, proceed = asyncio.Event(), asyncio.Event()

    @app.get('/slow_poll')
    async def slow_poll() -> str:
        do_not_extend_session()
        read.set()
        await proceed.wait()
        session['slow'] = 1
        return 'slow'

    async with app.test_app():
        with time_machine.travel(START, tick=False):
            value = cookie_of(await app.test_client().get('/set/user')).value
        with time_machine.travel(START + timedelta(seconds=0.9 * HOUR), tick=False):
            running = asyncio.ensure_future(get_with_cookie(app, '/slow_poll', value))
            await read.wait()
            await get_with_cookie(app, '/set/item', value)
            proceed.set()
            await running

        for hours, expected in (
            (1.91, {}),
            (1.89, {'user': 'user', 'item': 'item', 'slow': 1}),
        ):
            with time_machine.travel(START + timedelta(seconds=hours * HOUR), tick=False):
                assert await contents_of(app, value) == expected


async def test_store_preserves_a_later_extension(
    readable_store: dict[str, Any], remaining: Remaining
) -> None:
    """A write with an earlier time of extension lets the session expire as late as before."""
    app = make_sessions_app(**readable_store, PERMANENT_SESSION_LIFETIME=HOUR)
    async with app.test_app():
        sessions: Any = app.session_interface.store  # type: ignore[attr-defined]
        session_id = id_in(cookie_of(await app.test_client().get('/set/user')).value)
        extended = (await sessions.read(session_id)).refreshed
        earlier = current_time() - 1_800_000

        await sessions.write(session_id, {}, (), lifetime=1_800_000, refreshed=earlier)

        [left] = remaining(app)
        assert HOUR * 1000 - 60_000 < left <= HOUR * 1000
        assert (await sessions.read(session_id)).refreshed == extended
