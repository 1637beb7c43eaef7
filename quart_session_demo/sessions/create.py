"""The session interface that an app's settings select."""

from quart import Quart

from quart_session_demo.sessions.base import SessionInterface
from quart_session_demo.sessions.cookie import CookieSessionInterface
from quart_session_demo.sessions.server.interface import ServerSessionInterface
from quart_session_demo.sessions.server.memory import MemoryStore
from quart_session_demo.sessions.settings import COOKIE_SETTINGS, SESSION_TYPE, complete_settings


def create_session_interface(app: Quart) -> SessionInterface:
    """Return the session interface for the `SESSION_TYPE` in an app's config.

    Args:
        app: The app, whose config also has the settings of the store.

    Raises:
        ValueError: A setting is missing or wrong. The message names it, the problem and what to do.
    """
    complete_settings(app.config, (SESSION_TYPE,))
    # The packages of a store are an extra, so they are imported only for its type.
    match app.config['SESSION_TYPE']:
        case 'memory':
            return ServerSessionInterface(app, MemoryStore())
        case 'redis':
            from quart_session_demo.sessions.redis import RedisSessionInterface

            return RedisSessionInterface(app)
        case 'sqlalchemy':
            from quart_session_demo.sessions.sql import SQLStore

            return ServerSessionInterface(app, SQLStore.from_config(app))
    complete_settings(app.config, COOKIE_SETTINGS)
    return CookieSessionInterface()
