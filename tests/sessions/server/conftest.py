"""What the tests of server stores need besides a store."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from quart_session_demo.sessions import SessionStore
from tests.apps.sessions_app import make_sessions_app
from tests.apps.users_app import make_users_app
from tests.postgres_server import PostgresServer
from tests.redis_server import RedisServer
from tests.sessions.conftest import SERVER_STORES, settings_of, sqlite_settings
from tests.sessions.example_store import example_store
from tests.sessions.server.stored import Remaining, own_prefix, remaining_lifetimes, store_of

#: A server that a test may stop, start, pause and resume.
FragileServer = RedisServer | PostgresServer


@pytest.fixture(params=SERVER_STORES)
def store(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the settings of an app for each server store, which all tests share."""
    return settings_of(request.param, request)


@pytest.fixture
async def session_store(store: dict[str, Any]) -> AsyncIterator[SessionStore]:
    """Yield each server store."""
    session_store: SessionStore = store_of(make_sessions_app(**store))
    yield session_store
    await session_store.close()


@pytest.fixture
async def app(store: dict[str, Any]) -> AsyncIterator[Quart]:
    """Yield an app with its sessions in the store; an error in a view returns 500."""
    app = make_sessions_app(**store)
    async with app.test_app():
        yield app


@pytest.fixture
async def users_app(store: dict[str, Any]) -> AsyncIterator[Quart]:
    """Yield an app with its sessions in the store, whose views log users in and out."""
    app = make_users_app(**store)
    async with app.test_app():
        yield app


@pytest.fixture
def user() -> str:
    """Return a user of one test: tests share most stores."""
    return f'ann-{secrets.token_hex(8)}'


@pytest.fixture(params=['memory', 'sqlite', 'postgresql', 'redis', 'redis cluster'])
def readable_store(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the settings of an app for each store whose content `remaining` reports."""
    return settings_of(request.param, request) | own_prefix()


@pytest.fixture
def remaining(request: pytest.FixtureRequest) -> Remaining:
    """Return a function that asks a store how long each session of an app still lasts."""
    return lambda app: remaining_lifetimes(app, request)


@pytest.fixture
async def client(app: Quart) -> Client:
    """Return a client with a session."""
    client = app.test_client()
    assert (await client.get('/')).status_code == 200
    return client


@pytest.fixture(params=['redis', 'redis cluster', 'postgresql', 'sqlite', 'example'])
def unreachable_store(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Return the settings of an app for each kind of server store, with nothing at its address."""
    match request.param:
        case 'redis':
            return {'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': 'redis://127.0.0.1:1'}
        case 'example':
            return {'session_store': example_store(Path('/no/such/folder/sessions.db'))}
        case 'redis cluster':
            return {
                'SESSION_TYPE': 'redis',
                'SESSION_REDIS_URL': 'redis://127.0.0.1:1',
                'SESSION_REDIS_CLUSTER': True,
            }
        case 'postgresql':
            url = 'postgresql://127.0.0.1:1/postgres'
            return {'SESSION_TYPE': 'sqlalchemy', 'SESSION_SQLALCHEMY_URL': url}
        case 'sqlite':
            # A file that holds something else.
            (tmp_path / 'sessions.db').write_text(
                'no database, and long enough to have a header' * 9
            )
            return sqlite_settings(tmp_path)
    raise ValueError(request.param)


@pytest.fixture(scope='session')
def fragile_postgres(postgres_template: Path) -> Iterator[PostgresServer]:
    """Yield a PostgreSQL that one test after another may stop and hang."""
    with PostgresServer(postgres_template) as server:
        yield server


@pytest.fixture(
    params=[
        pytest.param('redis', marks=pytest.mark.redis),
        pytest.param('postgresql', marks=pytest.mark.postgres),
    ]
)
def fragile_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FragileServer]:
    """Yield each server that a test may stop and hang; its sessions survive a restart."""
    match request.param:
        case 'redis':
            with RedisServer(tmp_path, '--appendonly', 'yes', '--appendfsync', 'always') as server:
                yield server
        case 'postgresql':
            database: PostgresServer = request.getfixturevalue('fragile_postgres')
            database.ensure_running()
            yield database
        case _:
            raise ValueError(request.param)


async def text(client: Client, path: str) -> str:
    """Return the text of a successful response."""
    response = await client.get(path)
    assert response.status_code == 200
    return str(await response.get_data(as_text=True))


async def assert_unavailable(client: Client, path: str) -> None:
    """Assert that a request returns 503 and may be retried, and that no cookie changes."""
    response = await client.get(path)
    assert response.status_code == 503
    assert int(response.headers['Retry-After']) > 0
    assert 'Set-Cookie' not in response.headers
    assert response.headers['Vary'] == 'Cookie'


def assert_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Assert that something was logged, without a traceback."""
    assert caplog.records
    for record in caplog.records:
        assert record.exc_info is None, record.getMessage()
