"""The session that a view uses, and what changed in it since it was read."""

import asyncio
import json
from datetime import timedelta
from enum import Enum
from typing import Any

from quart_session_demo.sessions.server.binding import Binding
from quart_session_demo.sessions.server.store import (
    Fields,
    StoredSession,
    WriteResult,
    store_key,
)
from quart_session_demo.sessions.server.stored_json import StoredJSON
from quart_session_demo.sessions.tracking import TrackedSession
from quart_session_demo.sessions.validators import validate_lifetime

#: The field with a session's own lifetime in milliseconds. No session key has a colon in front.
LIFETIME = b':lifetime'


class SessionState(Enum):
    """The state of a session, which determines what a save does; see `ServerSession`."""

    NEW = 'new'
    STORED = 'stored'
    CLEARED = 'cleared'
    GONE = 'gone'
    FAILED = 'failed'


class ServerSession(TrackedSession):
    """A session that is stored on a server; a view uses it as a dict.

    | state | meaning | what a save does |
    | --- | --- | --- |
    | `NEW` | not stored | creates it under a new id, if it holds anything |
    | `STORED` | stored under `id` | writes what changed; extends its lifetime if that is due |
    | `CLEARED` | stored, but `clear()` was called | deletes it, and creates another as in `NEW` |
    | `GONE` | another request deleted it, or it expired | drops all changes |
    | `FAILED` | `regenerate_session()` failed with `error` | raises `error` |

    A session begins as `NEW` or, if it was read, as `STORED`. `clear()` leads from `STORED` to
    `CLEARED`. A save and `regenerate_session()` lead from `NEW`, `STORED` and `CLEARED` to
    `STORED`, or to `NEW` if nothing is left to store. `GONE` and `FAILED` are final: after a
    failed login nothing may be stored under the old id.

    The cookie follows from `id` and `cookie_id`: after a save, a stored session gets a cookie if
    it changed, was extended or has another id, and a cookie without a stored session is deleted.

    Attributes:
        id: The id under which it is stored; None if it is not stored.
        cookie_id: The id in the request's cookie, if a session was stored under it.
        cookie: The value of that cookie.
        has_old_signature: Whether that cookie was signed with one of `SECRET_KEY_FALLBACKS`. Then
            the response sets it again, signed with the current key.
        created: When it was created, in milliseconds since 1970; 0 if it is not stored.
        refreshed: When its lifetime was last extended, in milliseconds since 1970.
        state: See the table.
        error: Why `regenerate_session()` failed; None in all states but `FAILED`.
        own_lifetime: Its own lifetime in milliseconds, or None if the settings determine it.
        binding: The user that it is bound to, or None.
        listed_until: The expiry time in the list of its user's sessions, in milliseconds since
            1970; it counts only if the session is bound.
        result: What the last save of this request did, which determines its cookie.
        lock: Held while the session is stored or read again: several tasks of a websocket may do so
            at the same time.
        saved: Whether Quart called `save_session` since the last teardown of a websocket context.
            This is not part of the state: a websocket is saved in any state, and again after
            each copy of its context is torn down.
    """

    saved = False
    result: WriteResult | None = None
    has_old_signature = False
    cookie = ''
    listed_until = 0
    _merged_size = 0

    def __init__(
        self,
        serializer: StoredJSON,
        session_id: str | None = None,
        stored: StoredSession | None = None,
    ) -> None:
        """Make a session, empty or as it was read from the store.

        Args:
            serializer: Encodes and decodes the values.
            session_id: The id of the stored session; None for a new one.
            stored: What the store holds under the id.

        Raises:
            ValueError: The fields do not hold a session.
        """
        self._serializer = serializer
        self.lock = asyncio.Lock()
        self.id = self.cookie_id = session_id
        self.error: Exception | None = None
        self.own_lifetime: int | None = None
        self.binding: Binding | None = None
        if stored is None:
            self.state = SessionState.NEW
            self._stored: Fields = {}
            self.created = self.refreshed = 0
            super().__init__()
            return
        self.state = SessionState.STORED
        self._stored, self.created, self.refreshed = stored[:3]
        super().__init__(serializer.decode_fields(_content(stored.fields)))
        self.own_lifetime = _decode_lifetime(stored.fields)
        self.binding = Binding.decode(stored.fields)

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes of a copy, which has a lock of its own."""
        return {**super().__getstate__(), 'lock': asyncio.Lock()}

    @property
    def key(self) -> str | None:
        """The key under which it is stored; None if it is not stored."""
        return None if self.id is None else store_key(self.id)

    @property
    def stored_user_key(self) -> str | None:
        """The key by which the store finds it among its user's sessions; None if it has no user."""
        stored = Binding.decode(self._stored)
        return None if stored is None else stored.user_key

    @property
    def has_new_id(self) -> bool:
        """Whether it is stored under another id than the one in the request's cookie."""
        return self.id is not None and self.id != self.cookie_id

    @property
    def lifetime(self) -> timedelta | None:
        """How long this session lasts without use; None if the settings determine it."""
        self.mark_used()
        return None if self.own_lifetime is None else timedelta(milliseconds=self.own_lifetime)

    @lifetime.setter
    def lifetime(self, value: timedelta | None) -> None:
        if not isinstance(value, timedelta | None):
            raise TypeError(f'lifetime is of type {type(value).__name__}: set it to a timedelta')
        if value is not None and validate_lifetime(value):
            raise ValueError(
                f'lifetime is {value}: set it to a timedelta of at least a millisecond, which is '
                'over before the year 9999'
            )
        self.mark_used()
        self.own_lifetime = None if value is None else round(value.total_seconds() * 1000)
        self.modified = True

    def clear(self) -> None:
        """Delete the session; values that are set later become a new session with a new id."""
        if self.state is SessionState.STORED:
            self.state = SessionState.CLEARED
        self.own_lifetime = self.binding = None
        # The lifetime of the new session begins when it is stored.
        self.created = self.refreshed = 0
        super().clear()

    @property
    def has_content(self) -> bool:
        """Whether there is anything to store.

        A session that is only permanent has no content. An app that makes every session permanent
        would otherwise store one for each request without a cookie.
        """
        has_attributes = self.own_lifetime is not None or self.binding is not None
        return has_attributes or not self.untracked_keys <= {'_permanent'}

    def encode_fields(self) -> Fields:
        """Return the fields that hold the session's current content; empty if it has none.

        Raises:
            UnstorableValue: A value cannot be stored.
        """
        if not self.has_content:
            return {}
        fields = self._serializer.encode_fields(self.untracked_content())
        if self.own_lifetime is not None:
            fields[LIFETIME] = b'%d' % self.own_lifetime
        if self.binding is not None:
            fields |= self.binding.encode()
        return fields

    @property
    def stored_size(self) -> int:
        """The bytes that are stored or were merged; 0 if it is not stored, or was cleared."""
        if self.state is not SessionState.STORED:
            return 0
        return fields_size(self._stored) + self._merged_size

    def changed_fields(self, fields: Fields) -> tuple[Fields, set[bytes]]:
        """Return the fields to set, also for changes inside values, and the names to remove.

        Args:
            fields: The current content, from `encode_fields`.
        """
        changed = {name: value for name, value in fields.items() if self._stored.get(name) != value}
        return changed, self._stored.keys() - fields.keys()

    def mark_stored(self, session_id: str | None, fields: Fields) -> None:
        """Record that the session was stored under a new id, or not at all if that is None."""
        self.id = session_id
        self.result = None
        self._stored = fields
        self.state = SessionState.NEW if session_id is None else SessionState.STORED

    def mark_written(self, changed: Fields, removed: set[bytes], refreshed: int) -> None:
        """Record that changes were written, and from when the lifetime counts."""
        self._stored.update(changed)
        for name in removed:
            self._stored.pop(name, None)
        self.refreshed = refreshed
        self._merged_size = 0

    def mark_gone(self) -> None:
        """Become empty, because another request deleted the session; nothing is stored any more."""
        self.mark_used()
        dict.clear(self)
        self.own_lifetime = self.binding = None
        self._stored = {}
        self.modified = False
        self.state = SessionState.GONE

    def read_again(self, stored: StoredSession, changed: Fields, removed: set[bytes]) -> None:
        """Take over what a store holds now, except what this request changed.

        Args:
            stored: What the store holds.
            changed: The fields that this request set.
            removed: The names that this request removed.

        Raises:
            ValueError: The fields do not hold a session. Nothing is changed then.
        """
        binding = Binding.decode(stored.fields)
        self.merge(stored.fields, changed, removed)
        self.binding = binding
        self._stored, self.created, self.refreshed = stored[:3]
        self._merged_size = 0
        if self.result is WriteResult.EMPTIED:
            self.result = None

    def mark_revoked(self) -> None:
        """Become empty, because this request deleted it; what is set later is a new session."""
        self.clear()
        self.mark_stored(None, {})

    def mark_failed(self, error: Exception) -> None:
        """Record that the session could not get another id."""
        self.error = error
        self.state = SessionState.FAILED

    def merge(
        self, latest: Fields, changed: Fields, removed: set[bytes]
    ) -> tuple[Fields, set[bytes]]:
        """Add what other requests stored since this one read it, except where this one changed it.

        Args:
            latest: The fields that the store held last.
            changed: The fields that this request set.
            removed: The names that this request removed.

        Returns:
            The fields that other requests set, and the names that they removed.

        Raises:
            ValueError: A field does not hold a value. Nothing is added then.
        """
        changed_elsewhere = {
            name
            for name in self._stored.keys() | latest.keys()
            if latest.get(name) != self._stored.get(name)
            # The user of a session never changes; when it was last used is stored again.
            and (name == LIFETIME or not name.startswith(b':'))
        }
        changed_elsewhere -= changed.keys() | removed
        added = {name: latest[name] for name in changed_elsewhere & latest.keys()}
        # Not with methods that record a change: this request changed nothing.
        self.mark_used()
        dict.update(self, self._serializer.decode_fields(_content(added)))
        if LIFETIME in changed_elsewhere:
            self.own_lifetime = _decode_lifetime(latest)
        # The store accepted each part: both together may exceed the limit.
        self._merged_size = fields_size(added)
        removed_elsewhere = changed_elsewhere - latest.keys()
        for name in removed_elsewhere - {LIFETIME}:
            dict.pop(self, json.loads(name))
        return added, removed_elsewhere


def fields_size(fields: Fields) -> int:
    """Return the size of a session: the bytes of the names and values of its fields."""
    return sum(map(len, fields)) + sum(map(len, fields.values()))


def _content(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if not name.startswith(b':')}


def _decode_lifetime(fields: Fields) -> int | None:
    try:
        return int(fields[LIFETIME]) if LIFETIME in fields else None
    except ValueError:
        # Without the error itself, whose message holds a stored value.
        raise ValueError('the stored fields do not hold a lifetime') from None
