"""The stores that the session tests run on.

To add a store, add its name to `SERVER_STORES`, and its settings or the store itself to
`settings_of`. What the tests of a failing server need is in `tests/sessions/server/conftest.py`.
"""

from pathlib import Path
from typing import Any

import pytest
from quart import Quart

from tests.apps.sessions_app import make_cookie_app
from tests.sessions.example_store import example_store

SERVER_STORES = [
    'memory',
    'sqlite',
    pytest.param('postgresql', marks=pytest.mark.postgres),
    pytest.param('redis', marks=pytest.mark.redis),
    pytest.param('redis cluster', marks=pytest.mark.redis),
    'example',
]
STORES = ['cookie', *SERVER_STORES]


def settings_of(store: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the settings of an app with its sessions in this store, which runs."""
    match store:
        case 'cookie' | 'memory':
            return {'SESSION_TYPE': store}
        case 'sqlite':
            return sqlite_settings(request.getfixturevalue('tmp_path'))
        case 'postgresql':
            settings: dict[str, Any] = request.getfixturevalue('postgres_server').settings
            return settings
        case 'redis':
            settings = request.getfixturevalue('redis_server').settings
            return settings
        case 'example':
            # This store has no `SESSION_TYPE`.
            path = request.getfixturevalue('tmp_path') / 'sessions.db'
            return {'session_store': example_store(path)}
        case 'redis cluster':
            settings = request.getfixturevalue('redis_cluster').settings
            return settings
    raise ValueError(store)


def sqlite_settings(folder: Path) -> dict[str, Any]:
    """Return the settings of an app with its sessions in a file of this folder."""
    url = f'sqlite:///{folder / "sessions.db"}'
    return {'SESSION_TYPE': 'sqlalchemy', 'SESSION_SQLALCHEMY_URL': url}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the settings of an app for each store: a test that uses this runs on every store."""
    return settings_of(request.param, request)


@pytest.fixture
def cookie_app() -> Quart:
    """Return an app of one's own with cookie sessions."""
    return make_cookie_app()


def on_stores(*names: str) -> pytest.MarkDecorator:
    """Return a mark with which a test runs on these stores only: `cookie` and `memory`."""
    return pytest.mark.parametrize('store', [{'SESSION_TYPE': name} for name in names], ids=names)


#: For tests of what only the session's class does. All server stores have the same one.
each_kind = on_stores('cookie', 'memory')
#: The same for what only sessions on a server have.
in_memory = on_stores('memory')
