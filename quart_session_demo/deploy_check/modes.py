"""Check debug mode, testing, the playground and HSTS."""

import re
from collections.abc import Iterator
from datetime import timedelta

from quart import Quart

from quart_session_demo.deploy_check.invalid import HSTS
from quart_session_demo.sessions.base import Finding

#: OWASP ASVS 5.0, 3.4.1.
MIN_HSTS = timedelta(days=365)

DEBUG = Finding(
    'debug-on',
    'error',
    'Debug mode shows source code and settings to users',
    'Remove QUART_DEBUG',
)
TESTING = Finding(
    'testing-on',
    'error',
    'An app that is being tested shows source code and settings to users',
    'Remove QUART_TESTING',
)
PLAYGROUND = Finding(
    'playground-on',
    'error',
    'The playground signs any value that a user types: users can forge the sessions of another '
    'app that has the same key',
    'Set QUART_PLAYGROUND to false, or do not register the playground',
)
HSTS_OFF = Finding(
    'hsts-off',
    'warning',
    'Browsers may use plain http again within a year (OWASP ASVS 5.0, 3.4.1)',
    'Set QUART_STRICT_TRANSPORT_SECURITY to max-age=31536000; includeSubDomains',
)
HSTS_SUBDOMAINS = Finding(
    'hsts-subdomains',
    'warning',
    'Browsers may use plain http for subdomains (OWASP ASVS 5.0, 3.4.1)',
    'Set QUART_STRICT_TRANSPORT_SECURITY to max-age=31536000; includeSubDomains',
)
FINDINGS = (
    DEBUG,
    TESTING,
    PLAYGROUND,
    HSTS_OFF,
    HSTS_SUBDOMAINS,
)


def mode_findings(app: Quart) -> Iterator[Finding]:
    """Yield which modes of an app are not for production."""
    if app.debug:
        yield DEBUG
    if app.testing:
        yield TESTING
    if app.config.get('PLAYGROUND') or 'playground' in app.blueprints:
        yield PLAYGROUND
    if HSTS in app.config:
        hsts = app.config[HSTS]
        if not hsts or int(re.sub(r'\D', '', hsts)) < MIN_HSTS.total_seconds():
            yield HSTS_OFF
        elif 'includeSubDomains' not in hsts:
            yield HSTS_SUBDOMAINS
