"""The sessions of a user in a database: found by an index, in few statements."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart
from sqlalchemy import Connection, Engine, Select, event

from quart_session_demo.sessions import regenerate_session, session_user
from quart_session_demo.sessions.server.sql.tables import SESSIONS, USER_INDEX
from quart_session_demo.sessions.server.store import current_time, store_key, user_key
from quart_session_demo.sessions.sql import SQLStore
from tests.apps.sessions_app import make_sessions_app
from tests.sessions.server.conftest import text
from tests.sessions.server.sql.conftest import LIFETIME, create, sql_settings

#: Enough that an index is faster than the whole table.
ROWS = 5000


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Yield the list of the first words of the statements that are executed."""
    executed: list[str] = []

    def record(*arguments: Any) -> None:
        executed.append(arguments[2].split(maxsplit=1)[0])

    event.listen(Engine, 'before_cursor_execute', record)
    yield executed
    event.remove(Engine, 'before_cursor_execute', record)


@pytest.fixture
async def large_store(new_store: SQLStore) -> SQLStore:
    """Return a store with many sessions: half of them have one of many users."""
    await new_store.create_tables()
    row = {'fields': {}, 'created': 1, 'refreshed': 1, 'expires': current_time() + LIFETIME}
    rows = [
        {**row, 'key': f'session:{number}', 'user_key': f'user {number}' if number % 2 else None}
        for number in range(ROWS)
    ]

    def insert(connection: Connection) -> None:
        connection.execute(SESSIONS.insert(), rows)
        connection.exec_driver_sql('ANALYZE')

    await new_store._steps.write(insert)
    return new_store


async def plan(store: SQLStore, statement: Select[Any], **values: Any) -> str:
    """Return how a database executes a statement."""
    explain = 'EXPLAIN' if store._steps.database.name == 'PostgreSQL' else 'EXPLAIN QUERY PLAN'

    def lines(connection: Connection) -> str:
        compiled = statement.params(**values).compile(
            dialect=connection.dialect, compile_kwargs={'literal_binds': True}
        )
        rows = connection.exec_driver_sql(f'{explain} {compiled}')
        return '\n'.join(str(row[-1]) for row in rows)

    return await store._steps.read(lines)


async def test_user_is_found_by_the_index(large_store: SQLStore) -> None:
    """The sessions of a user are found by an index, not by reading all rows."""
    statement = large_store._statements.read_user

    found = await plan(large_store, statement, user_key_='user 7', time=current_time())

    assert str(USER_INDEX.name) in found
    assert 'Seq Scan' not in found
    assert 'SCAN quart_sessions' not in found


async def test_keys_are_found_by_the_index(large_store: SQLStore) -> None:
    """Many sessions at once are found by the index of their keys."""
    statement = large_store._statements.read_many
    keys = [f'session:{number}' for number in range(20)]

    found = await plan(large_store, statement, keys=keys, time=current_time())

    assert 'quart_sessions_pkey' in found or 'sqlite_autoindex_quart_sessions_1' in found
    assert 'Seq Scan' not in found
    assert 'SCAN quart_sessions' not in found


async def test_many_keys_are_read_in_few_statements(store: SQLStore, statements: list[str]) -> None:
    """Up to 500 sessions are read in one statement: 1,200 in three, and none in none."""
    key = await create(store)
    keys = [*(f'missing {number}' for number in range(1199)), key]
    statements.clear()

    found = await store.read_many(keys)

    assert statements == ['SELECT'] * 3
    assert found[:-1] == [None] * 1199
    assert found[-1] is not None
    statements.clear()
    assert await store.read_many([]) == []
    assert statements == []


@pytest.fixture
async def app(url: str) -> AsyncIterator[Quart]:
    app = make_sessions_app(**sql_settings(url))

    @app.get('/log-in')
    async def log_in() -> str:
        await regenerate_session(user='ann')
        return 'logged in'

    @app.get('/user')
    async def show_user() -> str:
        return str(session_user())

    async with app.test_app():
        yield app


async def test_read_of_a_bound_session_writes_nothing(app: Quart, statements: list[str]) -> None:
    """Within a minute, a request that only reads a bound session is one SELECT; later one write."""
    app.config['PERMANENT_SESSION_LIFETIME'] = timedelta(days=31)
    client = app.test_client()
    await text(client, '/log-in')
    statements.clear()

    for _ in range(3):
        assert await text(client, '/user') == 'ann'
    assert statements == ['SELECT'] * 3
    with time_machine.travel(current_time() / 1000 + 61):
        statements.clear()
        for _ in range(3):
            assert await text(client, '/user') == 'ann'
        assert statements == ['SELECT', 'UPDATE', 'SELECT', 'SELECT']


async def test_tables_of_users_are_found_by_stores_with_one_prefix(url: str) -> None:
    """Stores with the same prefix share the sessions of a user; others do not."""
    stores = [SQLStore(url, prefix=prefix) for prefix in ('one:', 'one:', 'two:')]
    owner = user_key('ann')
    now = current_time()
    session_id = await stores[0].create({}, lifetime=LIFETIME, now=now, user_key=owner)

    found = [await store.read_user(owner) for store in stores]

    key = store_key(session_id)
    assert [list(sessions) for sessions in found] == [[key], [key], []]
    for store in stores:
        await store.close()
