"""Apps whose views read and change the session in every way that the tests need."""

from typing import Any

from quart import Blueprint, Quart, session, websocket

from quart_session_demo.sessions import (
    CookieSessionInterface,
    ServerSessionInterface,
    regenerate_session,
)
from tests.conftest import KEY, make_app

views = Blueprint('sessions_app', __name__)


@views.get('/contents')
async def contents() -> dict[str, Any]:
    return dict(session)


@views.get('/unused')
async def unused() -> str:
    return 'unused'


@views.get('/set/<key>')
async def set_key(key: str) -> str:
    session[key] = key
    return 'set'


@views.get('/fill/<int:fields>')
async def fill(fields: int) -> str:
    for number in range(fields):
        session[f'key {number}'] = 'x' * 1000
    return 'filled'


@views.get('/same')
async def same() -> str:
    session['username'] = session['username']
    return 'same'


@views.get('/add/<item>')
async def add(item: str) -> str:
    session.setdefault('cart', []).append(item)
    return ' '.join(session['cart'])


@views.get('/login')
async def login() -> str:
    session['user'] = 'zhiliao'
    await regenerate_session()
    return 'logged in'


@views.get('/clear_and_set')
async def clear_and_set() -> str:
    session.clear()
    session['user'] = 'zhiliao'
    return 'cleared'


@views.get('/pop_all')
async def pop_all() -> str:
    for name in list(session):
        session.pop(name)
    return 'popped'


@views.websocket('/set_in_websocket')
async def set_in_websocket() -> None:
    session['websocket'] = True
    await websocket.send('set')


def make_sessions_app(**config: Any) -> Quart:
    """Return the demo app with these settings and the views of this module.

    Args:
        config: The settings; `session_store` is a store that no `SESSION_TYPE` selects.
    """
    store = config.pop('session_store', None)
    if store is not None:
        # The settings of sessions on a server are valid then.
        config['SESSION_TYPE'] = 'memory'
    app = make_app(**config)
    if store is not None:
        app.session_interface = ServerSessionInterface(app, store)  # type: ignore[assignment]
    app.register_blueprint(views)
    return app


def make_cookie_app(**config: Any) -> Quart:
    """Return an app of one's own with cookie sessions and the views of this module."""
    app = Quart('own_app')
    app.config.from_mapping({'SECRET_KEY': KEY, **config})
    app.session_interface = CookieSessionInterface()
    app.register_blueprint(views)
    return app
