"""The session store in a SQL database: a row for each session, and a statement for each step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from quart import Quart
from sqlalchemy import URL, Connection, Executable

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.loops import LoopResources
from quart_session_demo.sessions.server.sql.checks import unreachable
from quart_session_demo.sessions.server.sql.cleanup import Cleanup, delete_expired
from quart_session_demo.sessions.server.sql.steps import SQLSteps
from quart_session_demo.sessions.server.sql.url import parse_database
from quart_session_demo.sessions.server.store import (
    EMPTIED_LIFETIME,
    Fields,
    Names,
    StoredSession,
    StoreError,
    WriteResult,
    current_time,
    new_session_id,
    store_key,
)
from quart_session_demo.sessions.settings import KEY_PREFIX, SQL_SETTINGS, complete_settings

#: How many sessions one statement reads.
READ_BATCH = 500


class SQLStore:
    """The session store in SQLite or PostgreSQL; `SessionStore` documents the methods.

    The table is created when it is missing. Each process deletes expired rows about once a minute.
    """

    def __init__(self, url: str, *, prefix: str = 'session:', timeout: float = 2.0) -> None:
        """Check the URL; connect to nothing.

        Args:
            url: `sqlite:///` with the path of a file, or `postgresql://`.
            prefix: The first part of all keys.
            timeout: The seconds for each of two attempts, connecting included.

        Raises:
            ValueError: The URL is invalid, or the file cannot be used. The message does not show
                the URL, which may hold a password.
        """
        self._steps = SQLSteps(parse_database(url, timeout=timeout), timeout=timeout)
        self._prefix = prefix
        self._statements = self._steps.database.statements
        self._cleanup = LoopResources(lambda: Cleanup(self._steps), Cleanup.stop)
        # A deletion may be repeated until both attempts are over, and the server may execute each
        # of them as late again.
        self._tombstone_milliseconds = round(4 * timeout * 1000)

    @classmethod
    def from_config(cls, app: Quart) -> Self:
        """Return the store that an app's settings describe.

        Raises:
            ValueError: A setting is wrong. The message names it, the problem and what to do.
        """
        complete_settings(app.config, (*SQL_SETTINGS, KEY_PREFIX))
        # Otherwise, an app that used Flask-Session would store its sessions in SQLite, unnoticed.
        if app.config.get('SESSION_SQLALCHEMY') is not None:
            raise ValueError(
                'SESSION_SQLALCHEMY is not used: remove it, and set SESSION_SQLALCHEMY_URL'
            )
        url = app.config['SESSION_SQLALCHEMY_URL']
        if url is None:
            path = str(Path(app.instance_path, 'sessions.db'))
            url = URL.create('sqlite+aiosqlite', database=path).render_as_string()
        return cls(
            url,
            prefix=app.config['SESSION_KEY_PREFIX'],
            timeout=app.config['SESSION_SQLALCHEMY_TIMEOUT'],
        )

    async def create(
        self, fields: Fields, *, lifetime: int, now: int, user_key: str | None = None
    ) -> str:
        """Store a new session and return its random id."""
        # This store has no rows to delete before.
        await self._cleanup.get()
        values = {
            'fields': _to_json(fields),
            'created': now,
            'refreshed': now,
            'expires': now + lifetime,
            'user_key': None if user_key is None else self._prefix + user_key,
        }

        def attempt(connection: Connection) -> str:
            # A new id for each attempt: the database may execute the first attempt late.
            session_id = new_session_id()
            key = self._prefix + store_key(session_id)
            connection.execute(self._statements.insert, {**values, 'key': key})
            return session_id

        return await self._steps.write(attempt)

    async def read(self, key: str) -> StoredSession | None:
        """Return a session, or None if there is no such session."""
        values = {'key_': self._prefix + key, 'time': current_time()}

        def attempt(connection: Connection) -> StoredSession | None:
            result = connection.execute(self._statements.read, values)
            row = result.one_or_none()
            return None if row is None else StoredSession(_from_json(row[0]), row[1], row[2])

        with _only_sessions():
            return await self._steps.read(attempt)

    async def read_many(self, keys: Sequence[str]) -> list[StoredSession | None]:
        """Return the sessions with these keys, in this order: one step for `READ_BATCH` of them."""
        found: dict[str, StoredSession] = {}
        for start in range(0, len(keys), READ_BATCH):
            batch = [self._prefix + key for key in keys[start : start + READ_BATCH]]
            values = {'keys': batch, 'time': current_time()}
            found |= await self._read_rows(self._statements.read_many, values)
        return [found.get(key) for key in keys]

    async def read_user(self, user_key: str) -> dict[str, StoredSession]:
        """Return the sessions that were created with a `user_key`, by their keys."""
        values = {'user_key_': self._prefix + user_key, 'time': current_time()}
        return await self._read_rows(self._statements.read_user, values)

    async def _read_rows(
        self, statement: Executable, values: dict[str, Any]
    ) -> dict[str, StoredSession]:
        def attempt(connection: Connection) -> dict[str, StoredSession]:
            return {
                key.removeprefix(self._prefix): StoredSession(_from_json(fields or {}), *rest)
                for key, fields, *rest in connection.execute(statement, values)
            }

        with _only_sessions():
            return await self._steps.read(attempt)

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
        now = current_time()
        patch: dict[str, str | None] = {**_to_json(changed)}
        patch.update((name.decode(), None) for name in removed)
        values = {
            'key_': self._prefix + key,
            'time': now,
            'patch': patch,
            'adds': any(value is not None for value in patch.values()),
            'new_refreshed': refreshed,
            'new_expires': now + lifetime,
            'emptied_expires': now + min(lifetime, EMPTIED_LIFETIME),
        }

        def attempt(connection: Connection) -> WriteResult:
            result = connection.execute(self._statements.write, values)
            match result.scalar_one_or_none():
                case None:
                    return WriteResult.GONE
                case is_empty:
                    return WriteResult.EMPTIED if is_empty else WriteResult.SAVED

        return await self._steps.write(attempt)

    async def delete(self, key: str, token: bytes, *, user_key: str | None = None) -> Fields | None:
        """Delete a session; return its last fields, or None if there is no such session."""
        now = current_time()
        values = {
            'key_': self._prefix + key,
            'time': now,
            'new_token': token,
            'new_expires': now + self._tombstone_milliseconds,
        }

        def attempt(connection: Connection) -> Fields | None:
            result = connection.execute(self._statements.delete, values)
            fields = result.scalar_one_or_none()
            return None if fields is None else _from_json(fields)

        with _only_sessions():
            return await self._steps.write(attempt)

    async def count(self) -> int:
        """Return how many sessions are stored."""
        values = {'prefix': self._prefix, 'time': current_time()}

        def attempt(connection: Connection) -> int:
            return int(connection.execute(self._statements.count, values).scalar_one())

        return await self._steps.read(attempt)

    async def ping(self) -> None:
        """Check that the database accepts everything that sessions need, writes included.

        A missing table is created.
        """
        # Under an id that no client gets. If it is not removed, it expires.
        session_id = await self.create({}, lifetime=1000, now=current_time())
        key = self._prefix + store_key(session_id)

        def attempt(connection: Connection) -> None:
            connection.execute(self._statements.remove, {'key_': key})

        await self._steps.write(attempt)

    async def findings(self) -> list[Finding]:
        """Return what is unsafe about this database."""
        findings = self._steps.database.findings()
        try:
            await self.ping()
        except StoreError as error:
            findings.append(unreachable(error))
        return findings

    async def close(self) -> None:
        """Close the connections of the current event loop; later calls open new ones."""
        await self._cleanup.close()
        await self._steps.close()

    async def create_tables(self) -> None:
        """Create the table and its indexes, if they are missing, or complete an older one.

        Raises:
            StoreError: The database failed, or refused.
        """
        await self._steps.create_tables()

    async def delete_expired(self) -> int:
        """Delete the rows of sessions that have expired or were deleted, and return how many.

        Raises:
            StoreError: The database failed.
        """
        return await delete_expired(self._steps)


@contextmanager
def _only_sessions() -> Iterator[None]:
    try:
        yield
    except (AttributeError, ValueError):
        raise StoreError('The table holds other data in the row of a session') from None


def _to_json(fields: Fields) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in fields.items()}


def _from_json(values: dict[str, Any]) -> Fields:
    return {name.encode(): value.encode() for name, value in values.items()}
