"""Find settings and stores that work, but are unsafe in production, in any Quart app."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from quart import Quart
from quart.sessions import SecureCookieSessionInterface

from quart_session_demo import secret_key
from quart_session_demo.config.serving import validate_hsts
from quart_session_demo.config.validation import (
    MIN_KEY_BYTES,
    host_prefix_obstacles,
    is_secure,
)
from quart_session_demo.deploy_check.catalog import FINDINGS
from quart_session_demo.deploy_check.guessable_keys import is_guessable
from quart_session_demo.sessions.base import Finding, SessionInterface, stores_in_cookie
from quart_session_demo.sessions.cookie import CookieSessionInterface
from quart_session_demo.sessions.cookie_settings import cookie_problems
from quart_session_demo.sessions.settings import COOKIE_SETTINGS, SESSION_SETTINGS

__all__ = [
    'FINDINGS',
    'check_settings',
    'check_store',
    'setting_errors',
    'setting_findings',
]

#: OWASP ASVS 5.0, 3.4.1.
HSTS = 'STRICT_TRANSPORT_SECURITY'
MIN_HSTS = timedelta(days=365)
#: Flask's default. A stolen cookie works at least for this time.
MAX_LIFETIME = timedelta(days=31)
MIN_LIFETIME = timedelta(minutes=1)
#: The suggested lifetime of sessions that are not permanent.
BROWSER_LIFETIME = timedelta(days=1)


def check_settings(app: Quart) -> list[Finding]:
    """Return what is unsafe about an app's settings, without secrets."""
    return _named_for(app, setting_findings(app))


async def check_store(app: Quart) -> list[Finding]:
    """Return what is unsafe about an app's session store, without secrets.

    The session interface checks its store. It closes the connections that it opens for that.
    """
    if not isinstance(app.session_interface, SessionInterface):
        return []
    return _named_for(app, await app.session_interface.store_findings())


def _named_for(app: Quart, findings: Iterable[Finding]) -> list[Finding]:
    """Return findings that name the settings as an app does."""
    if app.import_name == 'quart_session_demo':
        return list(findings)
    # Another app may not read its settings from environment variables with Quart's prefix.
    return [
        replace(
            finding,
            message=finding.message.replace('QUART_', ''),
            remedy=finding.remedy.replace('QUART_', ''),
        )
        for finding in findings
    ]


def setting_findings(app: Quart) -> Iterator[Finding]:
    """Yield what is unsafe about an app's settings, without secrets."""
    if invalid := list(_invalid_settings(app)):
        # The checks below need valid settings.
        yield from invalid
        return
    yield from _key_findings(app)
    yield from _cookie_findings(app)
    yield from _lifetime_findings(app)
    if app.debug:
        yield _finding('debug-on')
    if app.testing:
        yield _finding('testing-on')
    if app.config.get('PLAYGROUND') or 'playground' in app.blueprints:
        yield _finding('playground-on')
    if HSTS in app.config:
        hsts = app.config[HSTS]
        if not hsts or int(re.sub(r'\D', '', hsts)) < MIN_HSTS.total_seconds():
            yield _finding('hsts-off')
        elif 'includeSubDomains' not in hsts:
            yield _finding('hsts-subdomains')


def setting_errors(app: Quart) -> dict[str, str]:
    """Return which settings are invalid in an app that was not built by `create_app`.

    Returns:
        By the setting's name, what is wrong and what to do.
    """
    # Our session interfaces validate the settings of their stores.
    rules = {
        setting.name: setting.validate
        for setting in SESSION_SETTINGS
        if setting.name in Quart.default_config
    }
    if isinstance(app.session_interface, CookieSessionInterface):
        # This one validates its settings only when the app starts.
        for setting in COOKIE_SETTINGS:
            if setting.name in app.config:
                rules[setting.name] = setting.validate
    if HSTS in app.config:
        rules[HSTS] = validate_hsts
    errors = {name: validate(app.config[name]) for name, validate in rules.items()}
    return {name: error for name, error in errors.items() if error}


def _finding(
    finding_id: str, level: Literal['error', 'warning'] | None = None, **values: object
) -> Finding:
    """Return the finding with this id and, if there are two, this level, with values filled in."""
    template = next(
        finding
        for finding in FINDINGS
        if finding.id == finding_id and level in (None, finding.level)
    )
    return template.fill(**values)


