"""Build the app."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from quart import Quart

from quart_session_demo import cli
from quart_session_demo.cli.compare import compare
from quart_session_demo.config import ConfigError, load_config
from quart_session_demo.lesson import lesson
from quart_session_demo.log_filters import ControlCharacterFilter, handle_loop_exception
from quart_session_demo.middleware import (
    BadRequestMiddleware,
    HealthMiddleware,
    SecurityHeadersMiddleware,
    WebsocketRejectionMiddleware,
)
from quart_session_demo.playground import playground
from quart_session_demo.secret_key import ensure_secret_key
from quart_session_demo.sessions import CookieSessionInterface
from quart_session_demo.sessions.base import SessionInterface

# All apps share one logger, which does not add the same filter twice.
_LOG_FILTER = ControlCharacterFilter()


def create_app(config: Mapping[str, Any] | None = None) -> Quart:
    """Return a new app, independent of any other.

    Args:
        config: Settings by name. They override the environment variables `QUART_*`, which
            override the defaults.

    Raises:
        ConfigError: A setting is wrong. The message names it, the problem and what to do.
    """
    # By default, Quart serves /static/ even without such a folder. It then returns 500 for a path
    # that is too long for the file system.
    app = Quart('quart_session_demo', static_folder=None)
    setting_name = load_config(app.config, config or {})
    ensure_secret_key(app)
    # Not `app.logger`, which starts a thread.
    logging.getLogger(app.name).addFilter(_LOG_FILTER)

    @app.before_serving
    async def log_malformed_connections() -> None:
        asyncio.get_running_loop().set_exception_handler(handle_loop_exception)

    async def is_ready() -> bool:
        interface = app.session_interface
        return not isinstance(interface, SessionInterface) or await interface.is_ready()

    # In the order of a request: middleware, session, route. The middleware wraps `asgi_app` and not
    # `app`, which the CLI and the test client need as a Quart app.
    app.asgi_app = SecurityHeadersMiddleware(  # type: ignore[method-assign]
        BadRequestMiddleware(
            HealthMiddleware(WebsocketRejectionMiddleware(app.asgi_app), is_ready),
        ),
        hsts=app.config['STRICT_TRANSPORT_SECURITY'],
    )
    # Quart declares the type of its own default interface.
    app.session_interface = _session_interface(  # type: ignore[assignment]
        app, setting_name('SESSION_REDIS_URL')
    )
    app.register_blueprint(lesson)
    if app.config['PLAYGROUND']:
        app.register_blueprint(playground)
    cli.register(app)
    app.cli.add_command(compare)
    return app


def _session_interface(app: Quart, url_name: str) -> SessionInterface:
    """Return the session interface that `SESSION_TYPE` selects.

    Args:
        app: The app.
        url_name: The name under which the user set the Redis URL, for messages.

    Raises:
        ConfigError: The Redis URL cannot be used.
    """
    if app.config['SESSION_TYPE'] == 'cookie':
        return CookieSessionInterface()
    # redis-py is an extra.
    from quart_session_demo.sessions.redis import RedisSessionInterface

    try:
        return RedisSessionInterface(app)
    except ValueError as error:
        raise ConfigError(str(error).replace('SESSION_REDIS_URL', url_name)) from None
