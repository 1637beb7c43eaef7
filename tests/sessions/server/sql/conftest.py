"""What the tests of sessions in a database need besides a store."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from quart_session_demo.sessions.server.store import current_time, store_key
from quart_session_demo.sessions.sql import SQLStore
from tests.conftest import ROOT
from tests.postgres_server import LIMITED_ROLE, PASSWORD, PostgresServer
from tests.sessions.conftest import settings_of

LIFETIME = 600_000
# Uses a store for the first time as soon as standard input ends.
PING = """
import asyncio, sys
from quart_session_demo.sessions.sql import SQLStore
store = SQLStore(sys.argv[1])
sys.stdin.read()
asyncio.run(store.ping())
"""
DATABASES = ['sqlite', pytest.param('postgresql', marks=pytest.mark.postgres)]


@pytest.fixture(params=DATABASES)
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the settings of an app for each kind of database."""
    return settings_of(request.param, request)


@pytest.fixture
def url(settings: dict[str, Any]) -> str:
    """Return the URL of each kind of database."""
    return str(settings['SESSION_SQLALCHEMY_URL'])


@pytest.fixture
async def store(url: str) -> AsyncIterator[SQLStore]:
    """Yield a store in each kind of database."""
    store = SQLStore(url)
    yield store
    await store.close()


@pytest.fixture
def server(postgres_template: Path) -> Iterator[PostgresServer]:
    """Yield a PostgreSQL for one test, which may change and stop it."""
    with PostgresServer(postgres_template) as server:
        yield server


@pytest.fixture(params=DATABASES)
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of each kind of database, without tables."""
    if request.param == 'sqlite':
        return f'sqlite:///{tmp_path / "sessions.db"}'
    server: PostgresServer = request.getfixturevalue('postgres_server')
    return server.new_database()


@pytest.fixture
async def new_store(new_url: str) -> AsyncIterator[SQLStore]:
    """Yield a store in each kind of database, without tables."""
    store = SQLStore(new_url)
    yield store
    await store.close()


async def create(store: SQLStore, *, lifetime: int = LIFETIME) -> str:
    """Store a session with one field, and return its key."""
    return store_key(await store.create({b'"one"': b'1'}, lifetime=lifetime, now=current_time()))


def sql_settings(url: str) -> dict[str, Any]:
    """Return the settings of an app with its sessions in a database."""
    return {'SESSION_TYPE': 'sqlalchemy', 'SESSION_SQLALCHEMY_URL': url}


def limited_url(server: PostgresServer, url: str, *, rights: str) -> str:
    """Return the URL for a role that has these rights on tables, and none to create them."""
    server.ask(
        f"""
        DO $$ BEGIN CREATE ROLE {LIMITED_ROLE} LOGIN PASSWORD '{PASSWORD}';
        EXCEPTION WHEN duplicate_object THEN NULL; END $$
        """
    )
    server.ask(f'GRANT {rights} ON ALL TABLES IN SCHEMA public TO {LIMITED_ROLE}', url=url)
    return url.replace('postgres@', f'{LIMITED_ROLE}:{PASSWORD}@')


async def errors_of_processes(url: str) -> list[bytes]:
    """Return the standard errors of four processes that use a database for the first time."""
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, '-c', PING, url),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    results = await asyncio.gather(*(process.communicate(b'') for process in processes))
    return [errors for _, errors in results]
