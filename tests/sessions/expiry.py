"""Whether a session expires when `session_expires_at` returned."""

from datetime import UTC, datetime, timedelta

import time_machine
from quart import Quart

from quart_session_demo.sessions import session_expires_at
from tests.conftest import contents_of, cookie_of, get_with_cookie

#: When each session of these tests begins.
START = datetime(2030, 1, 1, tzinfo=UTC)


def expiry() -> str:
    """Return when the current session expires, as a view can."""
    expires_at = session_expires_at()
    if expires_at is None:
        return 'None'
    assert expires_at.tzinfo is UTC
    return expires_at.isoformat()


async def assert_expires(app: Quart, value: str, text: str) -> None:
    """Assert that the session of a cookie is there until a time, and not later."""
    expires_at = datetime.fromisoformat(text)
    # First, because a request before that time would extend the session.
    with time_machine.travel(expires_at + timedelta(seconds=2), tick=False):
        assert 'user' not in await contents_of(app, value)
    with time_machine.travel(expires_at - timedelta(seconds=2), tick=False):
        assert 'user' in await contents_of(app, value)


async def response_at(app: Quart, seconds: float, path: str, value: str = '') -> tuple[str, str]:
    """Return the text and the cookie's value of a request that many seconds after the start."""
    with time_machine.travel(START + timedelta(seconds=seconds), tick=False):
        if not value:
            response = await app.test_client().get(path)
            value = cookie_of(response).value
        else:
            response = await get_with_cookie(app, path, value)
    assert response.status_code == 200
    return await response.get_data(as_text=True), value
