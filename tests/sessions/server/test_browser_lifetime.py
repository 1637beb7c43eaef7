"""`SESSION_BROWSER_LIFETIME`: how long a session lasts that is not permanent."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart, session

from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of
from tests.sessions.conftest import in_memory
from tests.sessions.expiry import START, assert_expires, expiry, response_at
from tests.sessions.server.stored import Remaining

HOUR = 3600
DAY = 24 * HOUR


def make_app(**config: Any) -> Quart:
    """Return an app whose sessions last an hour, or a day if they are permanent."""
    lifetimes = {'SESSION_BROWSER_LIFETIME': HOUR, 'PERMANENT_SESSION_LIFETIME': DAY}
    app = make_sessions_app(**lifetimes | config)

    @app.get('/permanent/<int:value>')
    async def set_permanent(value: int) -> str:
        session['user'] = 'zhiliao'
        session.permanent = bool(value)
        return expiry()

    @app.get('/change')
    async def change() -> str:
        session['item'] = str(session.get('item')) + 'x'
        return expiry()

    return app


@pytest.mark.parametrize(('browser', 'permanent'), [(HOUR, DAY), (DAY, HOUR)])
async def test_browser_session_has_its_own_lifetime(
    readable_store: dict[str, Any], remaining: Remaining, browser: int, permanent: int
) -> None:
    """Each kind of session lasts as long as its setting, shorter or longer than the other."""
    lifetimes = {
        'SESSION_BROWSER_LIFETIME': browser,
        'PERMANENT_SESSION_LIFETIME': permanent,
    }
    app = make_app(**readable_store, **lifetimes)
    async with app.test_app():
        for is_permanent, lifetime in ((0, browser), (1, permanent)):
            text, value = await response_at(app, 0, f'/permanent/{is_permanent}')
            with time_machine.travel(START, tick=False):
                left = max(remaining(app)) if lifetime == DAY else min(remaining(app))
            # Only the clock of Redis goes on.
            assert lifetime * 1000 - 60_000 < left <= lifetime * 1000
            await assert_expires(app, value, text)


@in_memory
async def test_browser_session_slides(store: dict[str, Any]) -> None:
    """A use extends a session that is not permanent, in steps of 5 % of its own lifetime."""
    app = make_app(**store)
    async with app.test_app():
        _, value = await response_at(app, 0, '/permanent/0')
        for seconds in (0.9 * HOUR, 1.8 * HOUR):
            assert (await response_at(app, seconds, '/contents', value))[0] != '{}'
        # Not 5 % later: it expires an hour after the second use.
        await response_at(app, 1.84 * HOUR, '/contents', value)
        with time_machine.travel(START + timedelta(seconds=2.81 * HOUR), tick=False):
            assert await contents_of(app, value) == {}


async def test_toggling_permanent_changes_the_lifetime(
    readable_store: dict[str, Any], remaining: Remaining
) -> None:
    """A session that becomes permanent, or no longer is, gets the other lifetime at once.

    The store does not shorten what another request may have extended.
    """
    app = make_app(**readable_store)
    async with app.test_app():
        _, value = await response_at(app, 0, '/permanent/0')
        for seconds, is_permanent, lifetime in ((100, 1, DAY), (200, 0, HOUR), (300, 1, DAY)):
            text, _ = await response_at(app, seconds, f'/permanent/{is_permanent}', value)
            assert text == (START + timedelta(seconds=seconds + lifetime)).isoformat()
            with time_machine.travel(START + timedelta(seconds=seconds), tick=False):
                [left] = remaining(app)
            assert DAY * 1000 - 200_000 < left <= DAY * 1000
        text, _ = await response_at(app, 400, '/permanent/0', value)
        await assert_expires(app, value, text)


@in_memory
async def test_shortened_browser_lifetime_applies_at_once(store: dict[str, Any]) -> None:
    """A lifetime that is shortened in the settings applies to sessions that exist."""
    app = make_app(**store, SESSION_BROWSER_LIFETIME=None)
    async with app.test_app():
        _, browser = await response_at(app, 0, '/permanent/0')
        _, permanent = await response_at(app, 0, '/permanent/1')
        app.config['SESSION_BROWSER_LIFETIME'] = HOUR
        with time_machine.travel(START + timedelta(seconds=HOUR + 1), tick=False):
            assert await contents_of(app, browser) == {}
            assert (await contents_of(app, permanent))['user'] == 'zhiliao'


@in_memory
async def test_browser_session_without_refresh(store: dict[str, Any]) -> None:
    """Without `SESSION_REFRESH_EACH_REQUEST` only a change extends the session."""
    app = make_app(**store, SESSION_REFRESH_EACH_REQUEST=False)
    async with app.test_app():
        _, value = await response_at(app, 0, '/permanent/0')
        await response_at(app, 0.5 * HOUR, '/contents', value)
        text, _ = await response_at(app, 0.6 * HOUR, '/change', value)
        assert text == (START + timedelta(seconds=1.6 * HOUR)).isoformat()
        await response_at(app, 0.9 * HOUR, '/contents', value)
        await assert_expires(app, value, text)


@in_memory
async def test_absolute_lifetime_limits_browser_session(store: dict[str, Any]) -> None:
    """A session that is not permanent expires at its absolute lifetime at the latest."""
    app = make_app(**store, SESSION_ABSOLUTE_LIFETIME=1.5 * HOUR)
    async with app.test_app():
        _, value = await response_at(app, 0, '/permanent/0')
        text, _ = await response_at(app, 0.9 * HOUR, '/change', value)
        assert text == (START + timedelta(seconds=1.5 * HOUR)).isoformat()
        await assert_expires(app, value, text)


@in_memory
async def test_default_permanence_selects_the_lifetime(store: dict[str, Any]) -> None:
    """With `SESSION_PERMANENT` only a session that the app excludes has the browser lifetime."""
    app = make_app(**store, SESSION_PERMANENT=True)
    async with app.test_app():
        for path, lifetime in (('/change', DAY), ('/permanent/0', HOUR)):
            text, _ = await response_at(app, 0, path)
            assert text == (START + timedelta(seconds=lifetime)).isoformat()
