"""What a store holds, as the server itself reports it."""

import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from quart import Quart

from quart_session_demo.sessions import MemoryStore
from quart_session_demo.sessions.server.store import current_time

#: Returns the remaining lifetime of each session that an app has stored, in milliseconds.
Remaining = Callable[[Quart], list[int]]

QUERY = (
    'SELECT expires FROM quart_sessions '
    "WHERE token IS NULL AND CAST(fields AS text) != '{{}}' AND key LIKE '{prefix}%'"
)


def own_prefix() -> dict[str, str]:
    """Return settings with which a test sees only its own sessions in a store that tests share."""
    return {'SESSION_KEY_PREFIX': f'test-{secrets.token_hex(8)}:'}


def store_of(app: Quart) -> Any:
    """Return the store of an app with sessions on a server."""
    interface: Any = app.session_interface
    return interface.store


def remaining_lifetimes(app: Quart, request: pytest.FixtureRequest) -> list[int]:
    """Return the remaining lifetime of each session of an app with `own_prefix`, in milliseconds.

    Sessions without content do not count: a check of the store and an emptied session leave one.
    A test that moves the time does not move the clock of Redis.
    """
    config: dict[str, Any] = app.config
    prefix = config['SESSION_KEY_PREFIX']
    store = store_of(app)
    if isinstance(store, MemoryStore):
        ends = [
            entry.expires for entry in store._entries.values() if entry.fields and not entry.token
        ]
    elif config['SESSION_TYPE'] == 'redis':
        return _redis_lifetimes(prefix, request, is_cluster=config['SESSION_REDIS_CLUSTER'])
    elif config['SESSION_SQLALCHEMY_URL'].startswith('sqlite'):
        path = Path(config['SESSION_SQLALCHEMY_URL'].removeprefix('sqlite:///'))
        with closing(sqlite3.connect(path)) as connection:
            ends = [row[0] for row in connection.execute(QUERY.format(prefix=prefix))]
    else:
        server = request.getfixturevalue('postgres_server')
        ends = [int(line) for line in server.ask(QUERY.format(prefix=prefix)).splitlines()]
    now = current_time()
    return [end - now for end in ends if end > now]


def _redis_lifetimes(prefix: str, request: pytest.FixtureRequest, *, is_cluster: bool) -> list[int]:
    if is_cluster:
        nodes = request.getfixturevalue('redis_cluster').primaries
    else:
        nodes = [request.getfixturevalue('redis_server')]
    return [
        node.ask('PTTL', key)
        for node in nodes
        for key in node.ask('KEYS', f'{prefix}*')
        # Two fields are the store's own.
        if node.ask('HLEN', key) > 2 and not node.ask('HEXISTS', key, 'ended')
    ]
