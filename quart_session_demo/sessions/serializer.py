"""Flask's signed session format, byte for byte; keys and signers are made only once."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from itsdangerous import (
    BadPayload,
    Signer,
    TimedSerializer,
    TimestampSigner,
    URLSafeTimedSerializer,
)
from itsdangerous.encoding import base64_encode, int_to_bytes, want_bytes
from quart import Quart

from quart_session_demo.sessions.limits import CONTENT_LIMIT, SessionTooLarge
from quart_session_demo.sessions.payload import UnreadableContent, decode_part
from quart_session_demo.sessions.session_json import TOO_DEEP


def signing_keys(app: Quart) -> tuple[bytes, ...]:
    """Return an app's keys, the current one last as itsdangerous expects; empty without a key."""
    if not app.secret_key:
        return ()
    fallbacks: Iterable[str | bytes] = app.config['SECRET_KEY_FALLBACKS'] or ()
    if isinstance(fallbacks, str | bytes):
        # Quart would use each character as a key, and anyone could forge a session.
        fallbacks = (fallbacks,)
    # With an empty key, anyone could forge a session.
    return tuple(want_bytes(key) for key in (*fallbacks, app.secret_key) if key)


class CachedKeys(Signer):
    """A signer that derives each key only once, instead of for each cookie."""

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Return the key derived from a secret key, by default from the current one."""
        key = self.secret_keys[-1] if secret_key is None else secret_key
        if key not in self._derived:
            self._derived[key] = super().derive_key(key)
        return self._derived[key]

    @cached_property
    def _derived(self) -> dict[str | bytes, bytes]:
        return {}


class SessionSigner(CachedKeys, TimestampSigner):
    """Flask's signer, which derives each key only once."""


class SizedSerializer(TimedSerializer[str]):
    """A serializer that limits the size of the JSON that it writes."""

    #: The largest size in bytes; None for no limit.
    max_size: int | None = None

    def dump_payload(self, obj: Any) -> bytes:
        """Return the JSON of a value.

        Raises:
            SessionTooLarge: The JSON is larger than `max_size`.
        """
        data = super().dump_payload(obj)
        if self.max_size is not None and len(data) > self.max_size:
            raise SessionTooLarge(len(data), self.max_size, CONTENT_LIMIT)
        return data


# The second base class gets the JSON before the first one compresses it.
class SessionSerializer(URLSafeTimedSerializer, SizedSerializer):
    """A serializer that makes its signer only once, and limits the size of the content."""

    default_signer = SessionSigner

    def load_payload(self, payload: bytes, *args: Any, **kwargs: Any) -> Any:
        """Return the value of the first part of a cookie, whose signature is valid.

        Raises:
            UnreadableContent: The content is larger than `max_size`, or nested too deeply.
            BadPayload: The part does not hold a value.
        """
        try:
            data = decode_part(payload, self.max_size)
            return SizedSerializer.load_payload(self, data, *args, **kwargs)
        except UnreadableContent as error:
            raise UnreadableContent(f'{error} ({CONTENT_LIMIT})') from None
        except BadPayload as error:
            if isinstance(error.original_error, RecursionError):
                raise UnreadableContent(f'its content {TOO_DEEP}') from None
            raise
        except Exception as error:
            raise BadPayload('The payload cannot be decoded.', original_error=error) from error

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
        time = base64_encode(int_to_bytes(timestamp))
        value = self.dump_payload(obj) + want_bytes(signer.sep) + time
        # Not the method of TimestampSigner, which adds the current time.
        return Signer.sign(signer, value).decode()
