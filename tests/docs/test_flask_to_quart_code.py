"""The page's tables of Flask's code and Quart's, run on both."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import flask
import flask.views
import pytest
import quart
import quart.datastructures
import quart.views
import werkzeug.datastructures
from quart import Quart

from tests.conftest import KEY
from tests.docs.markdown import code, code_spans, read, section, table_rows

PAGE = read('docs/flask-to-quart.md')
AWAIT = section(PAGE, '## What needs await')
ROWS = [tuple(map(code, cells)) for cells in table_rows(AWAIT, 'Flask | Quart')]
#: The code in the paragraph about what needs no `await`, which is the same on both.
SAME = code_spans(AWAIT.split('These need none: ')[1].split('\n\n')[0])
ELSE = section(PAGE, '## What else changes')


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an app, with the files that the code names; it is not the current one."""
    root = tmp_path / 'app'
    for name, text in (
        ('templates/page.html', '{% macro macro() %}{% endmacro %}{{ session.username }}'),
        ('static/page.css', 'body {}'),
        ('page.html', 'a page'),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, 'utf-8')
    monkeypatch.chdir(tmp_path)
    return root


@pytest.fixture
def flask_app(folder: Path) -> flask.Flask:
    """Return a Flask app in the folder."""
    app = flask.Flask('flask_side', root_path=str(folder))
    app.secret_key = KEY
    return app


@pytest.fixture
def quart_app(folder: Path) -> Quart:
    """Return a Quart app in the folder."""
    app = Quart('quart_side', root_path=str(folder))
    app.secret_key = KEY
    return app


def body_for(expression: str, upload: type[Any]) -> dict[str, Any]:
    """Return the body that an expression reads, as arguments of a test client."""
    if 'request.files' in expression:
        return {'upload': upload(BytesIO(b'content'), filename='name.txt')}
    if 'json' in expression:
        return {'json': {'name': 'b'}}
    is_form = 'form' in expression or 'values' in expression
    return {'name': 'b'} if is_form else {'data': b'content'}


def saved_file() -> str:
    """Return the content of the file that an expression saved, and delete it."""
    path = Path('copy.txt')
    if not path.exists():
        return ''
    text = path.read_text('utf-8')
    path.unlink()
    return text


def flask_result(app: flask.Flask, folder: Path, expression: str) -> str:
    """Return what an expression gives in a view of Flask, as text."""

    @app.post('/')
    def view() -> str:
        flask.session['username'] = 'zhiliao'
        names = {'folder': folder, 'view': lambda: 'viewed', 'response': flask.jsonify(name='b')}
        result: Any = eval(expression, {**vars(flask), **names})  # noqa: S307
        if isinstance(result, flask.Response):
            result.direct_passthrough = False
            return f'{result.status} {result.get_data(as_text=True)}'
        return ''.join(result) if isinstance(result, Iterator) else str(result)

    body = body_for(expression, werkzeug.datastructures.FileStorage)
    arguments = body if body.keys() & {'json', 'data'} else {'data': body}
    return app.test_client().post('/?name=a', **arguments).text + saved_file()


async def quart_result(app: Quart, folder: Path, expression: str) -> str:
    """Return what an expression gives in a view of Quart, as text."""

    @app.post('/')
    async def view() -> str:
        quart.session['username'] = 'zhiliao'
        names = {'folder': folder, 'view': lambda: 'viewed', 'response': quart.jsonify(name='b')}
        namespace = {**vars(quart), **names}
        exec(f'async def run():\n    return {expression}', namespace)  # noqa: S102
        result: Any = await namespace['run']()
        if isinstance(result, quart.Response):
            return f'{result.status} {await result.get_data(as_text=True)}'
        if isinstance(result, AsyncIterator):
            return ''.join([part async for part in result])
        return str(result)

    body = body_for(expression, quart.datastructures.FileStorage)
    if 'upload' in body:
        body = {'files': body}
    elif 'name' in body:
        body = {'form': body}
    response = await app.test_client().post('/?name=a', **body)
    return await response.get_data(as_text=True) + saved_file()


@pytest.mark.parametrize(('flask_code', 'quart_code'), ROWS)
async def test_await_row_gives_the_same(
    flask_app: flask.Flask, quart_app: Quart, folder: Path, flask_code: str, quart_code: str
) -> None:
    """Each row of the table gives the same on Flask and on Quart."""
    expected = flask_result(flask_app, folder, flask_code)

    assert 'await' in quart_code
    assert 'Error' not in expected
    assert await quart_result(quart_app, folder, quart_code) == expected
