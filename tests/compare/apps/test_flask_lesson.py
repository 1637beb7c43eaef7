import re
from pathlib import Path

import flask
from quart import Quart

from quart_session_demo import lesson
from quart_session_demo.compare.apps.lesson import flask_lesson
from quart_session_demo.compare.apps.lesson.flask_app import create_flask_app
from tests.conftest import KEY


def without_what_may_differ(module: object) -> list[str]:
    path = getattr(module, '__file__', '')
    lines = Path(path).read_text('utf-8').splitlines()
    return [
        re.sub(r'\b(async|await) ', '', line)
        for line in lines
        if not line.startswith(('from quart ', 'from flask '))
    ]


def test_flask_lesson_differs_in_imports_async_and_await_alone() -> None:
    assert without_what_may_differ(flask_lesson) == without_what_may_differ(lesson)


def test_flask_app_has_the_settings_of_the_quart_app(app: Quart) -> None:
    flask_app = create_flask_app({'TESTING': True, 'SECRET_KEY': KEY})

    assert isinstance(flask_app, flask.Flask)
    assert flask_app.config == app.config


def test_flask_app_serves_the_lesson() -> None:
    client = create_flask_app({'TESTING': True, 'SECRET_KEY': KEY}).test_client()

    client.get('/')

    assert client.get('/get_session/').text == 'zhiliao'