def _invalid_settings(app: Quart) -> Iterator[Finding]:
    for name, error in setting_errors(app).items():
        problem, _, remedy = error.rpartition(': ')
        yield _finding(
            'setting-invalid',
            name=f'QUART_{name}',
            problem=problem,
            remedy=remedy[0].upper() + remedy[1:],
        )


def _key_findings(app: Quart) -> Iterator[Finding]:
    key = _bytes(app.secret_key or b'')
    if secret_key.is_generated(app) and secret_key.key_file(app).exists():
        yield _finding('secret-key-file', file=secret_key.key_file(app))
    elif secret_key.is_generated(app) or (not key and _needs_key(app.session_interface)):
        yield _finding('secret-key-missing')
    if key:
        yield from _weaknesses(key, 'secret-key')
    for fallback in dict.fromkeys(map(_bytes, app.config['SECRET_KEY_FALLBACKS'] or ())):
        if fallback == key:
            yield _finding('fallback-is-key')
        else:
            yield from _weaknesses(fallback, 'fallback')


def _needs_key(interface: object) -> bool:
    # Our interfaces sign a cookie's content or the id in it; another one may sign nothing.
    return isinstance(interface, SessionInterface | SecureCookieSessionInterface)


def _bytes(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key


def _weaknesses(key: bytes, prefix: str) -> Iterator[Finding]:
    if len(key) < MIN_KEY_BYTES:
        yield _finding(f'{prefix}-short', size=len(key))
    elif is_guessable(key):
        yield _finding(f'{prefix}-guessable')


def _cookie_findings(app: Quart) -> Iterator[Finding]:
    config = app.config
    if not is_secure(config):
        yield _finding('cookie-not-secure')
    if not config['SESSION_COOKIE_HTTPONLY']:
        yield _finding('cookie-not-httponly')
    samesite = config['SESSION_COOKIE_SAMESITE']
    if samesite is None:
        yield _finding('cookie-samesite', 'error')
    elif samesite.title() == 'None':
        yield _finding('cookie-samesite', 'warning')
    name = config['SESSION_COOKIE_NAME'].lower()
    obstacles = host_prefix_obstacles(config)
    if not name.startswith('__host-'):
        remedies = (f'; QUART_{key}: {remedy}' for key, remedy in obstacles.items())
        yield _finding('cookie-no-host-prefix', obstacles=''.join(remedies))
        if is_secure(config) and obstacles and not name.startswith('__secure-'):
            yield _finding('cookie-no-secure-prefix')
        return
    for key, remedy in obstacles.items():
        # A cookie that is not Secure is found above.
        if key != 'SESSION_COOKIE_SECURE':
            yield _finding(
                'setting-invalid',
                name='QUART_SESSION_COOKIE_NAME',
                problem=f'begins with __Host-, so browsers refuse the cookie with QUART_{key}',
                remedy=f'QUART_{key}: {remedy}, or choose another name',
            )


def _lifetime_findings(app: Quart) -> Iterator[Finding]:
    lifetime = app.permanent_session_lifetime
    if not MIN_LIFETIME <= lifetime <= MAX_LIFETIME:
        yield _finding('lifetime', lifetime=lifetime)
    if stores_in_cookie(app.session_interface):
        for name, _ in cookie_problems(app.config):
            yield _finding('lifetime-needs-server', name=name)
    elif isinstance(app.session_interface, SessionInterface):
        yield from _server_lifetime_findings(app)


def _server_lifetime_findings(app: Quart) -> Iterator[Finding]:
    lifetime, config = app.permanent_session_lifetime, app.config
    browser, absolute = config['SESSION_BROWSER_LIFETIME'], config['SESSION_ABSOLUTE_LIFETIME']
    if browser is None and not config['SESSION_PERMANENT'] and lifetime > BROWSER_LIFETIME:
        yield _finding('browser-lifetime', lifetime=lifetime)
    if absolute is None:
        yield _finding('absolute-lifetime-missing')
    elif absolute < MIN_LIFETIME.total_seconds():
        yield _finding('absolute-lifetime', seconds=absolute)
