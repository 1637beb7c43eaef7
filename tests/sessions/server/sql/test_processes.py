"""Several processes that use one session in one database at the same time."""

import asyncio
import subprocess
import sys

from quart_session_demo.sessions.sql import SQLStore
from tests.conftest import ROOT
from tests.sessions.server.sql.conftest import create

PROCESSES = 4


async def run(*arguments: str) -> list[str]:
    """Run the program in several processes that begin together; return what they print."""
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, '-m', 'tests.apps.sql_writer', *arguments[:2], str(number)),
            *arguments[2:],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]
    results = await asyncio.gather(*(process.communicate(b'') for process in processes))
    assert [errors.decode() for _, errors in results] == [''] * PROCESSES
    return [output.decode().strip() for output, _ in results]


async def test_changes_of_processes_are_all_stored(url: str, store: SQLStore) -> None:
    """Changes of different keys by several processes are all stored, without an error."""
    session_id = await create(store)

    await run(url, session_id, '100')

    stored = await store.read(session_id)
    assert stored is not None
    assert len(stored.fields) == 1 + 100 * PROCESSES


async def test_one_process_deletes(url: str, store: SQLStore) -> None:
    """If several processes delete a session at the same time, one of them gets its fields."""
    session_id = await create(store)

    deleted = await run(url, session_id, '0')

    assert sorted(deleted) == ['False'] * (PROCESSES - 1) + ['True']
    assert await store.read(session_id) is None
