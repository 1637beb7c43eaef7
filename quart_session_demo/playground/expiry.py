"""When the user's session expires, and whether a use of it extends that."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadData
from quart import current_app, session
from quart import sessions as quart_sessions

from quart_session_demo.playground.language import translate
from quart_session_demo.playground.session_cookie import content_in_cookie, signing_time
from quart_session_demo.sessions import CookieSession
from quart_session_demo.sessions.base import (
    SessionInterface,
    cookie_header,
    permanent_by_default,
)
from quart_session_demo.sessions.cookie_reading import expiry_time

#: Units of time: their seconds, and their names in English and Chinese.
UNITS = (
    (86400, 'day', '天'),
    (3600, 'hour', '小时'),
    (60, 'minute', '分钟'),
    (1, 'second', '秒'),
)


@dataclass(frozen=True)
class Expiry:
    """What the page knows about when a session expires.

    Attributes:
        signed_at: When the cookie was signed; None for a session that is stored on a server.
        expires_at: When the session expires; None when the session interface does not know.
        renewed: Whether each use extends the session.
        too_large: Whether the cookie is over the size limit. Then no response sends it again.
    """

    signed_at: datetime | None
    expires_at: datetime | None
    renewed: bool
    too_large: bool


def session_expiry(content: dict[str, Any], cookie: str, *, saved: bool) -> Expiry:
    """Return when the session expires if it is not used again.

    Args:
        content: The session's content.
        cookie: The value of the session cookie.
        saved: Whether this response saves the session.
    """
    app = current_app
    interface: quart_sessions.SessionInterface = app.session_interface
    refreshed = bool(app.config['SESSION_REFRESH_EACH_REQUEST'])
    if not content_in_cookie():
        expires_at = None
        if isinstance(interface, SessionInterface):
            expires_at = interface.expires_at(app, session)
        return Expiry(None, expires_at, refreshed, too_large=False)
    current = CookieSession(content)
    current.permanent_by_default = permanent_by_default(interface, app)
    limit = app.config['MAX_COOKIE_SIZE']
    too_large = bool(limit) and len(cookie_header(interface, app, current, cookie)) > limit
    try:
        signed_at = signing_time(cookie)
    except BadData:
        # The app filled the session itself; this cookie does not hold it.
        return Expiry(None, None, refreshed, too_large=False)
    renewed = current.permanent and refreshed and saved and not too_large
    start = datetime.now(UTC) if renewed else signed_at
    return Expiry(signed_at, expiry_time(app, int(start.timestamp())), renewed, too_large)


def duration(seconds: int) -> str:
    """Return a time in the largest unit of which it is a whole number, such as `10 days`."""
    # 0 is a whole number of each unit.
    units = (unit for unit in UNITS if seconds and seconds % unit[0] == 0)
    size, english, chinese = next(units, UNITS[-1])
    number = seconds // size
    return translate(f'{number} {english}{"" if number == 1 else "s"}', f'{number} {chinese}')
