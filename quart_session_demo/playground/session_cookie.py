"""The session cookie of the request, and what the app reads from an altered one."""

from datetime import datetime
from typing import Any, cast

from itsdangerous import URLSafeTimedSerializer
from quart import current_app, request, session
from werkzeug.http import dump_cookie

from quart_session_demo.sessions import ServerSessionInterface
from quart_session_demo.sessions.base import cookie_values, stores_in_cookie
from quart_session_demo.sessions.inspector import (
    NotASessionCookie,
    SignedBy,
    inspect_cookie,
    inspect_id,
)
from quart_session_demo.sessions.server.signing import is_signed_id

#: The number of characters of a session id that the page shows. A whole id is secret.
SHOWN_ID_LENGTH = 6


def content_in_cookie() -> bool:
    """Return whether the cookie holds the session's content, and not only an id."""
    return stores_in_cookie(current_app.session_interface)


def has_server_sessions() -> bool:
    """Return whether sessions can be bound to users, listed and ended."""
    return isinstance(current_app.session_interface, ServerSessionInterface)


def request_cookie() -> str | None:
    """Return the value of the request's session cookie: of several, the first valid one."""
    values = cookie_values(current_app.session_interface, current_app, request)
    first = values[0] if values else None
    return next(filter(_is_valid, values), first) if len(values) > 1 else first


def _is_valid(value: str) -> bool:
    try:
        if not is_signed_id(value):
            return bool(inspect_cookie(value, current_app).accepted)
        signed_by = inspect_id(value, current_app).signed_by
    except NotASessionCookie:
        return False
    return signed_by in (SignedBy.CURRENT, SignedBy.FALLBACK)


def displayable(cookie: str) -> str:
    """Return what a page may show of a cookie's value: not a whole session id, which is secret."""
    # Another session interface may have set the id, and still accept it.
    is_id = not content_in_cookie() or is_signed_id(cookie)
    return f'{cookie[:SHOWN_ID_LENGTH]}…' if cookie and is_id else cookie


def signing_time(cookie: str) -> datetime:
    """Return when the app signed a cookie, also if it has expired since.

    Raises:
        BadData: None of the app's keys signed it.
    """
    # The inspector refuses some cookies that the app accepts, so it cannot be used here.
    serializer = current_app.session_interface.get_signing_serializer(current_app)
    _, signed_at = cast(URLSafeTimedSerializer, serializer).loads(cookie, return_timestamp=True)
    return cast(datetime, signed_at)


async def read_session(cookie: str) -> dict[str, Any]:
    """Return the session that the app reads from a cookie; empty if it refuses the cookie."""
    name = current_app.session_interface.get_cookie_name(current_app)
    # Adds quotes around a value with special characters.
    header = dump_cookie(name, cookie, path=None, max_size=0)
    async with current_app.test_request_context('/', headers={'Cookie': header}):
        return dict(session)
