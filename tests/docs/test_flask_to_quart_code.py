"""The page's tables of Flask's code and Quart's, run on both."""

import gc
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from textwrap import indent
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
    """Return the folder of an app, not the current one, with the files that the code names."""
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
            text = f'{result.status} {result.get_data(as_text=True)}'
            result.close()
            return text
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


@pytest.mark.parametrize('same_code', SAME)
async def test_code_without_await_gives_the_same(
    flask_app: flask.Flask, quart_app: Quart, folder: Path, same_code: str
) -> None:
    """What needs no `await` gives the same on Flask and on Quart."""
    expected = flask_result(flask_app, folder, same_code)

    assert await quart_result(quart_app, folder, same_code) == expected


def row(flask_code: str) -> str:
    """Return what the table shows for Quart in the row that begins with Flask's code."""
    [cell] = [cells[1] for cells in table_rows(ELSE, 'Flask | Quart') if flask_code in cells[0]]
    return cell


def in_quart(app: Quart, statements: str, **names: Any) -> Any:
    """Return a coroutine function that runs statements and returns `result`."""
    body = indent(f'{statements}\nreturn locals().get("result")', '    ')
    namespace = {**vars(quart), 'app': app, **names}
    exec(f'async def run():\n{body}', namespace)  # noqa: S102
    return namespace['run']


async def test_contexts_are_asynchronous(quart_app: Quart) -> None:
    """The contexts of an app and of a request are entered with `async with`."""
    for with_flask, result in (
        ('with app.app_context():', 'current_app.name'),
        ("with app.test_request_context('/'):", 'request.path'),
    ):
        run = in_quart(quart_app, f'{code(row(with_flask))}\n    result = {result}')
        assert await run() in ('quart_side', '/')


async def test_resource_is_opened_and_read_with_await(quart_app: Quart) -> None:
    """The row about `open_resource` reads a file of the app."""
    opened, read_file = code_spans(row('with app.open_resource'))
    statements = f'{opened}\n    result = {read_file}'.replace('page.txt', 'page.html')

    assert await in_quart(quart_app, statements)() == b'a page'


async def test_functions_around_a_request_may_be_async(
    flask_app: flask.Flask, quart_app: Quart
) -> None:
    """`before_serving` replaces `before_first_request`; the other functions may be `async def`."""
    called: list[str] = []
    decorators = [f'app.{name}' for name in ('before_request', 'after_request', 'teardown_request')]
    assert all(f'`@{name}`' in ELSE for name in decorators)
    assert not hasattr(flask_app, 'before_first_request')
    assert not hasattr(quart_app, 'before_first_request')

    @quart_app.before_serving
    async def before_serving() -> None:
        called.append('before_serving')

    @quart_app.before_request
    async def before_request() -> None:
        called.append('before_request')

    @quart_app.after_request
    async def after_request(response: Any) -> Any:
        called.append('after_request')
        return response

    @quart_app.teardown_request
    async def teardown_request(error: BaseException | None) -> None:
        called.append('teardown_request')

    @quart_app.context_processor
    async def context_processor() -> dict[str, str]:
        return {'added': 'by the processor'}

    @quart_app.errorhandler(KeyError)
    async def errorhandler(error: Exception) -> str:
        return await quart.render_template_string('{{ added }}')

    @quart_app.get('/')
    async def view() -> str:
        @quart.after_this_request
        async def once(response: Any) -> Any:
            called.append('after_this_request')
            return response

        raise KeyError

    async def receive(sender: Quart, **arguments: Any) -> None:
        called.append('request_started')

    quart.request_started.connect(receive, quart_app)
    async with quart_app.test_app() as running:
        response = await running.test_client().get('/')

    assert await response.get_data(as_text=True) == 'by the processor'
    assert set(called) == {
        'before_serving',
        'request_started',
        'before_request',
        'after_request',
        'after_this_request',
        'teardown_request',
    }
    assert called[0] == 'before_serving'


