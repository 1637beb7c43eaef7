"""The signature of a session id in the cookie, which binds the session to the app's secret key."""

import hmac
import re
from functools import lru_cache

from quart_session_demo.sessions import base64url

# The id and its SHA-256 signature, in base64.
_SIGNED_ID = re.compile(r'[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}')

#: Part of the derived key, so that no other signature with the same secret key is accepted.
SALT = b'quart_session_demo.session-id'


class IdSigner:
    """Signs the id of a session for its cookie, and verifies it.

    The signatures are those of `itsdangerous.Signer` with HMAC-SHA-256. They are made here because
    that takes half the time, in each request.
    """

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        """Make a signer.

        Args:
            keys: The keys that verify. The last one signs.
        """
        self._keys = [hmac.digest(key, SALT, 'sha256') for key in keys]

    def sign(self, session_id: str) -> str:
        """Return the value of the cookie for an id."""
        return f'{session_id}.{_signature(self._keys[-1], session_id)}'

    def verify(self, value: str) -> str | None:
        """Return the id in a cookie's value, or None if none of the keys signed it."""
        session_id, _, signature = value.rpartition('.')
        if value.isascii() and any(
            hmac.compare_digest(_signature(key, session_id), signature) for key in self._keys
        ):
            return session_id
        return None

    def is_current(self, value: str, session_id: str) -> bool:
        """Return whether the current key signed a value that `verify` accepts."""
        return len(self._keys) == 1 or value == self.sign(session_id)


def _signature(key: bytes, session_id: str) -> str:
    digest = hmac.digest(key, session_id.encode(), 'sha256')
    return base64url.encode(digest).decode()


def is_signed_id(value: str) -> bool:
    """Return whether a cookie's value has the form of a signed id, with any signature."""
    return _SIGNED_ID.fullmatch(value) is not None


@lru_cache(maxsize=16)
def id_signer(keys: tuple[bytes, ...]) -> IdSigner:
    """Return the signer for some keys, which derives its keys only once."""
    return IdSigner(keys)
