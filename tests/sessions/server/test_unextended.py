"""A request that does not extend a session leaves its times in the store as they were."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart, request, session

from quart_session_demo.sessions import do_not_extend_session, session_expires_at
from quart_session_demo.sessions.server.store import new_session_id, store_key
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie, id_in, signed_id
from tests.sessions.expiry import START
from tests.sessions.server.stored import Remaining, store_of

HOUR = 3600


def make_app(**config: Any) -> Quart:
    app = make_sessions_app(**config)

    @app.get('/poll')
    async def poll() -> str:
        do_not_extend_session()
        if 'item' in request.args:
            session['item'] = request.args['item']
        return 'polled'

    @app.get('/expiry')
    async def expiry() -> str:
        return str(session_expires_at())

    return app


@pytest.fixture
async def app(readable_store: dict[str, Any]) -> AsyncIterator[Quart]:
    app = make_app(**readable_store, PERMANENT_SESSION_LIFETIME=HOUR)
    async with app.test_app():
        yield app


@pytest.mark.parametrize('path', ['/poll', '/poll?item=apple'])
async def test_poll_changes_no_time(app: Quart, remaining: Remaining, path: str) -> None:
    """A poll, with or without a change, leaves the remaining lifetime and the last extension."""
    store = store_of(app)
    with time_machine.travel(START, tick=False):
        value = cookie_of(await app.test_client().get('/')).value
    with time_machine.travel(START + timedelta(seconds=1800), tick=False):
        before = await store.read(store_key(id_in(value)))
        await get_with_cookie(app, path, value)
        after = await store.read(store_key(id_in(value)))
        [left] = remaining(app)

    assert (after.created, after.refreshed) == (before.created, before.refreshed)
    assert (after.fields == before.fields) is (path == '/poll')
    # The clock of Redis was not moved.
    expected = (HOUR if app.config['SESSION_TYPE'] == 'redis' else 1800) * 1000
    assert expected - 60_000 < left <= expected


async def test_poll_restores_no_expired_session(app: Quart) -> None:
    """A session that has expired stays expired after a poll, and no cookie is set."""
    with time_machine.travel(START, tick=False):
        value = cookie_of(await app.test_client().get('/')).value
    with time_machine.travel(START + timedelta(seconds=HOUR + 1), tick=False):
        assert 'Set-Cookie' not in (await get_with_cookie(app, '/poll', value)).headers
        assert await contents_of(app, value) == {}


async def test_unavailable_session_has_no_expiry(unreachable_store: dict[str, Any]) -> None:
    """While a store is down, asking for the expiry returns 503, and a poll without a use works."""
    app = make_app(**unreachable_store)
    value = signed_id(new_session_id())

    assert (await get_with_cookie(app, '/expiry', value)).status_code == 503
    assert (await get_with_cookie(app, '/poll', value)).status_code == 200
