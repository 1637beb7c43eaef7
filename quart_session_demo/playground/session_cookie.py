"""The session cookie of the request, and what the app reads from an altered one."""

from typing import Any

from quart import current_app, request, session
from werkzeug.http import dump_cookie

from quart_session_demo.sessions.base import cookie_values, stores_in_cookie
from quart_session_demo.sessions.inspector import (
    NotASessionCookie,
    SignedBy,
    inspect_cookie,
    inspect_id,
)
from quart_session_demo.sessions.server.signing import is_signed_id


def content_in_cookie() -> bool:
    """Return whether the cookie holds the session's content, and not only an id."""
    return stores_in_cookie(current_app.session_interface)


def request_cookie() -> str | None:
    """Return the value of the request's session cookie: of several, the first that verifies."""
    values = cookie_values(current_app.session_interface, current_app, request)
    first = values[0] if values else None
    return next(filter(_verifies, values), first) if len(values) > 1 else first


def _verifies(value: str) -> bool:
    inspect = inspect_id if is_signed_id(value) else inspect_cookie
    try:
        inspected = inspect(value, current_app)
    except NotASessionCookie:
        return False
    return inspected.signed_by in (SignedBy.CURRENT, SignedBy.FALLBACK)


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