async def test_stream_with_context_takes_the_function(
    flask_app: flask.Flask, quart_app: Quart
) -> None:
    """The row's stream reads the request on both."""
    flask_return, flask_def = code_spans(
        '`return stream_with_context(generate())` `def generate():`'
    )
    quart_return, quart_def = code_spans(row(flask_return))
    generator = '\n    yield request.path\n'
    flask_names = {**vars(flask)}
    exec(f'def view():\n{indent(flask_def + generator + flask_return, "    ")}', flask_names)  # noqa: S102
    flask_app.add_url_rule('/stream', view_func=flask_names['view'])
    quart_names = {**vars(quart)}
    body = indent(quart_def + generator + quart_return, '    ')
    exec(f'async def view():\n{body}', quart_names)  # noqa: S102
    quart_app.add_url_rule('/stream', view_func=quart_names['view'])

    response = await quart_app.test_client().get('/stream')

    assert await response.get_data(as_text=True) == flask_app.test_client().get('/stream').text


async def test_copied_context_runs_in_a_task(quart_app: Quart) -> None:
    """A function with a copied request context is awaited, or runs as a background task."""
    assert '`app.add_background_task`' in row('@copy_current_request_context')
    paths = []

    @quart_app.get('/copied')
    async def view() -> str:
        @quart.copy_current_request_context
        async def copied() -> None:
            paths.append(quart.request.path)

        await copied()
        quart_app.add_background_task(copied)
        return ''

    async with quart_app.test_app() as running:
        await running.test_client().get('/copied')

    assert paths == ['/copied'] * 2


async def test_method_view_is_async(quart_app: Quart) -> None:
    """The methods of a `MethodView` may be `async def`."""
    assert '`async def get(self):`' in row('class View(MethodView):')

    class View(quart.views.MethodView):
        async def get(self) -> str:
            return 'got'

    quart_app.add_url_rule('/class', view_func=View.as_view('view'))

    response = await quart_app.test_client().get('/class')

    assert await response.get_data(as_text=True) == 'got'


def test_command_has_a_context_only_if_asked(flask_app: flask.Flask, quart_app: Quart) -> None:
    """A command has an app context by default on Flask, and with the row's argument on Quart."""
    assert code(row('@app.cli.command()')) == '@app.cli.command(with_appcontext=True)'

    @flask_app.cli.command()
    def context() -> None:
        print(flask.has_app_context())

    @quart_app.cli.command('without')
    def without() -> None:
        print(quart.has_app_context())

    @quart_app.cli.command('with', with_appcontext=True)
    def with_context() -> None:
        print(quart.has_app_context())

    assert flask_app.test_cli_runner().invoke(args=['context']).stdout == 'True\n'
    runner = quart_app.test_cli_runner()
    assert [runner.invoke(args=[name]).stdout for name in ('without', 'with')] == [
        'False\n',
        'True\n',
    ]


def test_async_command_never_runs(quart_app: Quart) -> None:
    """An `async def` as a command is not run."""
    ran = []

    @quart_app.cli.command('never')
    async def never() -> None:
        ran.append(True)

    def invoke() -> None:
        quart_app.test_cli_runner().invoke(args=['never'])
        gc.collect()

    with pytest.warns(RuntimeWarning, match='was never awaited'):
        invoke()
    assert ran == []


async def test_template_attribute_is_an_error(flask_app: flask.Flask, quart_app: Quart) -> None:
    """Flask reads a macro of a template from Python; Quart raises RuntimeError."""
    arguments = 'page.html', 'macro'
    assert row(f'get_template_attribute{arguments}').startswith('raises `RuntimeError`')
    with flask_app.test_request_context():
        assert flask.get_template_attribute(*arguments)
    async with quart_app.test_request_context('/'):
        with pytest.raises(RuntimeError, match='async mode'):
            quart.get_template_attribute(*arguments)


async def test_scope_replaces_environ(quart_app: Quart) -> None:
    """A request has the ASGI scope, and no `environ`."""
    assert code(row('`request.environ`')) == 'request.scope'
    async with quart_app.test_request_context('/path'):
        assert quart.request.scope['path'] == '/path'
        assert not hasattr(quart.request, 'environ')


