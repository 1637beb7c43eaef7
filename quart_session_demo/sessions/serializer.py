"""Flask's way to sign a session, byte for byte, without doing anything twice."""

from functools import cached_property
from json import JSONEncoder
from typing import Any

from flask.json.provider import DefaultJSONProvider
from flask.json.tag import JSONTag, TaggedJSONSerializer
from itsdangerous import Signer, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode, int_to_bytes, want_bytes


class SessionSigner(TimestampSigner):
    """Derives each key once, not for each cookie."""

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Derive the key for a secret key, by default the current one."""
        key = self.secret_keys[-1] if secret_key is None else secret_key
        if key not in self._derived:
            self._derived[key] = super().derive_key(key)
        return self._derived[key]

    @cached_property
    def _derived(self) -> dict[str | bytes, bytes]:
        return {}


class SessionSerializer(URLSafeTimedSerializer):
    """Makes its signer once, not for each cookie."""

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


# What JSON keeps as it is. Flask asks each tag whether such a value is its own.
PLAIN: frozenset[type] = frozenset({str, int, float, bool, type(None)})


class SessionJSON(TaggedJSONSerializer):
    """Flask's, without a look for Flask's current app at each call: Quart has none."""

    encoder = JSONEncoder(separators=(',', ':'), default=DefaultJSONProvider.default)

    def __init__(self) -> None:
        """Register Flask's own tags, none of which is for a plain value."""
        super().__init__()
        self._plain = PLAIN

    def register(
        self, tag_class: type[JSONTag], force: bool = False, index: int | None = None
    ) -> None:
        """Register a tag, which may be for any value."""
        super().register(tag_class, force, index)
        self._plain = frozenset()

    def tag(self, value: Any) -> Any:
        """Turn a value into what JSON can hold, marked with its type where JSON has none."""
        return value if type(value) in self._plain else super().tag(value)

    def dumps(self, value: Any) -> str:
        """Tag the value, and dump it to compact JSON."""
        return self.encoder.encode(self.tag(value))
