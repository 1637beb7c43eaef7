"""The interface of session stores, and the form of session ids."""

import re
import secrets
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple, Protocol

from quart_session_demo.sessions.base import Finding

#: A session as it is stored: a JSON value by JSON key, both encoded.
Fields = dict[bytes, bytes]

#: 256 bits. OWASP ASVS 5.0, 7.2.3, requires at least 128.
ID_BYTES = 32
# The base64 form of such an id: the last of its 43 characters holds four bits.
_ID = re.compile('[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]')


class StoreError(Exception):
    """Raised if a store is down, hung or full, or holds other data; shows no stored value."""


class WriteResult(Enum):
    """What a store did with the changes to a session."""

    #: The changes are stored.
    SAVED = 'saved'
    #: The changes are stored, and no key is left: the session expires within a minute.
    EMPTIED = 'emptied'
    #: Nothing is stored, because the session was deleted or has expired.
    GONE = 'gone'


class StoredSession(NamedTuple):
    """A session that was read. Times are in milliseconds since 1970."""

    fields: Fields
    #: When it was created.
    created: int
    #: When its lifetime was last extended.
    refreshed: int


class SessionStore(Protocol):
    """A store of sessions that several processes use at the same time.

    Each method is one atomic step on one session, and finishes in bounded time. The store may retry
    a step whose response is lost, and the retry must not change the result. Each method except
    `close` raises `StoreError` if the store fails. Then either the whole step is done, or nothing.
    """

    async def create(self, fields: Fields, *, lifetime: int, now: int) -> str:
        """Store a new session and return its random id (`new_session_id`).

        Args:
            fields: The content, which may be empty.
            lifetime: The milliseconds from now after which the session expires.
            now: The current time, in milliseconds since 1970.
        """

    async def read(self, session_id: str) -> StoredSession | None:
        """Return a session, or None if there is no such session."""

    async def write(
        self,
        session_id: str,
        changed: Fields,
        removed: Iterable[bytes],
        *,
        lifetime: int,
        now: int,
    ) -> WriteResult:
        """Change some fields of a session and extend its lifetime; never create a session.

        A session that loses its last key stays stored for up to a minute, so that a slower request
        can still add a key.

        Args:
            session_id: The session's id.
            changed: The fields to set.
            removed: The names of the fields to remove.
            lifetime: The milliseconds from now after which the session expires.
            now: The current time, in milliseconds since 1970.
        """

    async def delete(self, session_id: str) -> Fields | None:
        """Delete a session; return its last fields, or None if there is no such session."""

    async def ping(self) -> None:
        """Check that the store accepts everything that sessions need, including writes."""

    async def findings(self) -> list[Finding]:
        """Return what is unsafe about the store; an unreachable store is a finding too."""

    async def close(self) -> None:
        """Close the connections of the current event loop; later calls open new ones."""


def new_session_id() -> str:
    """Return a random id in the form that the cookie holds."""
    return secrets.token_urlsafe(ID_BYTES)


def is_session_id(value: str) -> bool:
    """Return whether a cookie's value has the form of a session id, known or not."""
    return _ID.fullmatch(value) is not None
