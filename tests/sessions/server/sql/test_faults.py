"""Faults of a database: what clients get meanwhile, and afterwards."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from quart_session_demo.sessions.server.sql import sqlite
from quart_session_demo.sessions.server.store import (
    StoreError,
    WriteResult,
    current_time,
    new_token,
)
from quart_session_demo.sessions.sql import SQLStore
from tests.apps.sessions_app import make_sessions_app
from tests.postgres_server import LIMITED_ROLE, PASSWORD, PostgresServer
from tests.sessions.conftest import sqlite_settings
from tests.sessions.server.conftest import assert_no_traceback, assert_unavailable, text
from tests.sessions.server.sql.conftest import LIFETIME, create


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock of a file of SQLite, as another program does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute('BEGIN IMMEDIATE')
        yield
        connection.execute('ROLLBACK')


async def test_many_requests_of_one_session_succeed(settings: dict[str, Any]) -> None:
    """400 concurrent requests of one session, far more than there are connections, all succeed."""
    app = make_sessions_app(**settings)
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        responses = await asyncio.gather(*(client.get(f'/set/{n}') for n in range(400)))

        assert {response.status_code for response in responses} == {200}
        contents = await (await client.get('/contents')).get_json()
        assert contents.keys() >= {str(number) for number in range(400)}


async def test_locked_file_is_503_for_changes_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While another program locks the file, reads work and changes get 503; then all works."""
    app = make_sessions_app(**sqlite_settings(tmp_path), SESSION_SQLALCHEMY_TIMEOUT=0.5)
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        with locked(tmp_path / 'sessions.db'):
            assert await text(client, '/get_session/') == 'zhiliao'
            async with asyncio.timeout(30):
                await asyncio.gather(
                    *(assert_unavailable(client, f'/set/{number}') for number in range(20))
                )
        assert_no_traceback(caplog)

        assert await text(client, '/set/later') == 'set'
        assert set(await (await client.get('/contents')).get_json()) >= {'username', 'later'}


async def test_stopped_connection_can_be_closed(tmp_path: Path) -> None:
    """A connection that is stopped while it closes does not wait for its thread, which has ended.

    SQLAlchemy stops it if the close is cancelled.
    """
    connection = await sqlite._Connection(str(tmp_path / 'sessions.db'))
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    connection.stop()

    async with asyncio.timeout(30):
        await closing


async def test_connection_is_closed_if_its_opening_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is opened for a task that was cancelled meanwhile is closed."""
    opening, cancelled, closed = threading.Event(), threading.Event(), threading.Event()

    class SlowConnection(sqlite3.Connection):
        def __init__(self, *args: Any, **options: Any) -> None:
            opening.set()
            cancelled.wait(30)
            super().__init__(*args, **options)

        def close(self) -> None:
            super().close()
            closed.set()

    monkeypatch.setattr(sqlite, '_SQLiteConnection', SlowConnection)
    task = asyncio.ensure_future(sqlite._Connection(str(tmp_path / 'sessions.db')))
    await asyncio.to_thread(opening.wait, 30)
    task.cancel()
    await asyncio.wait((task,))
    cancelled.set()

    assert task.cancelled()
    assert await asyncio.to_thread(closed.wait, 30)


async def test_abandoned_change_leaves_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that gets the lock after its timeout does not hold it."""
    # The abandoned change waits for the lock until the other program releases it.
    monkeypatch.setattr(sqlite, 'LOCK_WAIT_SECONDS', 10)
    store = SQLStore(sqlite_settings(tmp_path)['SESSION_SQLALCHEMY_URL'], timeout=0.2)
    key = await create(store)
    arguments = ({b'"one"': b'2'}, ())
    with locked(tmp_path / 'sessions.db'), pytest.raises(StoreError, match='did not respond'):
        await store.write(key, *arguments, lifetime=LIFETIME, refreshed=current_time())

    other = SQLStore(sqlite_settings(tmp_path)['SESSION_SQLALCHEMY_URL'], timeout=10)
    result = await other.write(key, *arguments, lifetime=LIFETIME, refreshed=current_time())

    assert result is WriteResult.SAVED
    await other.close()
    await store.close()


async def test_short_lock_delays_only(tmp_path: Path) -> None:
    """A change waits for another program that locks the file for a short time."""
    app = make_sessions_app(**sqlite_settings(tmp_path), SESSION_SQLALCHEMY_TIMEOUT=30)
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        with locked(tmp_path / 'sessions.db'):
            change = asyncio.create_task(client.get('/set/one'))
            # Longer than SQLite itself waits.
            await asyncio.sleep(0.3)
        assert (await change).status_code == 200


async def test_restart_is_not_noticed(server: PostgresServer) -> None:
    """After a restart of PostgreSQL the first requests work, on connections that have ended."""
    app = make_sessions_app(**server.settings)
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        await asyncio.gather(*(client.get('/get_session/') for _ in range(20)))
        server.stop()
        server.start()

        responses = await asyncio.gather(*(client.get(f'/set/{n}') for n in range(20)))

        assert {response.status_code for response in responses} == {200}


