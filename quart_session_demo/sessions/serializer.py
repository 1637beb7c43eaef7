"""Flask's signed session format, byte for byte; keys and signers are made only once."""

import hmac
import struct
import zlib
from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Any

from itsdangerous import (
    BadPayload,
    BadSignature,
    Signer,
    TimedSerializer,
    TimestampSigner,
    URLSafeTimedSerializer,
)
from itsdangerous.encoding import bytes_to_int, int_to_bytes, want_bytes
from quart import Quart

from quart_session_demo.sessions import base64url
from quart_session_demo.sessions.limits import CONTENT_LIMIT, SessionTooLarge
from quart_session_demo.sessions.payload import UnreadableContent, decode_part
from quart_session_demo.sessions.session_json import TOO_DEEP


def signing_keys(app: Quart) -> tuple[bytes, ...]:
    """Return an app's keys, the current one last as itsdangerous expects; empty without a key."""
    key = app.secret_key
    if not key:
        return ()
    fallbacks: Iterable[str | bytes] | None = app.config['SECRET_KEY_FALLBACKS']
    if not fallbacks:
        return _non_empty_bytes(key)
    if isinstance(fallbacks, str | bytes):
        # Quart would use each character as a key, and anyone could forge a session.
        fallbacks = (fallbacks,)
    return _non_empty_bytes(*fallbacks, key)


@lru_cache(maxsize=16)
def _non_empty_bytes(*keys: str | bytes) -> tuple[bytes, ...]:
    # With an empty key, anyone could forge a session.
    return tuple(want_bytes(key) for key in keys if key)


class SessionSigner(TimestampSigner):
    """Flask's signer, in fewer steps: it derives each key only once, and not for each cookie."""

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Return the key derived from a secret key, by default from the current one."""
        key = self.secret_keys[-1] if secret_key is None else secret_key
        if key not in self._derived:
            self._derived[key] = super().derive_key(key)
        return self._derived[key]

    @cached_property
    def _derived(self) -> dict[str | bytes, bytes]:
        return {}

    def sign(self, value: str | bytes) -> bytes:
        """Return a value with the current time and the signature of both."""
        time = base64url.encode(int_to_bytes(self.get_timestamp()))
        return Signer.sign(self, want_bytes(value) + self.sep + time)

    def get_signature(self, value: str | bytes) -> bytes:
        """Return the signature of a value, in base64."""
        # In one call of OpenSSL, which takes half as long as an object of the module `hmac`.
        digest = hmac.digest(self.derive_key(), want_bytes(value), self.digest_method)
        return base64url.encode(digest)

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """Return whether one of the keys signed a value."""
        try:
            signature = base64url.decode(want_bytes(sig))
        except ValueError:
            return False
        data = want_bytes(value)
        for key in reversed(self.secret_keys):
            digest = hmac.digest(self.derive_key(key), data, self.digest_method)
            if hmac.compare_digest(signature, digest):
                return True
        return False

    def read(self, signed_value: str | bytes, max_age: int) -> tuple[bytes, int] | None:
        """Return what was signed, and when, in seconds since 1970.

        It is what `unsign` returns, in fewer steps; None if `unsign` raises an error.

        Args:
            signed_value: The value with the time and the signature.
            max_age: How many seconds a signature is valid.
        """
        try:
            value, separator, time = Signer.unsign(self, signed_value).rpartition(self.sep)
            signed_at = bytes_to_int(base64url.decode(time))
        except (BadSignature, ValueError, struct.error):
            return None
        is_valid = separator and 0 <= self.get_timestamp() - signed_at <= max_age
        return (value, signed_at) if is_valid else None


class SessionSerializer(URLSafeTimedSerializer):
    """Flask's serializer, which makes its signer only once, and limits the size of the content."""

    default_signer = SessionSigner
    #: The largest size of the content before its compression, in bytes; None for no limit.
    max_size: int | None = None

    def dump_payload(self, obj: Any) -> bytes:
        """Return the first part of a cookie.

        Raises:
            SessionTooLarge: The content is larger than `max_size`.
        """
        data = want_bytes(self.serializer.dumps(obj))
        if self.max_size is not None and len(data) > self.max_size:
            raise SessionTooLarge(len(data), self.max_size, CONTENT_LIMIT)
        compressed = zlib.compress(data)
        if len(compressed) < len(data) - 1:
            return b'.' + base64url.encode(compressed)
        return base64url.encode(data)

    def load_payload(self, payload: bytes, *args: Any, **kwargs: Any) -> Any:
        """Return the value of the first part of a cookie, whose signature is valid.

        Raises:
            UnreadableContent: The content is larger than `max_size`, or nested too deeply.
            BadPayload: The part does not hold a value.
        """
        try:
            data = decode_part(payload, self.max_size)
            # Not the method of URLSafeTimedSerializer, which decompresses without a limit.
            return TimedSerializer.load_payload(self, data, *args, **kwargs)
        except UnreadableContent as error:
            raise UnreadableContent(f'{error} ({CONTENT_LIMIT})') from None
        except BadPayload as error:
            if isinstance(error.original_error, RecursionError):
                raise UnreadableContent(f'its content {TOO_DEEP}') from None
            raise
        except Exception as error:
            raise BadPayload('The payload cannot be decoded.', original_error=error) from error

    def loads(  # type: ignore[override]  # As in itsdangerous.
        self,
        s: str | bytes,
        max_age: int | None = None,
        return_timestamp: bool = False,
        salt: str | bytes | None = None,
    ) -> Any:
        """Return the value that was signed; itsdangerous documents the arguments and the errors."""
        signer = self._signer
        if max_age is not None and salt is None and isinstance(signer, SessionSigner):
            signed = signer.read(s, max_age)
            if signed is not None:
                payload, signed_at = signed
                content = self.load_payload(payload)
                time = signer.timestamp_to_datetime(signed_at)
                return (content, time) if return_timestamp else content
        # Also to raise the error that describes the fault.
        return super().loads(s, max_age, return_timestamp, salt)

    def make_signer(self, salt: str | bytes | None = None) -> Signer:
        """Return the signer for a salt, by default the serializer's own."""
        return self._signer if salt in (None, self.salt) else super().make_signer(salt)

    @cached_property
    def _signer(self) -> Signer:
        return super().make_signer()

    def dumps_at(self, obj: Any, timestamp: int) -> str:
        """Serialize and sign a value as `dumps` does, but with another time of signing.

        Args:
            obj: The session's content.
            timestamp: The time of signing, in seconds since 1970.
        """
        signer = self.make_signer()
        time = base64url.encode(int_to_bytes(timestamp))
        value = self.dump_payload(obj) + want_bytes(signer.sep) + time
        # Not the method of TimestampSigner, which adds the current time.
        return Signer.sign(signer, value).decode()
