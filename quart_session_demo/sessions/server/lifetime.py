"""When a session expires. Times are in milliseconds since 1970, durations in milliseconds."""

import sys

from quart import Quart

from quart_session_demo.sessions.server.session import ServerSession
from quart_session_demo.sessions.server.store import current_time

#: A session that is only read is extended after this fraction of its lifetime.
REFRESH_AFTER = 0.05


def remaining(app: Quart, session: ServerSession) -> int:
    """Return how long a session lasts if it is extended now: 0 or less if it has expired."""
    return min(_lifetime(app), _absolute_end(app, session) - current_time())


def is_expired(app: Quart, session: ServerSession) -> bool:
    """Return whether a session has expired, even if the lifetime was shortened in the settings."""
    end = min(session.refreshed + _lifetime(app), _absolute_end(app, session))
    return end <= current_time()


def expires_at(app: Quart, session: ServerSession) -> int:
    """Return when a session expires if it is not used again."""
    latest = current_time() + remaining(app, session)
    if session.modified or is_extension_due(app, session):
        return latest
    return min(latest, session.refreshed + _lifetime(app))


def is_extension_due(app: Quart, session: ServerSession) -> bool:
    """Return whether to extend a session in which nothing changed."""
    if not (session.modified or app.config['SESSION_REFRESH_EACH_REQUEST']):
        return False
    return current_time() - session.refreshed >= _lifetime(app) * REFRESH_AFTER


def _lifetime(app: Quart) -> int:
    return round(app.permanent_session_lifetime.total_seconds() * 1000)


def _absolute_end(app: Quart, session: ServerSession) -> int:
    absolute: float | None = app.config.get('SESSION_ABSOLUTE_LIFETIME')
    if absolute is None or not session.created:
        return sys.maxsize
    return session.created + round(absolute * 1000)
