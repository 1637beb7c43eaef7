"""Safe apps, whose settings the tests change one by one."""

from typing import Any

from quart import Quart

from quart_session_demo import create_app
from quart_session_demo.cli import register
from quart_session_demo.deploy_check import check_settings
from quart_session_demo.sessions import CookieSessionInterface

KEY = '8b1c2c003bf84aae7e975d8b29a2f328e08433ad8be9bb6bfe4106071e2fa0de'


def demo_app(**config: Any) -> Quart:
    """Return the demo app in production."""
    return create_app({'PRODUCTION': True, 'SECRET_KEY': KEY, **config})


def own_app(**config: Any) -> Quart:
    """Return an app of somebody's own that is safe in production."""
    app = Quart('own')
    app.config.update(
        SECRET_KEY=KEY,
        SESSION_COOKIE_NAME='__Host-session',
        SESSION_COOKIE_SAMESITE='Lax',
        SESSION_COOKIE_SECURE=True,
    )
    app.config.update(config)
    app.session_interface = CookieSessionInterface()
    register(app)

    @app.get('/')
    async def index() -> str:
        return 'index'

    return app


def found(app: Quart) -> dict[str, str]:
    """Return the level of each finding about an app, by id."""
    return {finding.id: finding.level for finding in check_settings(app)}