async def test_locked_table_is_503_and_leaves_no_queries(server: PostgresServer) -> None:
    """While the table is locked, changes get 503; PostgreSQL then stops their statements."""
    owner = SQLStore(server.url)
    key = await create(owner)
    store = SQLStore(server.url, timeout=0.2)
    lock = await asyncpg.connect(server.url)
    await lock.execute('BEGIN; LOCK quart_sessions')
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

    with pytest.raises(StoreError):
        await store.write(key, {b'"two"': b'2'}, (), lifetime=LIFETIME, refreshed=current_time())

    async with asyncio.timeout(30):
        while await asyncio.to_thread(server.ask, waiting) != '0':  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    # It ends its transaction.
    await lock.close()
    assert await owner.read(key) is not None
    await store.close()
    await owner.close()


async def test_cancelled_steps_leave_connections_usable(store: SQLStore) -> None:
    """Requests that are cancelled at any moment never lead to the result of another request."""
    keys = [await create(store) for _ in range(10)]
    for number, key in enumerate(keys):
        await store.write(
            key,
            {b'"number"': b'%d' % number},
            (),
            lifetime=LIFETIME,
            refreshed=current_time(),
        )
    for turns in range(60):
        tasks = [asyncio.create_task(store.read(key)) for key in keys]
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for number, result in enumerate(results):
            if not isinstance(result, asyncio.CancelledError):
                assert not isinstance(result, BaseException)
                assert result is not None
                assert result.fields[b'"number"'] == b'%d' % number


async def test_password_is_used_and_never_logged(
    server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The URL's password is sent to PostgreSQL, and no log line contains it."""
    server.ask(f"CREATE ROLE {LIMITED_ROLE} LOGIN PASSWORD '{PASSWORD}'")
    server.ask(f'GRANT CREATE ON SCHEMA public TO {LIMITED_ROLE}')

    def settings(password: str) -> dict[str, Any]:
        url = server.url.replace('postgres@', f'{LIMITED_ROLE}:{password}@')
        return {'SESSION_TYPE': 'sqlalchemy', 'SESSION_SQLALCHEMY_URL': url}

    right = make_sessions_app(**settings(PASSWORD))
    wrong = make_sessions_app(**settings(f'{PASSWORD}-wrong'))
    with caplog.at_level(logging.DEBUG):
        async with right.test_app(), wrong.test_app():
            assert (await right.test_client().get('/')).status_code == 200
            await assert_unavailable(wrong.test_client(), '/')

    assert 'authentication failed' in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize('json', ['[]', '{"one": 1}', '"text"'])
async def test_other_data_is_an_error(new_url: str, json: str) -> None:
    """A row with something else than a session is an error when it is read or deleted."""
    store = SQLStore(new_url)
    key = await create(store)
    await store._steps.write(
        lambda connection: connection.exec_driver_sql(
            f"UPDATE quart_sessions SET fields = '{json}'"  # noqa: S608
        )
    )

    with pytest.raises(StoreError, match='other data'):
        await store.read(key)
    with pytest.raises(StoreError, match='other data'):
        await store.delete(key, new_token())

    await store.close()


async def test_locked_session_fails_no_other(server: PostgresServer) -> None:
    """While another program locks one session, waiting requests of others succeed."""
    owner = SQLStore(server.url)
    locked_key = await create(owner)
    keys = [await create(owner) for _ in range(20)]
    await owner.close()
    # Long enough for a busy machine.
    store = SQLStore(server.url, timeout=1)
    connection = await asyncpg.connect(server.url)
    await connection.execute('BEGIN')
    await connection.execute(
        'SELECT FROM quart_sessions WHERE key = $1 FOR UPDATE', store._prefix + locked_key
    )

    async def change(key: str) -> None:
        await store.write(key, {b'"two"': b'2'}, (), lifetime=LIFETIME, refreshed=current_time())

    async def change_until_done(key: str, done: asyncio.Event) -> None:
        while not done.is_set():
            await change(key)

    done = asyncio.Event()
    # More than there are connections, so that some always wait for one.
    others = [asyncio.create_task(change_until_done(key, done)) for key in keys]
    with pytest.raises(StoreError, match='did not respond'):
        await change(locked_key)
    done.set()

    await asyncio.gather(*others)
    await connection.close()
    await store.close()


async def test_refused_connection_waits_for_another(server: PostgresServer) -> None:
    """If PostgreSQL accepts fewer connections than the store opens, all requests succeed."""
    owner = SQLStore(server.url)
    key = await create(owner)
    await owner.close()
    server.ask(f'CREATE ROLE {LIMITED_ROLE} LOGIN CONNECTION LIMIT 2')
    server.ask(f'ALTER ROLE {LIMITED_ROLE} PASSWORD {PASSWORD!r}')
    server.ask(f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO {LIMITED_ROLE}')
    store = SQLStore(server.url.replace('postgres@', f'{LIMITED_ROLE}:{PASSWORD}@'), timeout=10)

    results = await asyncio.gather(*(store.read(key) for _ in range(100)))

    assert None not in results
    await store.close()


async def test_close_during_hang_fails_the_requests(server: PostgresServer) -> None:
    """Requests that wait for a PostgreSQL that hangs get an error when the store closes."""
    store = SQLStore(server.url, timeout=0.5)
    key = await create(store)
    server.pause()

    reads = [asyncio.create_task(store.read(key)) for _ in range(10)]
    await asyncio.sleep(0)
    await store.close()
    results = await asyncio.gather(*reads, return_exceptions=True)
    server.resume()

    assert {type(result) for result in results} == {StoreError}
