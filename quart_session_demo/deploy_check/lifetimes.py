"""Check how long sessions last."""

from collections.abc import Iterator
from datetime import timedelta

from quart import Quart

from quart_session_demo.sessions.base import Finding, SessionInterface, stores_in_cookie
from quart_session_demo.sessions.cookie_settings import cookie_problems

#: Flask's default. A stolen cookie works at least for this time.
MAX_LIFETIME = timedelta(days=31)
MIN_LIFETIME = timedelta(minutes=1)
#: The suggested lifetime of sessions that are not permanent.
BROWSER_LIFETIME = timedelta(days=1)

LIFETIME = Finding(
    'lifetime',
    'warning',
    'A permanent session lasts {lifetime}; from 1 minute to 31 days are usual',
    'Set QUART_PERMANENT_SESSION_LIFETIME to a number of seconds such as 864000, 10 days',
)
NEEDS_SERVER = Finding(
    'lifetime-needs-server',
    'error',
    'QUART_{name} has no effect on a cookie session: a signed cookie holds only the time of its '
    'last signature',
    'Store sessions on a server, or remove it',
)
BROWSER = Finding(
    'browser-lifetime',
    'warning',
    'A session that is not permanent lasts {lifetime} without use, as long as a permanent one',
    'Set QUART_SESSION_BROWSER_LIFETIME to a number of seconds such as 86400, a day',
)
ABSOLUTE = Finding(
    'absolute-lifetime',
    'warning',
    'A session expires after {seconds:g} s even if it is used',
    'Set QUART_SESSION_ABSOLUTE_LIFETIME to a number of seconds such as 43200, 12 hours',
)
NO_ABSOLUTE = Finding(
    'absolute-lifetime-missing',
    'warning',
    'A session on a server lasts as long as it is used, even if it was stolen (OWASP ASVS 5.0, '
    '7.3.2)',
    'Set QUART_SESSION_ABSOLUTE_LIFETIME to a number of seconds such as 43200, 12 hours',
)
FINDINGS = (
    LIFETIME,
    NEEDS_SERVER,
    BROWSER,
    ABSOLUTE,
    NO_ABSOLUTE,
)


def lifetime_findings(app: Quart) -> Iterator[Finding]:
    """Yield which lifetimes of an app are unusual or without effect."""
    lifetime = app.permanent_session_lifetime
    if not MIN_LIFETIME <= lifetime <= MAX_LIFETIME:
        yield LIFETIME.fill(lifetime=lifetime)
    if stores_in_cookie(app.session_interface):
        for name, _ in cookie_problems(app.config):
            yield NEEDS_SERVER.fill(name=name)
    elif isinstance(app.session_interface, SessionInterface):
        yield from _server_lifetime_findings(app)


def _server_lifetime_findings(app: Quart) -> Iterator[Finding]:
    lifetime, config = app.permanent_session_lifetime, app.config
    browser, absolute = config['SESSION_BROWSER_LIFETIME'], config['SESSION_ABSOLUTE_LIFETIME']
    if browser is None and not config['SESSION_PERMANENT'] and lifetime > BROWSER_LIFETIME:
        yield BROWSER.fill(lifetime=lifetime)
    if absolute is None:
        yield NO_ABSOLUTE
    elif absolute < MIN_LIFETIME.total_seconds():
        yield ABSOLUTE.fill(seconds=absolute)
