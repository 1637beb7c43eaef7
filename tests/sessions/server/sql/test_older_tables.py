"""A table of sessions that an older version made, without users: it is completed."""

import asyncio

import pytest
from sqlalchemy import Connection, inspect

from quart_session_demo.sessions.server.sql.tables import SESSIONS, USER_INDEX
from quart_session_demo.sessions.server.store import (
    StoredSession,
    StoreError,
    WriteResult,
    current_time,
    new_token,
    user_key,
)
from quart_session_demo.sessions.sql import SQLStore
from tests.conftest import make_app
from tests.postgres_server import PASSWORD, PostgresServer
from tests.sessions.server.sql.conftest import (
    LIFETIME,
    create,
    errors_of_processes,
    limited_url,
    sql_settings,
)

#: The statements of the version before users, with one session that it stored.
STATEMENTS = (
    """
    CREATE TABLE quart_sessions (
        key VARCHAR NOT NULL,
        fields {json} NOT NULL,
        created BIGINT NOT NULL,
        refreshed BIGINT NOT NULL,
        expires BIGINT NOT NULL,
        token {bytes},
        PRIMARY KEY (key)
    )
    """,
    'CREATE INDEX ix_quart_sessions_expires ON quart_sessions (expires)',
    """
    INSERT INTO quart_sessions (key, fields, created, refreshed, expires)
    VALUES ('session:old', '{{"\\"a\\"": "1"}}', 1, 1, 9000000000000)
    """,
)
#: The types whose names differ, by the kind of database.
TYPES = {
    'PostgreSQL': {'json': 'JSONB', 'bytes': 'BYTEA'},
    'SQLite': {'json': 'JSON', 'bytes': 'BLOB'},
}


async def make_old(url: str) -> str:
    """Create the table of an older version in a database without tables, and return its URL."""
    store = SQLStore(url)

    def create_table(connection: Connection) -> None:
        for statement in STATEMENTS:
            connection.exec_driver_sql(statement.format(**TYPES[store._steps.database.name]))

    await store._steps.write(create_table)
    await store.close()
    return url


@pytest.fixture
async def old_url(new_url: str) -> str:
    """Return the URL of each kind of database, with the table of an older version."""
    return await make_old(new_url)


async def is_complete(url: str) -> bool:
    """Return whether the table has all columns and the index of users."""
    store = SQLStore(url)

    def find(connection: Connection) -> bool:
        inspector = inspect(connection)
        columns = [column['name'] for column in inspector.get_columns(SESSIONS.name)]
        indexes = [index['name'] for index in inspector.get_indexes(SESSIONS.name)]
        return set(columns) == set(SESSIONS.c.keys()) and USER_INDEX.name in indexes

    found = await store._steps.read(find)
    await store.close()
    return found


async def test_processes_complete_it_together(old_url: str) -> None:
    """Processes of the new version that start together on an old table all start."""
    assert not await is_complete(old_url)

    assert await errors_of_processes(old_url) == [b''] * 4

    assert await is_complete(old_url)


async def test_concurrent_steps_complete_it(old_url: str) -> None:
    """Steps of one process that all meet an old table at once all succeed."""
    store = SQLStore(old_url)
    lists = [store.read_user(user_key('ann')) for _ in range(10)]

    keys, found = (
        await asyncio.gather(*(create(store) for _ in range(10))),
        await asyncio.gather(*lists),
    )

    assert len(set(keys)) == 10
    assert found == [{}] * 10
    assert await is_complete(old_url)
    await store.close()


@pytest.mark.parametrize('is_completed_first', [False, True])
async def test_old_sessions_stay(old_url: str, is_completed_first: bool) -> None:
    """A session of the older version is read, changed and deleted as before."""
    store = SQLStore(old_url)
    if is_completed_first:
        await store.create_tables()
    now = current_time()

    assert await store.read('old') == StoredSession({b'"a"': b'1'}, 1, 1)
    assert await store.read_many(['old', 'new']) == [StoredSession({}, 1, 1), None]
    result = await store.write('old', {b'"b"': b'2'}, (), lifetime=LIFETIME, refreshed=now)
    assert result is WriteResult.SAVED
    assert await store.delete('old', new_token()) == {b'"a"': b'1', b'"b"': b'2'}

    await store.close()


async def test_list_completes_it(old_url: str) -> None:
    """The first list of a user's sessions completes an old table too."""
    store = SQLStore(old_url)

    assert await store.read_user(user_key('ann')) == {}

    assert await is_complete(old_url)
    await store.close()


async def test_command_completes_it(old_url: str) -> None:
    """`sessions create-tables` completes an old table."""
    runner = make_app(**sql_settings(old_url)).test_cli_runner()

    result = await asyncio.to_thread(runner.invoke, args=['sessions', 'create-tables'])

    assert (result.exit_code, result.stdout) == (0, 'The tables of the sessions exist.\n')
    assert await is_complete(old_url)


async def test_missing_right_to_complete_is_reported(postgres_server: PostgresServer) -> None:
    """A database user without the right to change an old table gets an error with the remedy.

    Sessions that exist are read, and when another user has completed the table, all is well.
    """
    url = await make_old(postgres_server.new_database())
    rights = 'SELECT, INSERT, UPDATE, DELETE'
    store = SQLStore(limited_url(postgres_server, url, rights=rights))

    with pytest.raises(StoreError, match=r'older version.*must be owner.*create-tables') as error:
        await create(store)
    assert PASSWORD not in str(error.value)
    assert await store.read('old') is not None

    owner = SQLStore(url)
    await owner.create_tables()
    assert await store.read(await create(store)) is not None

    await owner.close()
    await store.close()
