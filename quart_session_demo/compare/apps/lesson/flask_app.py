"""A Flask app with the lesson's Flask form and the settings of the Quart app."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from quart_session_demo import create_app
from quart_session_demo.compare.apps.lesson.flask_lesson import lesson


def create_flask_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Create the Flask app. It has the settings of `quart_session_demo.create_app`.

    Args:
        config: Settings, as for `create_app`.

    Raises:
        ConfigError: A setting is wrong. The message names it and states what to do.
    """
    app = Flask('quart_session_demo', static_folder=None)
    app.config.from_mapping(create_app(config).config)
    app.register_blueprint(lesson)
    return app