async def test_middleware_wraps_asgi_app(quart_app: Quart) -> None:
    """A middleware for ASGI goes around `asgi_app`."""
    assert code(row('app.wsgi_app')) == 'app.asgi_app = Middleware(app.asgi_app)'
    seen = []

    class Middleware:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope['path'])
            await self.app(scope, receive, send)

    quart_app.asgi_app = Middleware(quart_app.asgi_app)  # type: ignore[method-assign]
    await quart_app.test_client().get('/seen')

    assert seen == ['/seen']


async def test_files_are_relative_to_the_current_folder(quart_app: Quart) -> None:
    """`send_file` and `send_from_directory` search a relative path in the current folder."""
    assert row("`send_file('page.html')`") == 'relative to the current folder'
    async with quart_app.test_request_context('/'):
        with pytest.raises(FileNotFoundError):
            await quart.send_file('page.html')
        response = await quart.send_file('app/page.html')
        same = await quart.send_from_directory('app', 'page.html')

    assert await response.get_data() == await same.get_data() == b'a page'


def test_files_are_relative_to_flasks_folder(flask_app: flask.Flask) -> None:
    """Flask searches a relative path in the folder of the app."""
    with flask_app.test_request_context('/'):
        for response in (
            flask.send_file('page.html'),
            flask.send_from_directory('.', 'page.html'),
        ):
            response.direct_passthrough = False
            assert response.get_data() == b'a page'
            response.close()


async def test_limits_are_quarts_own(flask_app: flask.Flask, quart_app: Quart) -> None:
    """The default limits of sizes and times are those of the table; a larger body is a 413."""
    names = 'MAX_CONTENT_LENGTH', 'BODY_TIMEOUT', 'RESPONSE_TIMEOUT', 'SEND_FILE_MAX_AGE_DEFAULT'
    assert all(f'`{name}`' in ELSE for name in names)
    assert [quart_app.config[name] for name in names] == [
        16 * 1024 * 1024,
        60,
        60,
        timedelta(hours=12),
    ]
    assert [flask_app.config.get(name) for name in names] == [None] * 4

    @quart_app.post('/')
    async def view() -> bytes:
        data: bytes = await quart.request.data
        return data

    quart_app.config['MAX_CONTENT_LENGTH'] = 10

    assert (await quart_app.test_client().post('/', data=b'a' * 11)).status_code == 413


async def test_age_of_files_is_twelve_hours(flask_app: flask.Flask, quart_app: Quart) -> None:
    """A static file may be used for twelve hours; on Flask the browser asks each time."""
    path = '/static/page.css'
    with flask_app.test_client().get(path) as response:
        assert response.headers['Cache-Control'] == 'no-cache'
    assert (await quart_app.test_client().get(path)).cache_control.max_age == 12 * 60 * 60


async def test_settings_of_addresses_are_quarts_own(
    flask_app: flask.Flask, quart_app: Quart
) -> None:
    """Outside a request, Quart ignores two settings of Flask's, and has another one."""
    assert all(f'`{name}' in ELSE for name in ('PREFERRED_URL_SCHEME', 'APPLICATION_ROOT'))
    settings = {
        'APPLICATION_ROOT': '/sub',
        'PREFERRED_URL_SCHEME': 'https',
        'SERVER_NAME': 'example.com',
    }
    for app in (flask_app, quart_app):
        app.config.update(settings)
    with flask_app.app_context():
        assert flask.url_for('static', filename='a') == 'https://example.com/sub/static/a'
    async with quart_app.app_context():
        assert quart.url_for('static', filename='a') == 'http://example.com/static/a'

    assert '`PREFER_SECURE_URLS=True`' in ELSE
    quart_app.config['PREFER_SECURE_URLS'] = True

    async with quart_app.app_context():
        assert quart.url_for('static', filename='a') == 'https://example.com/static/a'


async def test_quart_ignores_x_sendfile(flask_app: flask.Flask, quart_app: Quart) -> None:
    """Quart sends the file itself, where Flask leaves it to the server."""
    assert '`USE_X_SENDFILE`' in ELSE
    for app in (flask_app, quart_app):
        app.config['USE_X_SENDFILE'] = True
    path = '/static/page.css'
    with flask_app.test_client().get(path) as from_flask:
        assert 'X-Sendfile' in from_flask.headers

    response = await quart_app.test_client().get(path)

    assert 'X-Sendfile' not in response.headers
    assert await response.get_data() == b'body {}'
