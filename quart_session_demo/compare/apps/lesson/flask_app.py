"""The Flask app around the lesson's twin, with the Quart app's settings."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from quart_session_demo import create_app
from quart_session_demo.compare.apps.lesson.flask_lesson import lesson


def create_flask_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make the Flask app whose settings are those of `quart_session_demo.create_app`.

    Args:
        config: As `create_app` takes it.

    Raises:
        ConfigError: A setting is wrong; the message names it and its remedy.
    """
    app = Flask('quart_session_demo', static_folder=None)
    app.config.from_mapping(create_app(config).config)
    app.register_blueprint(lesson)
    return app
