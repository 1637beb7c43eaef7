"""Put the app together."""

from collections.abc import Mapping
from typing import Any

from quart import Quart

from quart_session_demo import config as settings
from quart_session_demo import secret_key
from quart_session_demo.lesson import lesson
from quart_session_demo.sessions import CookieSessionInterface


def create_app(config: Mapping[str, Any] | None = None) -> Quart:
    """Make an app, independent of any other.

    Args:
        config: Settings that win over the environment's `QUART_*`, which win over our defaults.

    Raises:
        ConfigError: A setting is wrong; the message names it and its remedy.
    """
    app = Quart('quart_session_demo')
    settings.load(app.config, config or {})
    secret_key.provide(app)
    app.session_interface = CookieSessionInterface()
    app.register_blueprint(lesson)
    return app
