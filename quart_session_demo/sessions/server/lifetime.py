"""How long a session has left. Times are in milliseconds, since 1970 where they are points."""

import time

from quart import Quart

from quart_session_demo.sessions.server.session import RedisSession

# The part of the lifetime that passes before a session which is only read is extended again.
REFRESH_AFTER = 0.05


def now() -> int:
    """Return the time."""
    return time.time_ns() // 1_000_000


def remaining(app: Quart, session: RedisSession) -> int:
    """Return how long a session lasts when it is extended now; 0 or less when it is over."""
    lifetime = _lifetime(app)
    absolute = app.config['SESSION_ABSOLUTE_LIFETIME']
    if absolute is not None and session.created:
        lifetime = min(lifetime, session.created + round(absolute * 1000) - now())
    return lifetime


def is_over(app: Quart, session: RedisSession) -> bool:
    """Tell whether a session has ended; Redis does not know of a lifetime that was shortened."""
    return session.refreshed + _lifetime(app) <= now() or remaining(app, session) <= 0


def end(app: Quart, session: RedisSession) -> int:
    """Return when a session ends if this is its last use."""
    latest = now() + remaining(app, session)
    if session.modified or is_extension_due(app, session):
        return latest
    return min(latest, session.refreshed + _lifetime(app))


def is_extension_due(app: Quart, session: RedisSession) -> bool:
    """Tell whether to extend a session in which nothing changed."""
    if not (session.modified or app.config['SESSION_REFRESH_EACH_REQUEST']):
        return False
    return now() - session.refreshed >= _lifetime(app) * REFRESH_AFTER


def _lifetime(app: Quart) -> int:
    return round(app.permanent_session_lifetime.total_seconds() * 1000)
