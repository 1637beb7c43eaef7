"""A session store in one SQLite file: an example of a store of your own."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server import store
from quart_session_demo.sessions.server.store import Fields, Names, StoredSession, WriteResult

T = TypeVar('T')


class FileStore:
    """Sessions in one SQLite file, which any number of processes may use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1)  # The event loop must not wait for the file.

    async def create(self, fields: Fields, *, lifetime: int, now: int) -> str:
        session_id = store.new_session_id()
        await self._run(lambda db: _put(db, session_id, fields, now, now, now + lifetime, None))
        return session_id

    async def read(self, session_id: str) -> StoredSession | None:
        return await self._run(lambda db: _get(db, session_id))

    async def write(
        self, session_id: str, changed: Fields, removed: Names, *, lifetime: int, refreshed: int
    ) -> WriteResult:
        def step(db: sqlite3.Connection) -> WriteResult:
            if (stored := _get(db, session_id)) is None:
                return WriteResult.GONE
            fields = {n: v for n, v in (stored.fields | changed).items() if n not in removed}
            key, now = store.store_key(session_id), store.current_time()
            [[expires]] = db.execute('SELECT expires FROM sessions WHERE key = ?', [key])
            # Later times stay, which another request has set meanwhile.
            longest, latest = max(expires, now + lifetime), max(stored.refreshed, refreshed)
            expires = longest if fields else now + min(lifetime, store.EMPTIED_LIFETIME)
            _put(db, session_id, fields, stored.created, latest, expires, None)
            return WriteResult.SAVED if fields else WriteResult.EMPTIED

        return await self._run(step)

    async def delete(self, session_id: str, token: bytes) -> Fields | None:
        def step(db: sqlite3.Connection) -> Fields | None:
            if stored := _get(db, session_id, token):
                _put(db, session_id, *stored, store.current_time() + store.DELETED_LIFETIME, token)
            return stored and stored.fields  # Only a repeated call finds them now, for a while.

        return await self._run(step)

    async def ping(self) -> None:
        await self.create({}, lifetime=1000, now=store.current_time())

    async def findings(self) -> list[Finding]:
        try:
            await self.ping()
        except store.StoreError as error:
            return [Finding('file-unusable', 'error', str(error), 'Let the app write the file')]
        return []

    async def close(self) -> None: ...  # Each step closes its connection.

    async def _run(self, step: Callable[[sqlite3.Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._transaction, step)

    def _transaction(self, step: Callable[[sqlite3.Connection], T]) -> T:
        try:
            # `with db` commits, or rolls everything back after an error.
            with closing(sqlite3.connect(self._path, timeout=5, isolation_level=None)) as db, db:
                db.execute('BEGIN IMMEDIATE')  # No other process writes until the commit.
                db.execute(f'CREATE TABLE IF NOT EXISTS sessions ({COLUMNS})')
                return step(db)
        except (sqlite3.Error, ValueError) as error:
            raise store.StoreError(f'The session file cannot be used: {error}') from None


COLUMNS = 'key PRIMARY KEY, fields, created, refreshed, expires, token'
FIND = 'SELECT * FROM sessions WHERE key = ? AND expires > ? AND (token IS NULL OR token = ?)'


def _get(db: sqlite3.Connection, session_id: str, token: bytes = b'') -> StoredSession | None:
    values = store.store_key(session_id), store.current_time(), token
    for _, fields, created, refreshed, *_ in db.execute(FIND, values):
        items = json.loads(fields).items()
        return StoredSession({n.encode(): v.encode() for n, v in items}, created, refreshed)
    return None


def _put(db: sqlite3.Connection, session_id: str, fields: Fields, *values: Any) -> None:
    text = json.dumps({name.decode(): value.decode() for name, value in fields.items()})
    row = (store.store_key(session_id), text, *values)
    db.execute('DELETE FROM sessions WHERE expires <= ?', [store.current_time()])
    db.execute('REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)', row)
