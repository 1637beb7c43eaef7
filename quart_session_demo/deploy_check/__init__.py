"""Find settings and stores that work, but are unsafe in production, in any Quart app."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from quart import Quart

from quart_session_demo.deploy_check import (
    cookies,
    hosts,
    invalid,
    keys,
    lifetimes,
    limits,
    modes,
    names,
    proxies,
)
from quart_session_demo.deploy_check.invalid import HSTS, setting_errors
from quart_session_demo.sessions.base import Finding, SessionInterface

__all__ = [
    'FINDINGS',
    'HSTS',
    'check_settings',
    'check_store',
    'setting_errors',
    'setting_findings',
]

#: All findings about settings. The findings about a store are beside the store.
FINDINGS: tuple[Finding, ...] = (
    *invalid.FINDINGS,
    *names.FINDINGS,
    *keys.FINDINGS,
    *cookies.FINDINGS,
    *lifetimes.FINDINGS,
    *limits.FINDINGS,
    *hosts.FINDINGS,
    *proxies.FINDINGS,
    *modes.FINDINGS,
)


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


def setting_findings(app: Quart) -> Iterator[Finding]:
    """Yield what is unsafe about an app's settings, without secrets."""
    yield from names.name_findings(app)
    if found := list(invalid.invalid_settings(app)):
        # The checks below need valid settings.
        yield from found
        return
    yield from keys.key_findings(app)
    yield from cookies.cookie_findings(app)
    yield from lifetimes.lifetime_findings(app)
    yield from limits.limit_findings(app)
    yield from hosts.host_findings(app)
    yield from proxies.proxy_findings(app)
    yield from modes.mode_findings(app)


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
