"""Put the app together."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from quart import Quart

from quart_session_demo import cli, log_filters, secret_key
from quart_session_demo import config as settings
from quart_session_demo.config import ConfigError
from quart_session_demo.config.redis_checks import URL_REMEDY
from quart_session_demo.lesson import lesson
from quart_session_demo.middleware.bad_request import with_bad_requests_refused
from quart_session_demo.middleware.health import with_health
from quart_session_demo.middleware.security_headers import with_security_headers
from quart_session_demo.middleware.websocket_rejection import with_refused_websockets_ended
from quart_session_demo.playground import playground
from quart_session_demo.sessions import CookieSessionInterface


def create_app(config: Mapping[str, Any] | None = None) -> Quart:
    """Make an app, independent of any other.

    Args:
        config: Settings that win over the environment's `QUART_*`, which win over our defaults.

    Raises:
        ConfigError: A setting is wrong; the message names it and its remedy.
    """
    # By default Quart serves /static/ without such a folder too, and a 500 for too long a path.
    app = Quart('quart_session_demo', static_folder=None)
    name = settings.load(app.config, config or {})
    # Not app.logger, which starts a thread.
    logging.getLogger(app.name).addFilter(log_filters.escape)
    secret_key.provide(app)
    app.session_interface = _session_interface(app, name('SESSION_REDIS_URL'))
    app.register_blueprint(lesson)
    if app.config['PLAYGROUND']:
        app.register_blueprint(playground)
    cli.register(app)

    @app.before_serving
    async def log_malformed_connections() -> None:
        asyncio.get_running_loop().set_exception_handler(log_filters.connection_broke)

    async def is_ready() -> bool:
        interface: Any = app.session_interface
        return bool(await interface.is_ready())

    # Around the app's own asgi_app, so that the app stays a Quart for its CLI and test client.
    app.asgi_app = with_security_headers(  # type: ignore[assignment, method-assign]
        with_bad_requests_refused(
            with_health(with_refused_websockets_ended(app.asgi_app), is_ready)
        ),
        app.config['STRICT_TRANSPORT_SECURITY'],
    )
    return app


def _session_interface(app: Quart, url_name: str) -> Any:  # Quart declares its own default's type.
    if app.config['SESSION_TYPE'] == 'cookie':
        return CookieSessionInterface()
    # redis-py is an extra.
    from quart_session_demo.sessions.redis import RedisSessionInterface

    try:
        return RedisSessionInterface(app)
    except ValueError as error:
        problem = str(error).replace('SESSION_REDIS_URL', url_name)
        raise ConfigError(f'{problem}: {URL_REMEDY}') from None
