"""Check the attributes and the sizes of the session cookie."""

from collections.abc import Iterator
from typing import Any

from quart import Quart

from quart_session_demo.config.validation import host_prefix_obstacles, is_secure
from quart_session_demo.deploy_check.invalid import INVALID
from quart_session_demo.sessions.base import Finding

NOT_SECURE = Finding(
    'cookie-not-secure',
    'error',
    'Browsers send the session cookie over plain http too (OWASP ASVS 5.0, 3.3.1)',
    'Set QUART_SESSION_COOKIE_SECURE to true',
)
NOT_HTTPONLY = Finding(
    'cookie-not-httponly',
    'error',
    'Scripts can read the session cookie (OWASP ASVS 5.0, 3.3.4)',
    'Set QUART_SESSION_COOKIE_HTTPONLY to true',
)
NO_SAMESITE = Finding(
    'cookie-samesite',
    'error',
    'The session cookie has no SameSite attribute, so some browsers send it with requests from '
    'other sites (OWASP ASVS 5.0, 3.3.2)',
    'Set QUART_SESSION_COOKIE_SAMESITE to Lax or Strict',
)
SAMESITE_NONE = Finding(
    'cookie-samesite',
    # A warning only: an app that other sites embed needs this value.
    'warning',
    'The session cookie has SameSite=None, so browsers send it with requests from other sites '
    '(OWASP ASVS 5.0, 3.3.2)',
    'Set QUART_SESSION_COOKIE_SAMESITE to Lax or Strict',
)
NO_HOST_PREFIX = Finding(
    'cookie-no-host-prefix',
    'warning',
    'Other hosts of the same domain can set the session cookie (OWASP ASVS 5.0, 3.3.3)',
    'Set QUART_SESSION_COOKIE_NAME to __Host-session{obstacles}',
)
NO_SECURE_PREFIX = Finding(
    'cookie-no-secure-prefix',
    'warning',
    'A response over plain http can set the session cookie (OWASP ASVS 5.0, 3.3.1)',
    'If the cookie needs its domain or path, set QUART_SESSION_COOKIE_NAME to __Secure-session',
)
FINDINGS = (
    NOT_SECURE,
    NOT_HTTPONLY,
    NO_SAMESITE,
    SAMESITE_NONE,
    NO_HOST_PREFIX,
    NO_SECURE_PREFIX,
)


def cookie_findings(app: Quart) -> Iterator[Finding]:
    """Yield what is unsafe about the attributes of an app's session cookie."""
    config = app.config
    if not is_secure(config):
        yield NOT_SECURE
    if not config['SESSION_COOKIE_HTTPONLY']:
        yield NOT_HTTPONLY
    samesite = config['SESSION_COOKIE_SAMESITE']
    if samesite is None:
        yield NO_SAMESITE
    elif samesite.title() == 'None':
        yield SAMESITE_NONE
    yield from _prefix_findings(config)


def _prefix_findings(config: dict[str, Any]) -> Iterator[Finding]:
    name = config['SESSION_COOKIE_NAME'].lower()
    obstacles = host_prefix_obstacles(config)
    if not name.startswith('__host-'):
        remedies = (f'; QUART_{key}: {remedy}' for key, remedy in obstacles.items())
        yield NO_HOST_PREFIX.fill(obstacles=''.join(remedies))
        if is_secure(config) and obstacles and not name.startswith('__secure-'):
            yield NO_SECURE_PREFIX
        return
    for key, remedy in obstacles.items():
        # A cookie that is not Secure is found above.
        if key != 'SESSION_COOKIE_SECURE':
            yield INVALID.fill(
                name='QUART_SESSION_COOKIE_NAME',
                problem=f'begins with __Host-, so browsers refuse the cookie with QUART_{key}',
                remedy=f'QUART_{key}: {remedy}, or choose another name',
            )
