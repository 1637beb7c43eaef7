"""Lifetime: extended by use at most once per step, and never beyond the absolute limit."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart

from tests.apps.sessions_app import make_sessions_app
from tests.conftest import cookie_of, get_with_cookie

NO_SESSION = '没有session数据'
#: The lesson's lifetime.
LIFETIME = timedelta(days=10)


async def text(app: Quart, session_id: str) -> str:
    response = await get_with_cookie(app, '/get_session/', session_id)
    return str(await response.get_data(as_text=True))


@pytest.mark.parametrize('path', ['/', '/browser_session/'], ids=['permanent', 'browser session'])
async def test_read_extends_once_per_step(app: Quart, path: str) -> None:
    """A read after 5 % of the lifetime extends the session, and its cookie if it is permanent."""
    session_id = cookie_of(await app.test_client().get(path)).value

    async def sets_cookie(passed: float) -> bool:
        with time_machine.travel(passed * LIFETIME):
            response = await get_with_cookie(app, '/get_session/', session_id)
        assert await response.get_data(as_text=True) == 'zhiliao'
        return 'Set-Cookie' in response.headers

    # A browser session's cookie has no expiry that could be extended.
    permanent = path == '/'
    assert not await sets_cookie(0.04)
    assert await sets_cookie(0.06) == permanent
    assert not await sets_cookie(0.06)
    # It would have expired at 1.0.
    assert await sets_cookie(1.05) == permanent


async def test_early_read_does_not_extend(app: Quart) -> None:
    """A read before 5 % of the lifetime has passed does not extend the session."""
    session_id = cookie_of(await app.test_client().get('/')).value

    with time_machine.travel(0.04 * LIFETIME):
        assert await text(app, session_id) == 'zhiliao'
    with time_machine.travel(1.01 * LIFETIME):
        assert await text(app, session_id) == NO_SESSION


async def test_disabled_refresh_extends_at_changes_only(store: dict[str, Any]) -> None:
    """Without `SESSION_REFRESH_EACH_REQUEST` only a change extends a session."""
    app = make_sessions_app(**store, SESSION_REFRESH_EACH_REQUEST=False)
    async with app.test_app():
        read, changed = [cookie_of(await app.test_client().get('/')).value for _ in range(2)]
        with time_machine.travel(0.9 * LIFETIME):
            await get_with_cookie(app, '/get_session/', read)
            await get_with_cookie(app, '/add/apple', changed)
        with time_machine.travel(1.1 * LIFETIME):
            assert await text(app, read) == NO_SESSION
            assert await text(app, changed) == 'zhiliao'


async def test_shortened_lifetime_applies_at_once(store: dict[str, Any]) -> None:
    """A lifetime that is shortened applies to the sessions that are stored already."""
    app = make_sessions_app(**store)
    async with app.test_app():
        session_id = cookie_of(await app.test_client().get('/')).value
        app.config['PERMANENT_SESSION_LIFETIME'] = 3600
        # The first request extends the session.
        for seconds, expected in ((3590, 'zhiliao'), (3601 + 3590, NO_SESSION)):
            with time_machine.travel(timedelta(seconds=seconds)):
                assert await text(app, session_id) == expected


async def test_absolute_lifetime_ends_active_session(store: dict[str, Any]) -> None:
    """`SESSION_ABSOLUTE_LIFETIME` seconds after its start a session is empty, used or not."""
    app = make_sessions_app(**store, SESSION_ABSOLUTE_LIFETIME=3600)
    async with app.test_app():
        session_id = cookie_of(await app.test_client().get('/')).value
        with time_machine.travel(timedelta(seconds=3000)):
            await get_with_cookie(app, '/add/apple', session_id)
        with time_machine.travel(timedelta(seconds=3599)):
            assert await text(app, session_id) == 'zhiliao'
        with time_machine.travel(timedelta(seconds=3601)):
            assert await text(app, session_id) == NO_SESSION
