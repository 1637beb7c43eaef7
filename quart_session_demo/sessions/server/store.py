"""The interface of session stores, and what every store needs: new ids, keys and tokens."""

import hashlib
import json
import secrets
import time
from collections.abc import Collection, Sequence
from enum import Enum
from typing import NamedTuple, Protocol, Self, runtime_checkable

from quart_session_demo.sessions.base import Finding

#: A session as it is stored: a value by its name. Both are JSON in ASCII. A name is a key of the
#: session in quotation marks, or a word with a colon in front, so that a store's own names cannot
#: be equal to one.
Fields = dict[bytes, bytes]
#: The names of some fields.
Names = Collection[bytes]
#: The fields about the user and the lifetime of a session. All others are its content.
ATTRIBUTES = (
    b':user',
    b':last-used',
    b':user-agent',
    b':client',
    b':lifetime',
    b'"_permanent"',
)

#: 256 bits. OWASP ASVS 5.0, 7.2.3, requires at least 128.
ID_BYTES = 32
#: The length of a key, see `store_key`.
KEY_LENGTH = 64
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
    #: Whether it is known to have no fields, if `fields` has only the `ATTRIBUTES`.
    is_empty: bool = False

    def without_content(self) -> Self:
        """Return it with its `ATTRIBUTES` only."""
        fields = {name: self.fields[name] for name in ATTRIBUTES if name in self.fields}
        return self._replace(fields=fields, is_empty=self.is_empty or not self.fields)


class SessionStore(Protocol):
    """A store of sessions, which several processes and requests use at the same time.

    `ServerSessionInterface` relies on these promises:

    - `create`, `read`, `write` and `delete` are each one atomic step on one session. Steps on the
      same session by any number of processes give the same result as one after another.
    - `write` changes only the fields that it is given. Two requests that change different fields
      are both stored.
    - Only `create` makes a session, with a new id. A deleted session stays deleted: `write` and
      `read` do not find it any more.
    - A session that has expired is not found, and is deleted at some time.
    - `read_user` finds each session that was created with a `user_key`, from before `create`
      returns its id until it is deleted or has expired.
    - A method ends in bounded time. It raises `StoreError` if the store fails. Then either the
      whole step is done, or nothing.
    - A store may repeat a step if the connection breaks before the response. A repeated step must
      not change the result: see `create` and `delete`.

    All methods but `create` get a key: `store_key(session_id)`, not the id. A store should hold
    only keys, so that nobody who reads the store, or a backup, can use it to make a cookie.
    """

    async def create(
        self, fields: Fields, *, lifetime: int, now: int, user_key: str | None = None
    ) -> str:
        """Store a new session and return its random id (`new_session_id`).

        If the step is repeated, use a new id: the first attempt may still be done, later.

        Args:
            fields: The content, which may be empty.
            lifetime: The milliseconds from now after which the session expires.
            now: The current time, in milliseconds since 1970.
            user_key: The key by which `read_user` finds the session, or None. It never changes.
        """

    async def read(self, key: str) -> StoredSession | None:
        """Return a session, or None if there is no such session."""

    async def read_many(self, keys: Sequence[str]) -> list[StoredSession | None]:
        """Return the sessions with these keys, in this order, with as few steps as possible.

        Without their content, which may be large: only with the `ATTRIBUTES`, and `is_empty`.
        """

    async def read_user(self, user_key: str) -> dict[str, StoredSession]:
        """Return the sessions that were created with a `user_key`, by their keys; see `read_many`.

        It returns none only if the user had none at some moment during the call. So it does not
        miss a session that replaces another: the new one is created before the old one is deleted.
        """

    async def write(
        self,
        key: str,
        changed: Fields,
        removed: Names,
        *,
        lifetime: int,
        refreshed: int,
        user_key: str | None = None,
    ) -> WriteResult:
        """Change some fields of a session and extend its lifetime; never create a session.

        If a later expiry time or a later `refreshed` is stored, it stays: another request has set
        it meanwhile. Whoever reads the session computes again whether it has expired.

        A session that loses its last field stays stored for `EMPTIED_LIFETIME` at most, so that a
        slower request can still add a field.

        Args:
            key: The session's key.
            changed: The fields to set.
            removed: The names of the fields to remove.
            lifetime: The milliseconds from now after which the session expires. 0 leaves the expiry
                time of a session with fields as it is.
            refreshed: The time to record as the last extension, in milliseconds since 1970. It is
                in the past if the request does not extend the session.
            user_key: The one that `create` was given, if the expiry time may change. A store that
                finds the sessions of a user in an index updates the index first.
        """

    async def delete(self, key: str, token: bytes, *, user_key: str | None = None) -> Fields | None:
        """Delete a session; return its last fields, or None if there is no such session.

        A repeated call must know its own work: if the first attempt was done, but its response was
        lost, the second one gets the fields too. So the store holds the fields of a deleted session
        with the token for at least as long as it may repeat the step. A call with the same token
        gets them, and a call with another token gets None.

        Args:
            key: The session's key.
            token: A random value for this deletion (`new_token`).
            user_key: The one that `create` was given. A store that finds the sessions of a user in
                an index removes the session there last.
        """

    async def count(self) -> int:
        """Return about how many sessions with fields are stored."""

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
        """Create the tables that are missing, and add the columns that older versions had not.

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


def user_key(user: str) -> str:
    """Return the key by which a store finds a user's sessions: the SHA-256 of the name as JSON.

    Raises:
        TypeError: The user is not a string.
        ValueError: The user is an empty string.
    """
    if not isinstance(user, str):
        raise TypeError(f'user is of type {type(user).__name__}: use a string, such as str(user)')
    if not user:
        raise ValueError('user is empty: use a non-empty string')
    # JSON in ASCII, because a string may have characters that UTF-8 has not.
    return hashlib.sha256(json.dumps(user).encode()).hexdigest()
