"""What the app would read from a session cookie: asked of the app, beside the request in hand."""

from typing import Any

from quart import current_app, request, session
from werkzeug.http import dump_cookie

from quart_session_demo.sessions import CookieSessionInterface


def in_cookie() -> bool:
    """Tell whether the session itself is in its cookie, and not on a server."""
    return isinstance(current_app.session_interface, CookieSessionInterface)


def cookie_sent() -> str | None:
    """Return the value of the session cookie that came with the request."""
    return request.cookies.get(current_app.session_interface.get_cookie_name(current_app))


def showable(cookie: str) -> str:
    """Return what may be shown of the cookie's value: an id is a secret but for its beginning."""
    return cookie if in_cookie() or not cookie else f'{cookie[:6]}…'


async def read_session(cookie: str) -> dict[str, Any]:
    """Return the session of a request that would carry this cookie: empty when it is refused."""
    name = current_app.session_interface.get_cookie_name(current_app)
    # Quoted, where the value has signs of its own.
    header = dump_cookie(name, cookie, path=None, max_size=0)
    async with current_app.test_request_context('/', headers={'Cookie': header}):
        return dict(session)
