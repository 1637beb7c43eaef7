"""What the tests of sessions in a database need besides a store."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from quart_session_demo.sessions.server.store import current_time
from quart_session_demo.sessions.sql import SQLStore
from tests.postgres_server import PostgresServer
from tests.sessions.conftest import settings_of

LIFETIME = 600_000
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
    """Store a session with one field, and return its id."""
    return await store.create({b'"one"': b'1'}, lifetime=lifetime, now=current_time())
