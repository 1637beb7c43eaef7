"""Flask's signed session format, byte for byte; keys and signers are made only once."""

import json
from collections.abc import Iterable
from functools import cached_property
from json import JSONEncoder
from typing import Any

from flask.json.provider import DefaultJSONProvider
from flask.json.tag import JSONTag, TaggedJSONSerializer
from itsdangerous import Signer, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode, int_to_bytes, want_bytes
from quart import Quart


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


class SessionSerializer(URLSafeTimedSerializer):
    """A serializer that makes its signer only once, instead of for each cookie."""

    default_signer = SessionSigner

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


#: The types that JSON preserves. Flask offers each such value to every tag.
PLAIN_TYPES: frozenset[type] = frozenset({str, int, float, bool, type(None)})


class SessionJSON(TaggedJSONSerializer):
    """Flask's tagged JSON, without a look for the current Flask app, which Quart does not have."""

    encoder = JSONEncoder(separators=(',', ':'), default=DefaultJSONProvider.default)

    def __init__(self) -> None:
        """Register Flask's tags, none of which is for a plain value."""
        super().__init__()
        self._plain_types = PLAIN_TYPES

    def register(
        self, tag_class: type[JSONTag], force: bool = False, index: int | None = None
    ) -> None:
        """Register a tag, which may be for values of any type."""
        super().register(tag_class, force, index)
        self._plain_types = frozenset()

    def tag(self, value: Any) -> Any:
        """Return the value with each type that JSON does not have marked by a tag."""
        return value if type(value) in self._plain_types else super().tag(value)

    def dumps(self, value: Any) -> str:
        """Return the tagged value as compact JSON."""
        return self.encoder.encode(self.tag(value))

    def loads(self, value: str) -> Any:
        """Return the value of tagged JSON."""
        return self._untag_scan(json.loads(value))
