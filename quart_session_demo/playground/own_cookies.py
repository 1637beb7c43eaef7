"""The name and the attributes of the cookies that the page sets beside the session's."""

import re
from typing import Any

from quart import current_app, url_for


def cookie_name(name: str) -> str:
    """Return the name with the session cookie's prefix, such as `__Host-`, before it."""
    return _session_prefix() + name


def cookie_attributes() -> dict[str, Any]:
    """Return the attributes: only this page gets the cookies, and scripts cannot read them."""
    prefix = _session_prefix()
    return {
        'httponly': True,
        # Browsers refuse another path with this prefix.
        'path': '/' if prefix.lower() == '__host-' else url_for('playground.show'),
        'samesite': 'Strict',
        'secure': bool(prefix) or current_app.config['SESSION_COOKIE_SECURE'],
    }


def _session_prefix() -> str:
    # Browsers ignore the case of the prefix (RFC 6265bis, 4.1.3).
    name = current_app.config['SESSION_COOKIE_NAME']
    match = re.match('__(Host|Secure)-', name, re.IGNORECASE)
    return match[0] if match else ''
