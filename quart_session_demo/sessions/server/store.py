"""The interface of session stores, and what every store needs: new ids, keys and tokens."""

import hashlib
import secrets
import time
from collections.abc import Collection
from enum import Enum
from typing import NamedTuple, Protocol, runtime_checkable

from quart_session_demo.sessions.base import Finding

#: A session as it is stored: a value by its name. Both are JSON in ASCII. A name is a key of the
#: session in quotation marks, or a word with a colon in front, so that a store's own names cannot
#: be equal to one.
Fields = dict[bytes, bytes]
#: The names of some fields.
Names = Collection[bytes]

#: 256 bits. OWASP ASVS 5.0, 7.2.3, requires at least 128.
ID_BYTES = 32
#: How long a session without fields stays, in milliseconds.
EMPTIED_LIFETIME = 60_000
#: How long the fields of a deleted session stay, in milliseconds, if a store repeats no step later.
DELETED_LIFETIME = 1_000


class StoreError(Exception):
    """Raised if a store is down, hung or full, or holds other data.

    The message is written to the log: it shows no stored value, no id and no password.
    """


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
    """A store of sessions, which several processes and requests use at the same time.

    `ServerSessionInterface` relies on these promises:

    - Each method is one atomic step on one session. Steps on the same session by any number of
      processes give the same result as one after another.
    - `write` changes only the fields that it is given. Two requests that change different fields
      are both stored.
    - Only `create` makes a session, with a new id. A deleted session stays deleted: `write` and
      `read` do not find it any more.
    - A session that has expired is not found, and is deleted at some time.
    - A method ends in bounded time. It raises `StoreError` if the store fails. Then either the
      whole step is done, or nothing.
    - A store may repeat a step if the connection breaks before the response. A repeated step must
      not change the result: see `create` and `delete`.

    A store should hold `store_key(session_id)` and not the id, so that nobody who reads the store,
    or a backup, can use it to make a cookie.
    """

    async def create(self, fields: Fields, *, lifetime: int, now: int) -> str:
        """Store a new session and return its random id (`new_session_id`).

        If the step is repeated, use a new id: the first attempt may still be done, later.

        Args:
            fields: The content, which may be empty.
            lifetime: The milliseconds from now after which the session expires.
            now: The current time, in milliseconds since 1970.
        """

    async def read(self, session_id: str) -> StoredSession | None:
        """Return a session, or None if there is no such session."""

    async def write(
        self, session_id: str, changed: Fields, removed: Names, *, lifetime: int, refreshed: int
    ) -> WriteResult:
        """Change some fields of a session and extend its lifetime; never create a session.

        If a later expiry time or a later `refreshed` is stored, it stays: another request has set
        it meanwhile. Whoever reads the session computes again whether it has expired.

        A session that loses its last field stays stored for `EMPTIED_LIFETIME` at most, so that a
        slower request can still add a field.

        Args:
            session_id: The session's id.
            changed: The fields to set.
            removed: The names of the fields to remove.
            lifetime: The milliseconds from now after which the session expires.
            refreshed: The time to record as the last extension, in milliseconds since 1970. It is
                in the past if the request does not extend the session.
        """

    async def delete(self, session_id: str, token: bytes) -> Fields | None:
        """Delete a session; return its last fields, or None if there is no such session.

        A repeated call must know its own work: if the first attempt was done, but its response was
        lost, the second one gets the fields too. So the store holds the fields of a deleted session
        with the token for at least as long as it may repeat the step. A call with the same token
        gets them, and a call with another token gets None.

        Args:
            session_id: The session's id.
            token: A random value for this deletion (`new_token`).
        """

    async def ping(self) -> None:
        """Check that the store accepts everything that sessions need, including writes."""

    async def findings(self) -> list[Finding]:
        """Return what is unsafe about the store; an unreachable store is a finding too."""

    async def close(self) -> None:
        """Close the connections of the current event loop; later calls open new ones."""


@runtime_checkable
class TableStore(SessionStore, Protocol):
    """A store in a database, whose tables and expired rows have commands."""

    async def create_tables(self) -> None:
        """Create the tables that are missing; change none that exists.

        Raises:
            StoreError: The database failed, or refused.
        """

    async def delete_expired(self) -> int:
        """Delete the rows of sessions that have expired, and return how many.

        Raises:
            StoreError: The database failed.
        """


def current_time() -> int:
    """Return the current time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def new_session_id() -> str:
    """Return a random session id."""
    return secrets.token_urlsafe(ID_BYTES)


def new_token() -> bytes:
    """Return a random token for one deletion."""
    return secrets.token_bytes(16)


def store_key(session_id: str) -> str:
    """Return the key under which a store holds a session: the SHA-256 of its id, in hexadecimal."""
    return hashlib.sha256(session_id.encode()).hexdigest()
