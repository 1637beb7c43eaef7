"""A session store in one SQLite file: an example of a store of your own."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server import store
from quart_session_demo.sessions.server.store import Fields, Names, StoredSession, WriteResult

T = TypeVar('T')


class FileStore:
    """Sessions in one SQLite file, which any number of processes may use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1)  # The event loop must not wait for the file.

    async def create(
        self, fields: Fields, *, lifetime: int, now: int, user_key: str | None = None
    ) -> str:
        session_id = store.new_session_id()
        row = store.store_key(session_id), user_key, _encode(fields), now, now, now + lifetime, None

        def step(db: sqlite3.Connection) -> None:
            db.execute('DELETE FROM sessions WHERE expires <= ?', [now])
            db.execute('INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)', row)

        await self._run(step)
        return session_id

    async def read(self, key: str) -> StoredSession | None:
        return await self._run(lambda db: _find(db, 'key', key).get(key))

    async def read_many(self, keys: Sequence[str]) -> list[StoredSession | None]:
        found = await self._run(lambda db: [_find(db, 'key', key).get(key) for key in keys])
        return [stored and stored.without_content() for stored in found]

    async def read_user(self, user_key: str) -> dict[str, StoredSession]:
        found = await self._run(lambda db: _find(db, 'user_key', user_key))
        return {key: stored.without_content() for key, stored in found.items()}

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
        def step(db: sqlite3.Connection) -> WriteResult:
            if (stored := _find(db, 'key', key).get(key)) is None:
                return WriteResult.GONE
            fields = {n: v for n, v in (stored.fields | changed).items() if n not in removed}
            now = store.current_time()
            db.execute(WRITE, [_encode(fields), refreshed, now + lifetime, key])
            if fields:
                return WriteResult.SAVED
            db.execute(EXPIRE, [now + min(lifetime, store.EMPTIED_LIFETIME), None, key])
            return WriteResult.EMPTIED

        return await self._run(step)

    async def delete(self, key: str, token: bytes, *, user_key: str | None = None) -> Fields | None:
        def step(db: sqlite3.Connection) -> Fields | None:
            if stored := _find(db, 'key', key, token).get(key):
                db.execute(EXPIRE, [store.current_time() + store.DELETED_LIFETIME, token, key])
            return stored and stored.fields  # Only a repeated call finds them now, for a while.

        return await self._run(step)

    async def count(self) -> int:
        found = await self._run(lambda db: _find(db, '1', 1))
        return sum(bool(stored.fields) for stored in found.values())

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


COLUMNS = 'key PRIMARY KEY, user_key, fields, created, refreshed, expires, token'
FIND = """SELECT key, fields, created, refreshed FROM sessions
    WHERE expires > ? AND (token IS NULL OR token = ?) AND """
# Later times stay, which another request has set meanwhile.
WRITE = """UPDATE sessions SET fields = ?, refreshed = max(refreshed, ?), expires = max(expires, ?)
    WHERE key = ?"""
EXPIRE = 'UPDATE sessions SET expires = ?, token = ? WHERE key = ?'


def _find(
    db: sqlite3.Connection, column: str, value: str | int, token: bytes = b''
) -> dict[str, StoredSession]:
    rows = db.execute(f'{FIND} {column} = ?', [store.current_time(), token, value])
    return {key: StoredSession(_decode(text), *times) for key, text, *times in rows}


def _encode(fields: Fields) -> str:
    return json.dumps({name.decode(): value.decode() for name, value in fields.items()})


def _decode(text: str) -> Fields:
    return {name.encode(): value.encode() for name, value in json.loads(text).items()}
