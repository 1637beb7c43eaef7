"""When a session expires. Times are in milliseconds since 1970, durations in milliseconds."""

import sys
from datetime import UTC, datetime, timedelta

from quart import Quart

from quart_session_demo.sessions.base import utc_time
from quart_session_demo.sessions.server.binding import STORE_DEVICE
from quart_session_demo.sessions.server.session import ServerSession
from quart_session_demo.sessions.server.store import current_time

#: A session that is only read is extended after this fraction of its lifetime.
REFRESH_AFTER = 0.05
#: The same for a session that is bound to a user, so that `last_used` is exact enough.
BOUND_REFRESH_AFTER = 0.01
#: The longest time after which a bound session that is used is extended, in milliseconds.
BOUND_REFRESH_MAX = 60_000
#: The last second of a datetime, in seconds since 1970.
LAST_SECOND = int(datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp())


def expires_at(app: Quart, session: ServerSession, refreshed: int) -> int:
    """Return when a session expires if it is last extended at a time."""
    created = session.created or current_time()
    absolute: float | None = app.config.get('SESSION_ABSOLUTE_LIFETIME')
    absolute_end = sys.maxsize if absolute is None else created + round(absolute * 1000)
    return min(refreshed + _lifetime(app, session), absolute_end)


def is_expired(app: Quart, session: ServerSession) -> bool:
    """Return whether a session has expired, even if the lifetime was shortened in the settings."""
    return expires_at(app, session, session.refreshed) <= current_time()


def to_datetime(milliseconds: int) -> datetime:
    """Return a time in UTC, in whole seconds."""
    # A session with a very long lifetime of its own is extended beyond the last possible date.
    return utc_time(min(milliseconds // 1000, LAST_SECOND))


def next_refresh(app: Quart, session: ServerSession, *, changed: bool) -> int:
    """Return the time from which the lifetime counts after this request."""
    if not session.refreshed or (changed and session.may_extend and session.binding is None):
        return current_time()
    return current_time() if is_extension_due(app, session) else session.refreshed


def is_extension_due(app: Quart, session: ServerSession) -> bool:
    """Return whether to extend a session in which nothing changed."""
    if not _is_used(session) or not (
        session.modified or app.config['SESSION_REFRESH_EACH_REQUEST']
    ):
        return False
    elapsed = current_time() - session.refreshed
    return session.may_extend and elapsed >= _interval(app, session)


def is_use_due(app: Quart, session: ServerSession) -> bool:
    """Return whether to store that a bound session is used now."""
    if session.binding is None or not (session.may_extend and _is_used(session)):
        return False
    if session.binding.has_device and not app.config.get(STORE_DEVICE):
        return True  # To erase it.
    return current_time() - session.binding.last_used >= _interval(app, session)


def _is_used(session: ServerSession) -> bool:
    """Return whether the session is used now. A websocket or stream that only stays open is not."""
    return session.modified or not session.headers_sent


def _interval(app: Quart, session: ServerSession) -> float:
    """Return after which time of use a session is written again if nothing changes."""
    lifetime = _lifetime(app, session)
    if session.binding is None:
        return lifetime * REFRESH_AFTER
    return min(lifetime * BOUND_REFRESH_AFTER, BOUND_REFRESH_MAX)


def _lifetime(app: Quart, session: ServerSession) -> int:
    if session.own_lifetime is not None:
        return session.own_lifetime
    lifetime = app.permanent_session_lifetime
    if not session.is_permanent and (seconds := app.config.get('SESSION_BROWSER_LIFETIME')):
        lifetime = timedelta(seconds=seconds)
    return round(lifetime.total_seconds() * 1000)
