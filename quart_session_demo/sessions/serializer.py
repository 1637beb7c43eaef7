"""Flask's signed session format, byte for byte; keys and signers are made only once."""

import sys
from collections.abc import Iterable
from functools import cached_property
from json import JSONDecoder, JSONEncoder
from typing import Any

from flask.json.provider import DefaultJSONProvider
from flask.json.tag import JSONTag, TaggedJSONSerializer
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
from quart_session_demo.sessions.validators import safe_repr


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


#: The types that JSON preserves. Flask offers each such value to every tag.
PLAIN_TYPES: frozenset[type] = frozenset({str, int, float, bool, type(None)})
#: What is wrong with a value whose lists and dicts Python cannot read or write.
TOO_DEEP = 'is nested too deeply'


class UnstorableValue(TypeError):
    """Raised for a value that a session cannot hold. The message names its key, not the value.

    Attributes:
        problem: What is wrong, as in `is nested too deeply`.
        key: The session key under which the value is.
    """

    def __init__(self, problem: str, key: object = '') -> None:
        """Make an error; the key may be set later."""
        super().__init__(problem)
        self.problem = problem
        self.key = key

    def __str__(self) -> str:
        """Return the message."""
        if isinstance(self.key, str):
            # A string of another type, such as an enum, has another representation.
            key = repr(str.__str__(self.key)[:100])
        else:
            key = safe_repr(self.key)
        return f'session[{key}] {self.problem}'


def unstorable_type(value: Any) -> UnstorableValue:
    """Return the error for a value whose type cannot be stored."""
    return UnstorableValue(
        f'holds a value of type {type(value).__name__}, which cannot be stored: register a tag '
        'for it, or store a value of another type'
    )


def flask_default(value: Any) -> Any:
    """Return what Flask's JSON stores in place of a value without a tag.

    Raises:
        UnstorableValue: Flask raises TypeError.
    """
    try:
        return DefaultJSONProvider.default(value)
    except TypeError:
        raise unstorable_type(value) from None


class SessionJSON(TaggedJSONSerializer):
    """Flask's tagged JSON, without a look for the current Flask app, which Quart does not have."""

    encoder = JSONEncoder(separators=(',', ':'), default=flask_default)

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
        """Return a session as compact tagged JSON.

        Raises:
            UnstorableValue: The session holds a value that cannot be stored.
        """
        try:
            return self.encode(value)
        except UnstorableValue as error:
            error.key = next(filter(self._fails, value.items()), ('',))[0]
            raise

    def encode(self, value: Any) -> str:
        """Return one value as compact tagged JSON.

        Raises:
            UnstorableValue: The value cannot be stored. The message does not name a key yet.
            Exception: A registered tag failed.
        """
        try:
            tagged = self.tag(value)
        except RecursionError:
            raise UnstorableValue(TOO_DEEP) from None
        try:
            return self.encoder.encode(tagged)
        except UnstorableValue:
            raise
        except RecursionError:
            raise UnstorableValue(TOO_DEEP) from None
        except TypeError as error:
            # The text of Python: "keys must be str, int, float, bool or None, not tuple".
            raise UnstorableValue(f'cannot be stored: {error}') from None
        except ValueError:
            raise UnstorableValue(
                f'holds an integer of more than {sys.get_int_max_str_digits()} digits, which '
                'cannot be stored'
            ) from None

    def loads(self, value: str) -> Any:
        """Return the value of tagged JSON."""
        return self._decoder.decode(value)

    @cached_property
    def _decoder(self) -> JSONDecoder:
        # Unlike Flask's function, this needs no stack for each level of Python's functions: each
        # value that can be written can be read, also where more of the stack is in use.
        return JSONDecoder(object_hook=self.untag)

    def _fails(self, item: tuple[Any, Any]) -> bool:
        try:
            self.encode(dict([item]))
        except UnstorableValue:
            return True
        return False
