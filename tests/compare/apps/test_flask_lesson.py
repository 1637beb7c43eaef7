"""The Flask form of the lesson."""

import inspect
import re
from html import unescape
from types import ModuleType
from typing import Any

import flask
import pytest
from quart import Quart

from quart_session_demo import lesson
from quart_session_demo.compare.apps.lesson import flask_lesson
from quart_session_demo.compare.apps.lesson.flask_app import create_flask_app
from tests.conftest import KEY


def comparable_lines(module: ModuleType) -> list[str]:
    """Return the lines of a module without imports, `async` and `await`."""
    return [
        re.sub(r'\b(async|await) ', '', line)
        for line in inspect.getsource(module).splitlines()
        if not line.startswith(('from quart ', 'from flask '))
    ]


def test_flask_lesson_equals_quart_lesson() -> None:
    """The two forms of the lesson differ only in imports, `async` and `await`."""
    assert comparable_lines(flask_lesson) == comparable_lines(lesson)


def test_flask_app_has_the_quart_settings(app: Quart) -> None:
    """The Flask app has the settings of the Quart app."""
    flask_app = create_flask_app({'TESTING': True, 'SECRET_KEY': KEY})

    assert isinstance(flask_app, flask.Flask)
    assert flask_app.config == app.config


def test_flask_app_serves_the_lesson() -> None:
    """The Flask app has the lesson's routes."""
    client = create_flask_app({'TESTING': True, 'SECRET_KEY': KEY}).test_client()

    client.get('/')

    assert client.get('/get_session/').text == 'zhiliao'


@pytest.mark.parametrize(
    'username',
    [
        '<meta http-equiv="refresh" content="0; url=//evil.example">',
        '<script>alert(1)</script>',
        '&lt;',
        '"\'&',
        '知了',
        20,
        ['<i>'],
    ],
)
async def test_typed_username_is_escaped(app: Quart, username: Any) -> None:
    """Both forms of the lesson return the username as text, which no browser runs."""
    flask_client = create_flask_app({'TESTING': True, 'SECRET_KEY': KEY}).test_client()
    client = app.test_client()
    with flask_client.session_transaction() as session:
        session['username'] = username
    async with client.session_transaction() as session:
        session['username'] = username

    response = await client.get('/get_session/')

    text = await response.get_data(as_text=True)
    assert text == flask_client.get('/get_session/').text
    assert unescape(text) == str(username)
    assert not set('<>"') & set(text)
