"""When a session expires. Times are in milliseconds since 1970, durations in milliseconds."""

import sys
from datetime import timedelta

from quart import Quart

from quart_session_demo.sessions.server.session import ServerSession
from quart_session_demo.sessions.server.store import current_time

#: A session that is only read is extended after this fraction of its lifetime.
REFRESH_AFTER = 0.05


def expires_at(app: Quart, session: ServerSession, refreshed: int) -> int:
    """Return when a session expires if it is last extended at a time."""
    created = session.created or current_time()
    absolute: float | None = app.config.get('SESSION_ABSOLUTE_LIFETIME')
    absolute_end = sys.maxsize if absolute is None else created + round(absolute * 1000)
    return min(refreshed + _lifetime(app, session), absolute_end)


def is_expired(app: Quart, session: ServerSession) -> bool:
    """Return whether a session has expired, even if the lifetime was shortened in the settings."""
    return expires_at(app, session, session.refreshed) <= current_time()


def next_refresh(app: Quart, session: ServerSession, *, changed: bool) -> int:
    """Return the time from which the lifetime counts after this request."""
    if not session.refreshed or (changed and session.may_extend):
        return current_time()
    return current_time() if is_extension_due(app, session) else session.refreshed


def is_extension_due(app: Quart, session: ServerSession) -> bool:
    """Return whether to extend a session in which nothing changed."""
    if not (session.modified or app.config['SESSION_REFRESH_EACH_REQUEST']):
        return False
    elapsed = current_time() - session.refreshed
    return session.may_extend and elapsed >= _lifetime(app, session) * REFRESH_AFTER


def _lifetime(app: Quart, session: ServerSession) -> int:
    if session.own_lifetime is not None:
        return session.own_lifetime
    lifetime = app.permanent_session_lifetime
    if not session.is_permanent and (seconds := app.config.get('SESSION_BROWSER_LIFETIME')):
        lifetime = timedelta(seconds=seconds)
    return round(lifetime.total_seconds() * 1000)
