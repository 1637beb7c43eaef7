"""The store of docs/stores.md: its size, its types, and two processes on one file.

The tests in `tests/sessions` run it through the contract suite, as the store `example`.
"""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from quart_session_demo.sessions import SessionStore, StoreError
from quart_session_demo.sessions.server.store import current_time, new_token, store_key
from tests.sessions.example_store import example_code, example_store

PROCESSES = 4
CHANGES = 50
# Each process sets its own keys of one session. Standard output shows the results.
WRITER = """
import asyncio, sys
from pathlib import Path
path, key, name, changes = sys.argv[1:]

async def write() -> None:
    sessions = FileStore(Path(path))
    for number in range(int(changes)):
        field = {f'"{name} {number}"'.encode(): b'1'}
        result = await sessions.write(
            key, field, (), lifetime=60_000, refreshed=store.current_time()
        )
        print(result.value)

asyncio.run(write())
"""


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    """Return the page's store, with an empty file."""
    return example_store(tmp_path / 'sessions.db')


def test_example_is_short() -> None:
    """The page's store has about 100 lines, as the page states, without empty ones."""
    assert len([line for line in example_code().splitlines() if line.strip()]) < 105


def test_example_has_every_method(store: SessionStore) -> None:
    """The page's store has all methods of the protocol, with the same parameters."""
    for name, method in vars(SessionStore).items():
        if not name.startswith('_'):
            assert getattr(type(store), name).__annotations__ == method.__annotations__


async def test_processes_lose_no_change(store: SessionStore, tmp_path: Path) -> None:
    """Processes that change different keys of one session at the same time lose nothing."""
    key = store_key(await store.create({b'"a"': b'1'}, lifetime=60_000, now=current_time()))
    arguments = str(tmp_path / 'sessions.db'), key
    writers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, '-c', example_code() + WRITER, *arguments, str(name), str(CHANGES)),
            stdout=subprocess.PIPE,
        )
        for name in range(PROCESSES)
    ]

    outputs = [(await writer.communicate())[0].decode().split() for writer in writers]

    assert outputs == [['saved'] * CHANGES] * PROCESSES
    stored = await store.read(key)
    assert stored is not None
    assert len(stored.fields) == 1 + PROCESSES * CHANGES


async def test_damaged_file_is_a_store_error(store: SessionStore, tmp_path: Path) -> None:
    """A file that is no database is a `StoreError` in each step, and a finding."""
    (tmp_path / 'sessions.db').write_text(json.dumps('no database') * 100)

    with pytest.raises(StoreError):
        await store.ping()
    with pytest.raises(StoreError):
        await store.read('any')
    [finding] = await store.findings()
    assert finding.level == 'error'


async def test_sessions_with_fields_are_counted(store: SessionStore) -> None:
    """The page's store counts sessions that have fields and were not deleted."""
    await store.ping()
    keys = [
        store_key(await store.create({b'"a"': b'1'}, lifetime=60_000, now=current_time()))
        for _ in range(3)
    ]
    await store.delete(keys[0], new_token())

    assert await store.count() == 2
