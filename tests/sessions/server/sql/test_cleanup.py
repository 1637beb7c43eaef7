"""Rows that have expired are deleted: by a command, and in the background."""

import asyncio
import logging
from typing import Any

import pytest
import time_machine

from quart_session_demo.sessions.server.sql import cleanup
from quart_session_demo.sessions.server.sql.tables import CLEANUP_BATCH, SESSIONS
from quart_session_demo.sessions.server.store import current_time, new_token
from quart_session_demo.sessions.sql import SQLStore
from tests.conftest import make_app
from tests.sessions.server.sql.conftest import LIFETIME, create


async def rows(store: SQLStore) -> int:
    """Return how many rows there are."""
    result = await store._steps.read(
        lambda connection: connection.exec_driver_sql(f'SELECT count(*) FROM {SESSIONS.name}')  # noqa: S608
    )
    return int(result.scalar_one())


async def expire(store: SQLStore, number: int) -> None:
    """Store so many sessions that have expired."""
    now = current_time()
    row = {'fields': {}, 'created': now, 'refreshed': now, 'expires': now, 'token': None}
    values = [{**row, 'key': f'{now} {index}'} for index in range(number)]
    await store._steps.write(lambda connection: connection.execute(SESSIONS.insert(), values))


async def test_only_expired_rows_are_deleted(new_store: SQLStore) -> None:
    """Expired and deleted sessions are removed; others stay."""
    await new_store.create_tables()
    stays, deleted = await create(new_store), await create(new_store)
    await expire(new_store, 3)
    await new_store.delete(deleted, new_token())

    assert await new_store.delete_expired() == 3
    # As long as the deletion may be repeated, its row stays.
    with time_machine.travel(current_time() / 1000 + 60):
        assert await new_store.delete_expired() == 1
    assert await rows(new_store) == 1
    assert await new_store.read(stays) is not None


async def test_batches_and_processes_share_the_work(
    new_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several stores that clean up at the same time delete each row once, in bounded batches."""
    monkeypatch.setattr(cleanup, 'PAUSE', 0)
    stores = [SQLStore(new_url) for _ in range(3)]
    await stores[0].create_tables()
    await expire(stores[0], 3 * CLEANUP_BATCH + 7)
    key = await create(stores[0])

    deleted = await asyncio.gather(*(store.delete_expired() for store in stores))
    # A batch leaves out the rows that another process deletes.
    deleted.append(await stores[0].delete_expired())

    assert sum(deleted) == 3 * CLEANUP_BATCH + 7
    assert await stores[0].read(key) is not None
    for store in stores:
        await store.close()


async def test_background_deletes_expired_rows(
    new_store: SQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store in use deletes expired rows by itself, again and again."""
    monkeypatch.setattr(cleanup, 'INTERVAL', 0.01)
    store = new_store
    key = await create(store)

    for _ in range(2):
        await expire(store, 5)
        async with asyncio.timeout(30):
            while await rows(store) > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    assert await store.read(key) is not None


async def test_background_ends_with_the_store(
    new_store: SQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `close`, and after the end of the event loop, nothing runs any more."""
    monkeypatch.setattr(cleanup, 'INTERVAL', 0)
    store = new_store
    await create(store)
    before = asyncio.all_tasks()
    await expire(store, 2 * CLEANUP_BATCH)
    await asyncio.sleep(0.01)

    await store.close()

    assert asyncio.all_tasks() <= before


async def test_failed_cleanup_is_logged_and_repeated(
    new_store: SQLStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A cleanup that fails is one line in the log, and the next one runs."""
    monkeypatch.setattr(cleanup, 'INTERVAL', 0.01)
    store = new_store
    await create(store)
    await store._steps.write(
        lambda connection: connection.exec_driver_sql(
            f'ALTER TABLE {SESSIONS.name} RENAME TO other'
        )
    )
    # Without this view, the store would create the table again.
    await store._steps.write(
        lambda connection: connection.exec_driver_sql(
            f'CREATE VIEW {SESSIONS.name} AS SELECT 1 AS key'
        )
    )

    async with asyncio.timeout(30):
        while len(caplog.records) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert 'Expired sessions not deleted' in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


def test_command_prints_how_many(new_url: str) -> None:
    """`sessions cleanup` deletes expired sessions and prints how many."""
    store = SQLStore(new_url)

    async def prepare() -> None:
        await create(store, lifetime=LIFETIME)
        await expire(store, 3)

    asyncio.run(prepare())
    app = make_app(SESSION_TYPE='sqlalchemy', SESSION_SQLALCHEMY_URL=new_url)

    result = app.test_cli_runner().invoke(args=['sessions', 'cleanup'])

    assert (result.exit_code, result.stdout) == (0, '3 deleted.\n')


@pytest.mark.parametrize('command', ['create-tables', 'cleanup'])
@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'SESSION_TYPE': 'cookie'}, 'SESSION_TYPE is not sqlalchemy'),
        ({'SESSION_TYPE': 'memory'}, 'SESSION_TYPE is not sqlalchemy'),
        (
            {
                'SESSION_TYPE': 'sqlalchemy',
                'SESSION_SQLALCHEMY_URL': 'postgresql://app:never-shown@127.0.0.1:1/app',
            },
            'PostgreSQL failed',
        ),
    ],
    ids=['cookie', 'memory', 'unreachable'],
)
def test_command_that_cannot_run_is_one_line(
    settings: dict[str, Any], message: str, command: str
) -> None:
    """A command for a store without tables, or that is down, ends with one line and status 2."""
    result = make_app(**settings).test_cli_runner().invoke(args=['sessions', command])

    assert result.exit_code == 2
    [line] = result.output.splitlines()
    assert message in line
    assert 'never-shown' not in line
