"""Read the session of a request from its signed cookies."""

from collections.abc import Iterable
from datetime import datetime

from itsdangerous import BadData, BadPayload
from quart import Quart

from quart_session_demo.sessions.base import utc_time
from quart_session_demo.sessions.cookie_session import CookieSession
from quart_session_demo.sessions.serializer import SessionSerializer


def load_session(
    app: Quart,
    cookies: Iterable[str],
    serializer: SessionSerializer,
    session_class: type[CookieSession],
) -> CookieSession:
    """Return the session in the first cookie that verifies: an empty one if there is none.

    Args:
        app: The app, whose lifetime applies.
        cookies: The values of the request's session cookies.
        serializer: Verifies and decodes them.
        session_class: The class of the session.
    """
    reported = False
    for value in cookies:
        try:
            data, signed_at = serializer.loads(value, _lifetime(app), return_timestamp=True)
        except BadPayload as error:
            # The signature is valid. One line for all cookies of the request.
            if not reported:
                app.logger.warning('Session cookie not read: %s', error)
            reported = True
            continue
        # A time that a datetime cannot hold raises the other errors.
        except (BadData, OverflowError, OSError, ValueError):
            continue
        if isinstance(data, dict):
            session = session_class(data)
            session.signed_at = int(signed_at.timestamp())
            return session
    return session_class()


def _lifetime(app: Quart) -> int:
    """Return the lifetime in the whole seconds that a signature counts."""
    return int(app.permanent_session_lifetime.total_seconds())


def expiry_time(app: Quart, signed_at: float) -> datetime:
    """Return when the session in a cookie expires that was signed at a time, in whole seconds."""
    return utc_time(int(signed_at + app.permanent_session_lifetime.total_seconds()))
