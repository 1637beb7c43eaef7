"""Several processes that use one session in one database at the same time."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

from quart_session_demo.sessions.sql import SQLStore
from tests.conftest import ROOT
from tests.sessions.server.sql.conftest import create

PROCESSES = 4
CHANGES = 100


async def start(url: str, key: str, name: str) -> Process:
    """Start the program that changes and then deletes a session."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, '-m', 'tests.apps.sql_writer', url, key, name, str(CHANGES)),
        cwd=ROOT,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )


async def test_processes_share_a_session(url: str, store: SQLStore) -> None:
    """All changes of several processes are stored, and only one of them deletes the session."""
    key = await create(store)
    processes = [await start(url, key, str(number)) for number in range(PROCESSES)]

    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b'\n')
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b'changed\n', await process.communicate()

    stored = await store.read(key)
    assert stored is not None
    assert len(stored.fields) == 1 + CHANGES * PROCESSES

    results = await asyncio.gather(*(process.communicate(b'\n') for process in processes))

    assert sorted(results) == [(b'False\n', b'')] * (PROCESSES - 1) + [(b'True\n', b'')]
    assert await store.read(key) is None
