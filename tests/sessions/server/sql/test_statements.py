"""How a session is stored: in one statement a step, and exactly."""

import random
from collections.abc import Iterator
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import Engine, Pool, event, select

from quart_session_demo.sessions.server.sql.tables import SESSIONS
from quart_session_demo.sessions.server.store import (
    EMPTIED_LIFETIME,
    WriteResult,
    current_time,
    new_token,
    store_key,
)
from quart_session_demo.sessions.sql import SQLStore
from tests.sessions.server.sql.conftest import LIFETIME, create

#: Values that a database would change if it read them: JSON in ASCII, as sessions are stored.
ODD_FIELDS = {
    b'"null"': b'null',
    b'"number"': b'12345678901234567890.12345678901234567890e400',
    b'"zero"': b'-0.0',
    b'"\\u0000"': b'"\\u0000"',
    b'"\\ud800"': b'"\\udfff\\ud83d\\ude00"',
    b'"\\"\\\\/$.[0]"': b'{"a": {"b": null}, "a": []}',
    b'""': b'""',
    b'"key"': b' [ 1 ,\t2 ] ',
}


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Yield the list of the statements that are executed, with SQLite's transactions."""
    executed: list[str] = []

    def record(*arguments: object) -> None:
        executed.append(str(arguments[2]).split(maxsplit=1)[0])

    def trace(connection: Any, _: object) -> None:
        if isinstance(connection.driver_connection, aiosqlite.Connection):
            connection.run_async(
                lambda _: connection.driver_connection.set_trace_callback(record_transaction)
            )

    def record_transaction(statement: str) -> None:
        if statement.startswith(('BEGIN', 'COMMIT', 'ROLLBACK')):
            executed.append(statement.strip())

    event.listen(Engine, 'before_cursor_execute', record)
    event.listen(Pool, 'connect', trace)
    yield executed
    event.remove(Pool, 'connect', trace)
    event.remove(Engine, 'before_cursor_execute', record)


async def test_each_step_is_one_statement(store: SQLStore, statements: list[str]) -> None:
    """Each step is one statement; SQLite has it in a transaction that begins with the lock."""
    key = await create(store)
    begin, commit = (
        ([], [])
        if store._steps.database.name == 'PostgreSQL'
        else (['BEGIN IMMEDIATE'], ['COMMIT'])
    )
    statements.clear()

    await create(store)
    # The statement is recorded before the driver begins its transaction.
    assert statements == ['INSERT', *begin, *commit]
    statements.clear()
    await store.read(key)
    assert statements == ['SELECT']
    statements.clear()
    now = current_time()
    await store.write(key, {b'"two"': b'2'}, [b'"one"'], lifetime=LIFETIME, refreshed=now)
    assert statements == ['UPDATE', *begin, *commit]
    statements.clear()
    await store.delete(key, new_token())
    assert statements == ['UPDATE', *begin, *commit]


async def test_odd_values_are_stored_exactly(store: SQLStore) -> None:
    """Names and values are not changed in any byte, also by a change of others."""
    key = store_key(await store.create(ODD_FIELDS, lifetime=LIFETIME, now=current_time()))
    for name in ODD_FIELDS:
        changed = {name: ODD_FIELDS[name], b'"other"': b'1'}
        await store.write(key, changed, (), lifetime=LIFETIME, refreshed=current_time())

    stored = await store.read(key)
    assert stored is not None
    assert stored.fields == {**ODD_FIELDS, b'"other"': b'1'}
    await store.write(key, {}, list(ODD_FIELDS), lifetime=LIFETIME, refreshed=current_time())
    assert await store.delete(key, new_token()) == {b'"other"': b'1'}


async def test_large_session_is_changed_in_parts(store: SQLStore) -> None:
    """A session of 2 MB in 5000 fields can be stored, changed and emptied."""
    text = random.Random(1).randbytes(200).hex().encode()  # noqa: S311
    fields = {b'"key %d"' % number: b'"%s"' % text for number in range(5000)}
    key = store_key(await store.create(fields, lifetime=LIFETIME, now=current_time()))
    names = list(fields)

    changed = dict.fromkeys(names[:2500], b'1')
    removed = names[2500:4000]
    await store.write(key, changed, removed, lifetime=LIFETIME, refreshed=current_time())

    stored = await store.read(key)
    assert stored is not None
    assert stored.fields == {**changed, **{name: fields[name] for name in names[4000:]}}
    result = await store.write(key, {}, names, lifetime=LIFETIME, refreshed=current_time())
    assert result is WriteResult.EMPTIED


@pytest.mark.parametrize('lifetime', [LIFETIME, 1000])
async def test_emptied_session_expires_soon(store: SQLStore, lifetime: int) -> None:
    """A session without fields expires within a minute, unless a request adds one."""
    key = await create(store)

    async def expires() -> int:
        query = select(SESSIONS.c.expires).where(SESSIONS.c.key == store._prefix + key)
        return int(await store._steps.read(lambda db: db.execute(query).scalar_one()))

    for changed, removed, expected in (
        ({}, [b'"one"'], WriteResult.EMPTIED),
        ({}, [], WriteResult.EMPTIED),
        ({b'"two"': b'2'}, [], WriteResult.SAVED),
        ({}, [b'"two"', b'"three"'], WriteResult.EMPTIED),
    ):
        written = current_time()
        result = await store.write(key, changed, removed, lifetime=lifetime, refreshed=written)
        assert result is expected
        emptied = expected is WriteResult.EMPTIED
        expected_lifetime = min(lifetime, EMPTIED_LIFETIME) if emptied else lifetime
        assert written <= await expires() - expected_lifetime <= current_time()
