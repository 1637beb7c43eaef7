"""Inspect a session cookie without trusting it; no key is needed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from flask.json.tag import TaggedJSONSerializer
from itsdangerous import URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, bytes_to_int
from quart import Quart
from quart.sessions import SecureCookieSessionInterface

from quart_session_demo.sessions.base import (
    cookie_header,
    permanent_by_default,
    stores_in_cookie,
)
from quart_session_demo.sessions.cookie import CookieSessionInterface
from quart_session_demo.sessions.cookie_reading import expiry_time
from quart_session_demo.sessions.cookie_session import CookieSession
from quart_session_demo.sessions.limits import CONTENT_LIMIT, DEFAULT_CONTENT_LIMIT
from quart_session_demo.sessions.payload import (
    MAX_CONTAINERS,
    MAX_NESTING,
    MAX_PAYLOAD_SIZE,
    NotASessionCookie,
    load_payload,
    nesting_levels,
)
from quart_session_demo.sessions.serializer import signing_keys
from quart_session_demo.sessions.server.signing import IdSigner, is_signed_id

__all__ = [
    'MAX_CONTAINERS',
    'MAX_NESTING',
    'MAX_PAYLOAD_SIZE',
    'MAX_VALUE_SIZE',
    'InspectedCookie',
    'InspectedId',
    'NotASessionCookie',
    'SignedBy',
    'inspect_cookie',
    'inspect_id',
    'nesting_levels',
]

#: Hypercorn's limit for the headers of one request; browsers store 4 KB.
MAX_VALUE_SIZE = 16 * 1024

_PARTS = re.compile(r'(\.?[\w-]+)\.([\w-]+)\.([\w-]+)', re.ASCII)


class SignedBy(StrEnum):
    """The key that verifies a cookie's signature."""

    CURRENT = 'current key'
    FALLBACK = 'fallback key'
    NO_KEY = 'none of the keys'
    UNCHECKED = 'unknown'


@dataclass(frozen=True)
class InspectedCookie:
    """The content of a session cookie, and whether the app would accept it.

    The cookie's value is three parts with dots between them. Sizes are in bytes, times in UTC.
    """

    payload_part: str
    timestamp_part: str
    signature_part: str

    payload: dict[str, Any]
    #: The payload in the app's tagged JSON, which preserves the types.
    tagged: dict[str, Any]
    compressed: bool

    #: The size of the content before its compression.
    content_size: int
    #: The largest content that the app reads; None if its session interface is not ours.
    content_limit: int | None

    value_size: int
    #: The size with the name and the attributes that the app sends, to which the limit applies.
    cookie_size: int
    #: None if the app sets no limit.
    limit: int | None

    signed_at: datetime
    expires_at: datetime
    inspected_at: datetime

    #: Whether the browser stores the cookie after it closes.
    permanent: bool

    signed_by: SignedBy
    #: The position of a fallback key in SECRET_KEY_FALLBACKS, from 1, without empty ones.
    fallback_number: int | None

    #: Whether the app stores its sessions in such cookies, and not on a server.
    in_use: bool

    @property
    def room(self) -> int | None:
        """The number of bytes left below the limit; negative if the cookie is too large."""
        return None if self.limit is None else self.limit - self.cookie_size

    @property
    def content_too_large(self) -> bool:
        """Whether the content is larger than `SESSION_COOKIE_MAX_DECOMPRESSED`."""
        return self.content_limit is not None and self.content_size > self.content_limit

    @property
    def expired(self) -> bool:
        """Whether it was signed too long ago, permanent or not."""
        return self.inspected_at > self.expires_at

    @property
    def signed_in_the_future(self) -> bool:
        """Whether it was signed by a clock that is ahead; the app refuses such a cookie too."""
        return self.inspected_at < self.signed_at

    @property
    def accepted(self) -> bool | None:
        """Whether the app would read a session from it: it verifies and has not expired.

        None if that is unknown, because there is no key to check the signature with.
        """
        in_time = not self.expired and not self.signed_in_the_future
        if not (self.in_use and in_time) or self.content_too_large:
            return False
        if self.signed_by is SignedBy.UNCHECKED:
            return None
        return self.signed_by is not SignedBy.NO_KEY


@dataclass(frozen=True)
class InspectedId:
    """Who signed the id of a session on a server. Only the store knows whether the session exists.

    Attributes:
        signed_by: The key that verifies the signature.
        fallback_number: The position of a fallback key in SECRET_KEY_FALLBACKS, from 1, without
            empty ones.
        in_use: Whether the app stores its sessions on a server.
    """

    signed_by: SignedBy
    fallback_number: int | None
    in_use: bool


