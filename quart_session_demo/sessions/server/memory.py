"""The session store in the memory of one process, for tests and examples."""

from collections.abc import Sequence
from dataclasses import dataclass

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.store import (
    DELETED_LIFETIME,
    EMPTIED_LIFETIME,
    Fields,
    Names,
    StoredSession,
    WriteResult,
    current_time,
    new_session_id,
    store_key,
)

IN_MEMORY = Finding(
    'memory-store',
    'error',
    'Sessions are stored in memory: a restart loses them, and other processes do not have them',
    'Store them in Redis or in a database',
)
#: All findings about sessions in memory.
FINDINGS = (IN_MEMORY,)
#: How often expired sessions are deleted, in milliseconds.
CLEANUP_INTERVAL = 60_000


@dataclass
class _Entry:
    fields: Fields
    created: int
    refreshed: int
    expires: int
    user_key: str | None
    # The token of the call that deleted the session.
    token: bytes | None = None


class MemoryStore:
    """The session store in memory; `SessionStore` documents the methods.

    Each process has its own sessions, and loses them when it ends. No method waits for anything,
    so each is one atomic step.
    """

    def __init__(self) -> None:
        """Make an empty store."""
        self._entries: dict[str, _Entry] = {}
        self._next_cleanup = 0

    def __len__(self) -> int:
        """Return the number of sessions in memory, with those that were not cleaned up yet."""
        return len(self._entries)

    async def create(
        self, fields: Fields, *, lifetime: int, now: int, user_key: str | None = None
    ) -> str:
        """Store a new session and return its random id."""
        self._clean_up()
        session_id = new_session_id()
        entry = _Entry(dict(fields), now, now, now + lifetime, user_key)
        self._entries[store_key(session_id)] = entry
        return session_id

    async def read(self, key: str) -> StoredSession | None:
        """Return a session, or None if there is no such session."""
        entry = self._find(key)
        if entry is None:
            return None
        return StoredSession(dict(entry.fields), entry.created, entry.refreshed)

    async def read_many(self, keys: Sequence[str]) -> list[StoredSession | None]:
        """Return the sessions with these keys, in this order."""
        return [self._read_attributes(key) for key in keys]

    async def read_user(self, user_key: str) -> dict[str, StoredSession]:
        """Return the sessions that were created with a `user_key`, by their keys."""
        keys = [key for key, entry in self._entries.items() if entry.user_key == user_key]
        return {key: stored for key in keys if (stored := self._read_attributes(key)) is not None}

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
        """Change some fields of a session and extend its lifetime; never create a session."""
        entry = self._find(key)
        if entry is None:
            return WriteResult.GONE
        entry.fields.update(changed)
        for name in removed:
            entry.fields.pop(name, None)
        now = current_time()
        entry.refreshed = max(entry.refreshed, refreshed)
        if entry.fields:
            entry.expires = max(entry.expires, now + lifetime)
            return WriteResult.SAVED
        entry.expires = now + min(lifetime, EMPTIED_LIFETIME)
        return WriteResult.EMPTIED

    async def delete(self, key: str, token: bytes, *, user_key: str | None = None) -> Fields | None:
        """Delete a session; return its last fields, or None if there is no such session."""
        entry = self._find(key, token)
        if entry is None:
            return None
        if entry.token is None:
            entry.token = token
            entry.expires = current_time() + DELETED_LIFETIME
        return dict(entry.fields)

    async def count(self) -> int:
        """Return how many sessions are stored."""
        found = (self._find(key) for key in self._entries)
        return sum(entry is not None and bool(entry.fields) for entry in found)

    async def ping(self) -> None:
        """Do nothing: memory is always there."""

    async def findings(self) -> list[Finding]:
        """Return that this store is not for production, where it is an error at the start."""
        return [IN_MEMORY]

    async def close(self) -> None:
        """Do nothing: the sessions stay until the process ends."""

    def _read_attributes(self, key: str) -> StoredSession | None:
        entry = self._find(key)
        if entry is None:
            return None
        return StoredSession(entry.fields, entry.created, entry.refreshed).without_content()

    def _find(self, key: str, token: bytes | None = None) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None or entry.expires <= current_time():
            return None
        return entry if entry.token in (None, token) else None

    def _clean_up(self) -> None:
        now = current_time()
        if now < self._next_cleanup:
            return
        self._next_cleanup = now + CLEANUP_INTERVAL
        for key in [key for key, entry in self._entries.items() if entry.expires <= now]:
            del self._entries[key]
