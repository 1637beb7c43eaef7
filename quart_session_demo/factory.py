"""Build the app."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from quart import Quart, has_request_context, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from quart_session_demo import cli
from quart_session_demo.cli.compare import compare
from quart_session_demo.cli.port import port
from quart_session_demo.config import NAME_WARNINGS, ConfigError, load_config, name_warnings
from quart_session_demo.lesson import lesson
from quart_session_demo.log_filters import ControlCharacterFilter, handle_loop_exception
from quart_session_demo.middleware import add_middleware
from quart_session_demo.secret_key import ensure_secret_key
from quart_session_demo.sessions import ServerSessionInterface, create_session_interface
from quart_session_demo.wsgi import WSGIRejectingQuart

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
    app = WSGIRejectingQuart('quart_session_demo', static_folder=None)
    # Not `app.logger`, which starts a thread.
    logger = logging.getLogger(app.name)
    logger.addFilter(_LOG_FILTER)
    app.extensions[NAME_WARNINGS] = tuple(name_warnings(config or {}))
    # First, because a misspelled name can be the cause of an error.
    for warning in app.extensions[NAME_WARNINGS]:
        logger.warning('%s', warning)
    setting_name = load_config(app.config, config or {})
    ensure_secret_key(app)

    @app.before_serving
    async def log_malformed_connections() -> None:
        asyncio.get_running_loop().set_exception_handler(handle_loop_exception)

    # In the order of a request: middleware, session, route.
    add_middleware(app)
    try:
        # Quart declares the type of its own default interface.
        app.session_interface = create_session_interface(app)  # type: ignore[assignment]
    except ValueError as error:
        # The message begins with a setting's name.
        name, _, problem = str(error).partition(' ')
        raise ConfigError(f'{setting_name(name)} {problem}') from None
    app.register_blueprint(lesson)
    if app.config['PLAYGROUND']:
        _add_playground(app)

    cli.register(app)
    app.cli.add_command(compare)
    app.cli.add_command(port)
    return app


def _add_playground(app: Quart) -> None:
    """Add the page that shows the session and, for sessions on a server, that of a user's own."""
    # Production has no playground, and does not load it.
    from quart_session_demo.middleware.start_line import StartLineMiddleware
    from quart_session_demo.playground import playground, show_not_found
    from quart_session_demo.session_pages import session_pages

    app.register_blueprint(playground)
    # For a 404 alone, it would take precedence over the playground's own handler.
    app.register_error_handler(HTTPException, show_not_found)
    app.asgi_app = StartLineMiddleware(  # type: ignore[method-assign]
        app.asgi_app, 'Playground', f'{playground.url_prefix}/'
    )
    if isinstance(app.session_interface, ServerSessionInterface):
        app.register_blueprint(session_pages)

        @app.errorhandler(401)
        async def show_login(error: HTTPException) -> HTTPException | Response:
            if not has_request_context() or request.blueprint != session_pages.name:
                return error
            lang = request.args.get('lang')
            return redirect(url_for('playground.show', lang=lang, _anchor='login'), 303)
