"""The ids of sessions that are kept on a server."""

import re
import secrets

# 256 bits; OWASP ASVS 5.0, 7.2.3, wants at least 128.
ID_BYTES = 32
# What they are in base64: the last of the 43 characters holds four bits.
_ID = re.compile('[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]')


def new_session_id() -> str:
    """Return an id that nobody can guess, as the cookie carries it."""
    return secrets.token_urlsafe(ID_BYTES)


def is_session_id(value: str) -> bool:
    """Tell whether a cookie's value has the form of such an id; it need not be one of ours."""
    return _ID.fullmatch(value) is not None
