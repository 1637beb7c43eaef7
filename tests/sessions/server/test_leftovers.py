"""What a store holds after the sessions of users have ended: nothing."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart

from quart_session_demo.sessions.server.store import TableStore
from tests.apps.users_app import make_users_app
from tests.processes import wait_until
from tests.redis_server import RedisServer
from tests.sessions.conftest import SERVER_STORES, settings_of
from tests.sessions.server.devices import log_in, records
from tests.sessions.server.stored import own_prefix, store_of

LOGINS = 1000
#: A database has no index that could grow.
LOGINS_IN_A_DATABASE = 200
AT_ONCE = 20
#: Enough that some sessions expire before the last login, and others after it.
LIFETIME = timedelta(seconds=1)

#: Returns the names of all that a store holds: sessions, indexes, and markers of deletions.
Names = Callable[[], list[str]]


@pytest.fixture(params=[name for name in SERVER_STORES if name not in ('memory', 'example')])
def store(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the settings of an app for each store, with a prefix of its own."""
    return settings_of(request.param, request) | own_prefix()


@pytest.fixture
async def app(store: dict[str, Any]) -> AsyncIterator[Quart]:
    app = make_users_app(**store)
    async with app.test_app():
        yield app


@pytest.fixture
def names(store: dict[str, Any], request: pytest.FixtureRequest) -> Names:
    """Return a function that asks the server itself for all keys with the prefix of the app."""
    prefix = store['SESSION_KEY_PREFIX']
    query = f"SELECT key FROM quart_sessions WHERE key LIKE '{prefix}%'"  # noqa: S608

    def ask_redis() -> list[str]:
        if 'SESSION_REDIS_CLUSTER' in store:
            nodes: list[RedisServer] = request.getfixturevalue('redis_cluster').primaries
        else:
            nodes = [request.getfixturevalue('redis_server')]
        return [key.decode() for node in nodes for key in node.ask('KEYS', f'{prefix}*')]

    def ask_sqlite() -> list[str]:
        path = store['SESSION_SQLALCHEMY_URL'].removeprefix('sqlite:///')
        with closing(sqlite3.connect(path)) as connection:
            return [key for [key] in connection.execute(query)]

    def ask_postgresql() -> list[str]:
        output: str = request.getfixturevalue('postgres_server').ask(query)
        return output.splitlines()

    if store['SESSION_TYPE'] == 'redis':
        return ask_redis
    return ask_sqlite if store['SESSION_SQLALCHEMY_URL'].startswith('sqlite') else ask_postgresql


async def repeat_login(app: Quart, user: str, *, log_out: bool) -> None:
    """Log the user in on many devices, and out if that is wanted."""

    logins = LOGINS_IN_A_DATABASE if isinstance(store_of(app), TableStore) else LOGINS

    async def log_in_some() -> None:
        for _ in range(logins // AT_ONCE):
            device = await log_in(app, user)
            if log_out:
                await device.post('/log-out')

    await asyncio.gather(*(log_in_some() for _ in range(AT_ONCE)))


async def test_expired_logins_leave_nothing(app: Quart, user: str, names: Names) -> None:
    """After logins whose sessions expire, nothing is left: no session and no entry."""
    app.config['PERMANENT_SESSION_LIFETIME'] = LIFETIME

    await repeat_login(app, user, log_out=False)

    await asyncio.sleep(LIFETIME.total_seconds())
    store = store_of(app)
    if isinstance(store, TableStore):
        await store.delete_expired()
    # An entry of an index lasts a little longer than its session.
    await asyncio.to_thread(wait_until, lambda: not names())
    assert await records(app, user) == []


async def test_logouts_leave_nothing(app: Quart, user: str, names: Names) -> None:
    """After logins and logouts no index is left, and each marker of a deletion expires."""
    await repeat_login(app, user, log_out=True)

    assert await records(app, user) == []
    store = store_of(app)
    if isinstance(store, TableStore):
        with time_machine.travel(timedelta(minutes=1)):
            await store.delete_expired()
        assert names() == []
    else:
        index = f'{app.config["SESSION_KEY_PREFIX"]}user:'
        assert [name for name in names() if name.startswith(index)] == []
