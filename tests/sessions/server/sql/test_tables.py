"""The table of sessions: created when it is missing, and never touched otherwise."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from quart_session_demo.sessions.server.store import StoreError
from quart_session_demo.sessions.sql import SQLStore
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import make_app
from tests.postgres_server import PASSWORD, PostgresServer
from tests.sessions.server.conftest import assert_no_traceback, assert_unavailable, text
from tests.sessions.server.sql.conftest import (
    create,
    errors_of_processes,
    limited_url,
    sql_settings,
)


async def test_tables_are_created_at_the_start(new_url: str) -> None:
    """An app creates the table at its start, and sessions work."""
    async with make_sessions_app(**sql_settings(new_url)).test_app() as served:
        client = served.test_client()
        await client.get('/')
        assert await text(client, '/get_session/') == 'zhiliao'


def test_command_creates_tables_and_may_be_repeated(new_url: str) -> None:
    """`sessions create-tables` creates the table, and succeeds if it exists."""
    app = make_app(**sql_settings(new_url))

    for _ in range(2):
        result = app.test_cli_runner().invoke(args=['sessions', 'create-tables'])
        assert (result.exit_code, result.stdout) == (0, 'The tables of the sessions exist.\n')


async def test_many_processes_may_start_at_once(new_url: str) -> None:
    """Processes that start together, without tables, all start."""
    assert await errors_of_processes(new_url) == [b''] * 4


async def test_tables_dropped_later_are_created_again(new_url: str) -> None:
    """A table that is lost while the app runs is created by the next new session."""
    store = SQLStore(new_url)
    key = await create(store)
    other = SQLStore(new_url)
    await other._steps.write(
        lambda connection: connection.exec_driver_sql('DROP TABLE quart_sessions')
    )
    await other.close()

    assert await store.read(key) is None
    assert await store.read(await create(store)) is not None

    await store.close()


async def test_role_without_ddl_rights_uses_existing_tables(
    postgres_server: PostgresServer,
) -> None:
    """A database user that may only read and write rows needs nothing else if the table exists."""
    url = postgres_server.new_database()
    owner = SQLStore(url)
    await owner.create_tables()
    await owner.close()
    rights = 'SELECT, INSERT, UPDATE, DELETE'
    app = make_sessions_app(**sql_settings(limited_url(postgres_server, url, rights=rights)))

    async with app.test_app() as served:
        client = served.test_client()
        await client.get('/')
        assert await text(client, '/get_session/') == 'zhiliao'
    result = await asyncio.to_thread(
        app.test_cli_runner().invoke, args=['sessions', 'create-tables']
    )
    assert result.exit_code == 0


async def test_missing_right_to_create_is_reported(
    postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Without tables and the right to create them, the log names the command; pages return 503."""
    url = limited_url(postgres_server, postgres_server.new_database(), rights='SELECT')
    app = make_sessions_app(**sql_settings(url))

    async with app.test_app() as served:
        await assert_unavailable(served.test_client(), '/')
    result = await asyncio.to_thread(
        app.test_cli_runner().invoke, args=['sessions', 'create-tables']
    )

    assert 'create-tables' in caplog.records[0].getMessage()
    assert_no_traceback(caplog)
    assert result.exit_code == 2
    assert 'permission denied' in result.output
    assert PASSWORD not in caplog.text + result.output


async def test_read_only_database_is_reported(postgres_server: PostgresServer) -> None:
    """A database that refuses writes, such as a replica, is not ready."""
    url = postgres_server.new_database()
    name = url.rpartition('/')[2]
    postgres_server.ask(f'ALTER DATABASE {name} SET default_transaction_read_only = on')
    store = SQLStore(url)

    with pytest.raises(StoreError, match='read-only'):
        await store.ping()

    await store.close()


async def test_other_table_of_that_name_stays(tmp_path: Path) -> None:
    """A table of another program with the same name is an error, and stays as it is."""
    path = tmp_path / 'sessions.db'
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE quart_sessions (id)')
    connection.close()
    store = SQLStore(f'sqlite:///{path}')

    with pytest.raises(StoreError, match='no column'):
        await create(store)

    await store.close()
