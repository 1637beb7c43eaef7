"""What a store of sessions promises, and the ids of its sessions."""

import re
import secrets

#: A session as it is stored: JSON by field name, both encoded.
Fields = dict[bytes, bytes]

# 256 bits; OWASP ASVS 5.0, 7.2.3, asks for at least 128.
ID_BYTES = 32
# The form of such an id in base64: the last of the 43 characters holds four bits.
_ID = re.compile('[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]')


class StoreError(Exception):
    """Raised when a store is down, hung or full, or holds other data; never contains a value."""


def new_session_id() -> str:
    """Return an id that nobody can guess, as the cookie carries it."""
    return secrets.token_urlsafe(ID_BYTES)


def is_session_id(value: str) -> bool:
    """Return whether a cookie's value has the form of a session id; the id may be unknown."""
    return _ID.fullmatch(value) is not None
