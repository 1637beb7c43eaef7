"""The signature of a session id in the cookie, which binds the session to the app's secret key."""

import hashlib
import re
from functools import lru_cache

from itsdangerous import BadSignature

from quart_session_demo.sessions.serializer import CachedKeys

# The id and its SHA-256 signature, in base64.
_SIGNED_ID = re.compile(r'[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}')

#: Part of the derived key, so that no other signature with the same secret key is accepted.
SALT = 'quart_session_demo.session-id'


class IdSigner:
    """Signs the id of a session for its cookie, and verifies it."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        """Make a signer.

        Args:
            keys: The keys that verify. The last one signs.
        """
        self._signer = CachedKeys(
            list(keys), salt=SALT, key_derivation='hmac', digest_method=hashlib.sha256
        )
        self._has_old_keys = len(keys) > 1

    def sign(self, session_id: str) -> str:
        """Return the value of the cookie for an id."""
        return self._signer.sign(session_id).decode()

    def verify(self, value: str) -> str | None:
        """Return the id in a cookie's value, or None if none of the keys signed it."""
        try:
            return self._signer.unsign(value).decode()
        except (BadSignature, UnicodeError):
            return None

    def is_current(self, value: str, session_id: str) -> bool:
        """Return whether the current key signed a value that `verify` accepts."""
        return not self._has_old_keys or value == self.sign(session_id)


def is_signed_id(value: str) -> bool:
    """Return whether a cookie's value has the form of a signed id, with any signature."""
    return _SIGNED_ID.fullmatch(value) is not None


@lru_cache(maxsize=16)
def id_signer(keys: tuple[bytes, ...]) -> IdSigner:
    """Return the signer for some keys, which derives its keys only once."""
    return IdSigner(keys)
