"""The session cookie of the request, and what the app reads from an altered one."""

from typing import Any

from quart import current_app, request, session
from werkzeug.http import dump_cookie

from quart_session_demo.sessions.base import stores_in_cookie


def content_in_cookie() -> bool:
    """Return whether the cookie holds the session's content, and not only an id."""
    return stores_in_cookie(current_app.session_interface)


def request_cookie() -> str | None:
    """Return the value of the request's session cookie."""
    return request.cookies.get(current_app.session_interface.get_cookie_name(current_app))


def displayable(cookie: str) -> str:
    """Return what a page may show of a cookie's value: not a whole session id, which is secret."""
    return cookie if content_in_cookie() or not cookie else f'{cookie[:6]}…'


async def read_session(cookie: str) -> dict[str, Any]:
    """Return the session that the app reads from a cookie; empty if it refuses the cookie."""
    name = current_app.session_interface.get_cookie_name(current_app)
    # Adds quotes around a value with special characters.
    header = dump_cookie(name, cookie, path=None, max_size=0)
    async with current_app.test_request_context('/', headers={'Cookie': header}):
        return dict(session)
