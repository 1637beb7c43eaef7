"""Take a session cookie apart without trusting it, and without needing the key."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from flask.json.tag import TaggedJSONSerializer
from itsdangerous import URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, bytes_to_int
from quart import Quart
from quart.sessions import SecureCookieSessionInterface

from quart_session_demo.sessions.cookie import CookieSession, CookieSessionInterface

# What Hypercorn takes as one request's headers; browsers keep 4 KB.
MAX_VALUE_SIZE = 16 * 1024
# A compressed cookie can hold a thousand times its own size.
MAX_PAYLOAD_SIZE = 32 * 1024
MAX_NESTING = 100
# Lists and dicts, which take long to look into, compress well.
MAX_CONTAINERS = 1000

_PARTS = re.compile(r'(\.?[\w-]+)\.([\w-]+)\.([\w-]+)', re.ASCII)


class NotASessionCookie(ValueError):
    """Raised for what is not a session in a signed cookie, or is too large to look into."""


class SignedBy(StrEnum):
    """Whose signature a cookie carries."""

    CURRENT = 'current key'
    FALLBACK = 'fallback key'
    NO_KEY = 'none of the keys'
    UNCHECKED = 'unknown'


@dataclass(frozen=True)
class InspectedCookie:
    """What a session cookie holds and whether the app would accept it.

    Sizes are in bytes, times in UTC.
    """

    # The cookie's text: the three parts, which dots join.
    payload_part: str
    timestamp_part: str
    signature_part: str

    payload: dict[str, Any]
    # The same in the app's tagged JSON, which keeps the types.
    tagged: dict[str, Any]
    compressed: bool

    value_size: int
    # With the name and the attributes that the app sends; this is what the limit is about.
    cookie_size: int
    # None when the app sets none.
    limit: int | None

    signed_at: datetime
    expires_at: datetime
    inspected_at: datetime

    signed_by: SignedBy
    # The place in SECRET_KEY_FALLBACKS, from 1, of a fallback key; empty ones do not count.
    fallback_number: int | None

    # Whether the app keeps its sessions in such cookies, and not on a server.
    in_use: bool

    @property
    def permanent(self) -> bool:
        """Whether the browser keeps the cookie when it closes."""
        return bool(self.payload.get('_permanent'))

    @property
    def room(self) -> int | None:
        """How much larger the cookie may become; negative when it is too large."""
        return None if self.limit is None else self.limit - self.cookie_size

    @property
    def expired(self) -> bool:
        """Whether it was signed too long ago, be the session permanent or not."""
        return self.inspected_at > self.expires_at

    @property
    def signed_in_the_future(self) -> bool:
        """Whether the clock that signed it is ahead; such a cookie is refused too."""
        return self.inspected_at < self.signed_at

    @property
    def accepted(self) -> bool:
        """Whether the app would read a session from it: it verifies and has not expired."""
        holds = self.signed_by in (SignedBy.CURRENT, SignedBy.FALLBACK)
        return self.in_use and holds and not self.expired and not self.signed_in_the_future


def inspect_cookie(value: str, app: Quart, now: datetime | None = None) -> InspectedCookie:
    """Take the value of a session cookie apart: no secret is shown, and nothing is changed.

    Args:
        value: The value alone, without the cookie's name and attributes.
        app: Whose keys, lifetime and `SESSION_COOKIE_*` settings to hold it against. Without a
            key everything is told but whose signature it is.
        now: When to look at it; a time with a zone.

    Raises:
        NotASessionCookie: It is not such a cookie, or is too large; the message says why.
    """
    if len(value) > MAX_VALUE_SIZE:
        raise NotASessionCookie(
            f'It is longer than {MAX_VALUE_SIZE} characters, too large to be looked into.'
        )
    parts = _PARTS.fullmatch(value)
    if parts is None:
        raise NotASessionCookie('It is not three parts, of letters, digits, - and _, between dots.')
    payload_part, timestamp_part, signature_part = parts.groups()
    interface = app.session_interface
    in_use = isinstance(interface, SecureCookieSessionInterface)
    if not isinstance(interface, CookieSessionInterface):
        interface = CookieSessionInterface()
    payload = _payload(payload_part, interface.serializer)
    signed_at, expires_at = _times(timestamp_part, app.permanent_session_lifetime)
    signed_by, fallback_number = _signed_by(value, interface.get_signing_serializer(app))
    return InspectedCookie(
        payload_part=payload_part,
        timestamp_part=timestamp_part,
        signature_part=signature_part,
        payload=payload,
        tagged=interface.serializer.tag(payload),
        compressed=payload_part.startswith('.'),
        value_size=len(value),
        cookie_size=len(interface.cookie_header(app, CookieSession(payload), value)),
        limit=app.config['MAX_COOKIE_SIZE'] or None,
        signed_at=signed_at,
        expires_at=expires_at,
        # The signature knows whole seconds only.
        inspected_at=(now or datetime.now(UTC)).replace(microsecond=0),
        signed_by=signed_by,
        fallback_number=fallback_number,
        in_use=in_use,
    )


def _payload(part: str, serializer: TaggedJSONSerializer) -> dict[str, Any]:
    try:
        data = base64_decode(part.removeprefix('.'))
        if part.startswith('.'):
            data = _decompress(data)
        if len(data) > MAX_PAYLOAD_SIZE:
            raise NotASessionCookie(
                f'Its content is larger than {MAX_PAYLOAD_SIZE} bytes, too large to be looked into.'
            )
        payload = serializer.loads(data.decode())
        if not isinstance(payload, dict):
            raise NotASessionCookie(f'Its content is a {type(payload).__name__}, not a session.')
        containers = 0
        for depth, level in enumerate(nesting_levels(payload), 1):
            containers += len(level)
            if depth > MAX_NESTING:
                raise RecursionError
            if containers > MAX_CONTAINERS:
                raise NotASessionCookie(
                    f'It holds more than {MAX_CONTAINERS} lists and dicts, too many to be looked '
                    'into.'
                )
    except NotASessionCookie:
        raise
    except RecursionError:
        raise NotASessionCookie(
            f'Its content is nested deeper than {MAX_NESTING} levels, too deeply to be looked into.'
        ) from None
    # As itsdangerous does: a tag may raise anything on a value that it did not make.
    except Exception:
        raise NotASessionCookie(
            'Its first part is not a session in JSON, encoded by base64.'
        ) from None
    return payload


def _decompress(data: bytes) -> bytes:
    decompressor = zlib.decompressobj()
    content = decompressor.decompress(data, MAX_PAYLOAD_SIZE + 1)
    if len(content) <= MAX_PAYLOAD_SIZE and not decompressor.eof:
        raise NotASessionCookie('Its compressed content is cut off.')
    return content


def nesting_levels(value: Any) -> Iterator[list[Any]]:
    """Yield the containers of a value: itself, then those in it, and so on."""
    level = [value]
    while containers := [item for item in level if isinstance(item, dict | list | tuple)]:
        yield containers
        level = [
            inner
            for item in containers
            for inner in (item.values() if isinstance(item, dict) else item)
        ]


def _times(part: str, lifetime: timedelta) -> tuple[datetime, datetime]:
    try:
        signed_at = datetime.fromtimestamp(bytes_to_int(base64_decode(part)), UTC)
        return signed_at, signed_at + timedelta(seconds=int(lifetime.total_seconds()))
    # BadData is no ValueError.
    except Exception:
        raise NotASessionCookie('Its second part is not a time.') from None


def _signed_by(
    value: str, serializer: URLSafeTimedSerializer | None
) -> tuple[SignedBy, int | None]:
    if serializer is None:
        return SignedBy.UNCHECKED, None
    signed, _, signature = value.rpartition('.')
    # The fallbacks come first, in their order, and the current key last.
    for number, key in reversed(list(enumerate(serializer.secret_keys, 1))):
        signer = serializer.signer([key], salt=serializer.salt, **serializer.signer_kwargs)
        if signer.verify_signature(signed, signature):
            if number == len(serializer.secret_keys):
                return SignedBy.CURRENT, None
            return SignedBy.FALLBACK, number
    return SignedBy.NO_KEY, None
