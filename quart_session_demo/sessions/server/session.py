"""The session that a view sees, and what changed in it since it was read."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from quart_session_demo.sessions.base import TrackedSession
from quart_session_demo.sessions.serializer import SessionJSON
from quart_session_demo.sessions.server.redis.scripts import CREATED, REFRESHED
from quart_session_demo.sessions.server.store import Fields

_JSON = SessionJSON()


class RedisSession(TrackedSession):
    """A session in Redis; it is a dict like any other."""

    # Whether clear() ended it, so that what is set afterwards begins another session.
    cleared = False
    # Whether it got, or is to get, another id.
    replaced = False
    # Whether it ended elsewhere while this request ran, so that nothing of it is saved.
    lost = False
    # Why it could not get another id, so that nothing is saved, for the login is under the old one.
    error: Exception | None = None
    # Whether Quart had it saved; it does not when a websocket's client closes first.
    saved = False

    def __init__(self, session_id: str | None = None, stored: Mapping[bytes, bytes] = {}) -> None:
        """Make a session of what Redis holds.

        Args:
            session_id: Its id, or None while it has none.
            stored: Its fields.

        Raises:
            ValueError: The fields are no session's.
        """
        self.id = session_id
        self.stored = dict(stored)
        self.created = 0
        self.refreshed = 0
        if session_id is None:
            super().__init__()
            return
        try:
            self.created = int(self.stored.pop(CREATED))
            self.refreshed = int(self.stored.pop(REFRESHED))
            super().__init__(_decode(self.stored))
        # A tag may raise anything on a value that it did not make.
        except Exception:
            raise ValueError('not a session') from None
        self.modified = False

    def clear(self) -> None:
        """End the session; what is set afterwards begins another one, with an id of its own."""
        self.cleared = True
        super().clear()

    def encoded(self) -> Fields:
        """Return the fields that hold what is in the session now.

        Raises:
            TypeError: Something in it cannot be stored; just what a signed cookie cannot hold.
        """
        return _encode(dict.copy(self))

    def changes(self) -> tuple[Fields, set[bytes]]:
        """Return the fields to set, changes inside values among them, and those to remove."""
        fields = self.encoded()
        changed = {name: text for name, text in fields.items() if self.stored.get(name) != text}
        return changed, self.stored.keys() - fields.keys()

    def note_saved(self, changed: Fields, removed: set[bytes], now: int) -> None:
        """Take note of what Redis was told."""
        self.stored.update(changed)
        for name in removed:
            self.stored.pop(name, None)
        self.refreshed = now

    def take_over(self, latest: Fields, changed: Fields, removed: set[bytes]) -> None:
        """Add what others saved since this was read, where it was not changed here.

        Args:
            latest: The fields that Redis held last.
            changed: What was set here.
            removed: What was removed here.
        """
        others = {
            name
            for name in self.stored.keys() | latest.keys()
            if latest.get(name) != self.stored.get(name)
        }
        others -= {CREATED, REFRESHED, *changed, *removed}
        self.update(_decode({name: latest[name] for name in others & latest.keys()}))
        for name in others - latest.keys():
            self.pop(json.loads(name))


def _encode(values: Mapping[Any, Any]) -> Fields:
    fields = {}
    for key, value in values.items():
        if not isinstance(key, str):
            # What JSON makes of it in a cookie.
            [key] = json.loads(json.dumps({key: None}))
        fields[json.dumps(key).encode()] = _JSON.dumps(value).encode()
    return fields


def _decode(fields: Mapping[bytes, bytes]) -> dict[str, Any]:
    # All at once: for small values a call costs more than its work.
    names = json.loads(_array(fields))
    return dict(zip(names, _JSON.loads(_array(fields.values())), strict=True))


def _array(texts: Iterable[bytes]) -> str:
    return f'[{b",".join(texts).decode()}]'
