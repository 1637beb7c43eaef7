"""What `check-deploy` reports about a database that stores sessions."""

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.platforms import find_platform
from quart_session_demo.sessions.server.hosts import is_local
from quart_session_demo.sessions.server.store import StoreError

UNREACHABLE = Finding(
    'sql-unreachable',
    'error',
    'The session store cannot be used: {error}',
    'Start the database, correct QUART_SESSION_SQLALCHEMY_URL, or let its user read and write',
)
UNENCRYPTED = Finding(
    'sql-unencrypted',
    'error',
    'Sessions may be sent unencrypted to PostgreSQL on another host (OWASP ASVS 5.0, 12.3.1)',
    'Append ?sslmode=verify-full to QUART_SESSION_SQLALCHEMY_URL',
)
UNVERIFIED = Finding(
    'sql-unverified',
    'warning',
    'The certificate of PostgreSQL is not checked: another server could take its place '
    '(OWASP ASVS 5.0, 12.3.2)',
    'Set sslmode to verify-full in QUART_SESSION_SQLALCHEMY_URL',
)
NO_PASSWORD = Finding(
    'sql-no-password',
    'error',
    'PostgreSQL on another host needs no password (OWASP ASVS 5.0, 13.2.1)',
    'Let PostgreSQL require a password, and add it to QUART_SESSION_SQLALCHEMY_URL',
)
EPHEMERAL = Finding(
    'sqlite-ephemeral',
    'warning',
    'Sessions are in {path}, which {platform} may delete at each deploy or restart',
    'Put the file on a volume that stays, or use PostgreSQL or Redis',
)
#: All findings about SQL databases, as templates for `Finding.fill`.
FINDINGS = (
    UNREACHABLE,
    UNENCRYPTED,
    UNVERIFIED,
    NO_PASSWORD,
    EPHEMERAL,
)


def unreachable(error: StoreError) -> Finding:
    """Return the finding about a database that cannot be used."""
    return UNREACHABLE.fill(error=error)


def sqlite_findings(path: Path) -> list[Finding]:
    """Return whether a platform deletes the file, by its environment variables."""
    platform = find_platform()
    return [EPHEMERAL.fill(path=path, platform=platform.name)] if platform else []


def postgresql_findings(url: URL) -> list[Finding]:
    """Return whether others can read what is sent to the server, or use it."""
    if all(map(is_local, _hosts(url))):
        return []
    findings = []
    match url.query.get('sslmode'):
        case 'verify-full':
            pass
        case 'require' | 'verify-ca':
            findings.append(UNVERIFIED)
        case _:
            findings.append(UNENCRYPTED)
    has_secret = url.password or url.query.get('sslcert') or os.environ.get('PGPASSWORD')
    if not has_secret:
        findings.append(NO_PASSWORD)
    return findings


def _hosts(url: URL) -> Iterator[str]:
    if url.host:
        yield url.host
    host = url.query.get('host')
    if isinstance(host, str):
        yield host
    if not url.host and not host:
        yield os.environ.get('PGHOST', 'localhost')
