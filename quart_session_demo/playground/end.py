"""When the visitor's session ends, and whether using it puts that off."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from quart import current_app, session

from quart_session_demo.playground.session_reader import in_cookie
from quart_session_demo.sessions import CookieSession


@dataclass(frozen=True)
class End:
    """When a session ends, as far as it can be told."""

    # None where the session is on a server.
    signed_at: datetime | None
    # None where the store does not tell.
    ends_at: datetime | None
    # Whether each use puts it off.
    renewed: bool
    # Whether its cookie is over the limit, so that it is not sent again.
    too_large: bool


def find_end(content: dict[str, Any], cookie: str, *, saved: bool) -> End:
    """Return when the session ends if this is its last use.

    Args:
        content: What is in it.
        cookie: The value of its cookie.
        saved: Whether this response saves the session.
    """
    app = current_app
    interface: Any = app.session_interface
    refreshed = bool(app.config['SESSION_REFRESH_EACH_REQUEST'])
    if not in_cookie():
        ends_at = interface.expires_at(app, session) if hasattr(interface, 'expires_at') else None
        return End(None, ends_at, refreshed, too_large=False)
    own = CookieSession(content)
    limit = app.config['MAX_COOKIE_SIZE']
    too_large = bool(limit) and len(interface.cookie_header(app, own, cookie)) > limit
    # By the signature alone: the inspector does not take every cookie apart.
    _, signed_at = interface.get_signing_serializer(app).loads(cookie, return_timestamp=True)
    renewed = own.permanent and refreshed and saved and not too_large
    start = datetime.now(UTC).replace(microsecond=0) if renewed else signed_at
    # The signature knows whole seconds only.
    lifetime = timedelta(seconds=int(app.permanent_session_lifetime.total_seconds()))
    return End(signed_at, start + lifetime, renewed, too_large)