def inspect_cookie(value: str, app: Quart, now: datetime | None = None) -> InspectedCookie:
    """Return what a session cookie holds; never a secret key.

    Args:
        value: The value alone, without the cookie's name and attributes.
        app: The app whose keys, lifetime and `SESSION_COOKIE_*` settings apply. Without a key
            only `signed_by` is unknown.
        now: The time of the inspection, with a time zone; by default the current time.

    Raises:
        NotASessionCookie: The value is not a session, or is too large. The message gives the
            reason.
    """
    if len(value) > MAX_VALUE_SIZE:
        raise NotASessionCookie(
            f'It is longer than {MAX_VALUE_SIZE} characters, too large to inspect.'
        )
    parts = _PARTS.fullmatch(value)
    if parts is None:
        raise NotASessionCookie('It is not three parts of letters, digits, - and _, with dots.')
    payload_part, timestamp_part, signature_part = parts.groups()
    interface = app.session_interface
    in_use = stores_in_cookie(interface)
    if not in_use:
        interface = CookieSessionInterface()
    serializer = interface.get_signing_serializer(app)
    tagged_json = _tagged_json(interface, serializer)
    payload, content_size = load_payload(payload_part, tagged_json)
    session = CookieSession(payload)
    session.permanent_by_default = permanent_by_default(interface, app)
    signed_at, expires_at = _times(timestamp_part, app)
    signed_by, fallback_number = _cookie_signed_by(value, serializer)
    return InspectedCookie(
        payload_part=payload_part,
        timestamp_part=timestamp_part,
        signature_part=signature_part,
        payload=payload,
        tagged=tagged_json.tag(payload),
        compressed=payload_part.startswith('.'),
        content_size=content_size,
        content_limit=app.config.get(CONTENT_LIMIT, DEFAULT_CONTENT_LIMIT)
        if isinstance(interface, CookieSessionInterface)
        else None,
        value_size=len(value),
        cookie_size=len(cookie_header(interface, app, session, value)),
        limit=app.config['MAX_COOKIE_SIZE'] or None,
        signed_at=signed_at,
        expires_at=expires_at,
        # The signature holds whole seconds only.
        inspected_at=(now or datetime.now(UTC)).replace(microsecond=0),
        permanent=session.is_permanent,
        signed_by=signed_by,
        fallback_number=fallback_number,
        in_use=in_use,
    )


def inspect_id(value: str, app: Quart) -> InspectedId:
    """Return which key of an app signed the id of a session on a server; never the id.

    Args:
        value: The cookie's value alone, without its name and attributes.
        app: The app whose keys apply. Without a key only `signed_by` is unknown.

    Raises:
        NotASessionCookie: The value does not have the form of a signed id.
    """
    if not is_signed_id(value):
        raise NotASessionCookie('It does not have the form of a signed id.')
    signed_by, fallback_number = _signed_by(
        signing_keys(app), lambda key: IdSigner((key,)).verify(value) is not None
    )
    return InspectedId(signed_by, fallback_number, not stores_in_cookie(app.session_interface))


def _tagged_json(
    interface: SecureCookieSessionInterface, serializer: URLSafeTimedSerializer | None
) -> TaggedJSONSerializer:
    """Return the tagged JSON that the app signs with, or else that of the session interface."""
    signed = getattr(serializer, 'serializer', None)
    # Another serializer, such as pickle, must not load what nobody has verified.
    return signed if isinstance(signed, TaggedJSONSerializer) else interface.serializer


def _times(part: str, app: Quart) -> tuple[datetime, datetime]:
    try:
        signed_at = bytes_to_int(base64_decode(part))
        return datetime.fromtimestamp(signed_at, UTC), expiry_time(app, signed_at)
    # Not a ValueError alone: base64_decode raises BadData.
    except Exception:
        raise NotASessionCookie('Its second part is not a time.') from None


def _cookie_signed_by(
    value: str, serializer: URLSafeTimedSerializer | None
) -> tuple[SignedBy, int | None]:
    if serializer is None:
        return SignedBy.UNCHECKED, None
    signed, _, signature = value.rpartition('.')

    def verifies(key: bytes) -> bool:
        signer = serializer.signer([key], salt=serializer.salt, **serializer.signer_kwargs)
        return bool(signer.verify_signature(signed, signature))

    return _signed_by(serializer.secret_keys, verifies)


def _signed_by(
    keys: Sequence[bytes], verifies: Callable[[bytes], bool]
) -> tuple[SignedBy, int | None]:
    if not keys:
        return SignedBy.UNCHECKED, None
    # The fallback keys are first, in their order, and the current key is last.
    for number, key in reversed(list(enumerate(keys, 1))):
        if verifies(key):
            return (SignedBy.CURRENT, None) if key == keys[-1] else (SignedBy.FALLBACK, number)
    return SignedBy.NO_KEY, None
