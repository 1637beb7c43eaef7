"""What `port` cannot change is reported, and left as it is."""

import pytest

from tests.port.porting import findings, found, port

HEAD = 'from flask import Flask, render_template, request\n\n'


@pytest.mark.parametrize(
    ('source', 'expected'),
    [
        pytest.param(
            'from functools import lru_cache\n'
            '@lru_cache\n'
            'def page():\n'
            '    return render_template("a")\n',
            [(6, 'cannot-await')],
            id='lru_cache',
        ),
        pytest.param(
            'class Page:\n    def __init__(self):\n        self.form = request.form\n',
            [(5, 'cannot-await')],
            id='init',
        ),
        pytest.param(
            'class Page:\n    @property\n    def form(self):\n        return request.form\n',
            [(6, 'cannot-await')],
            id='property',
        ),
        pytest.param(
            'from celery import Task\n'
            'class AppTask(Task):\n'
            '    def __call__(self):\n'
            '        return render_template("a")\n',
            [(6, 'cannot-await')],
            id='call method of a library',
        ),
        pytest.param('show = lambda: render_template("a")\n', [(3, 'cannot-await')], id='lambda'),
        pytest.param('def f(form=request.form):\n    pass\n', [(3, 'cannot-await')], id='default'),
        pytest.param(
            'app = Flask(__name__)\nwith app.app_context():\n    print("a")\n',
            [(4, 'cannot-await')],
            id='top level',
        ),
        pytest.param(
            'def create_app():\n'
            '    app = Flask(__name__)\n'
            '    with app.app_context():\n'
            '        print("a")\n'
            '    return app\n',
            [(5, 'cannot-await')],
            id='app factory',
        ),
        pytest.param(
            'def parts():\n    first = yield from [request.form]\n    return first\n',
            [(4, 'cannot-await')],
            id='value of yield from',
        ),
    ],
)
def test_await_in_sync_place_is_reported(source: str, expected: list[tuple[int, str]]) -> None:
    """What must be awaited in a place that cannot be async stays, with a finding."""
    assert found(HEAD + source) == expected


@pytest.mark.parametrize(
    'decorator',
    [
        pytest.param('cache.cached(timeout=50)', id='library'),
        pytest.param('Logged', id='class of the project'),
    ],
)
def test_decorator_that_does_not_await_is_reported(decorator: str) -> None:
    """A decorator that would store or return a coroutine is reported."""
    source = (
        'from shop import cache\n'
        'from flask import render_template\n'
        'class Logged:\n'
        '    def __init__(self, function):\n'
        '        self.function = function\n'
        f'@{decorator}\n'
        'def page():\n'
        '    return render_template("a.html")\n'
    )
    assert found(source) == [(6, 'coroutine-callback')]


@pytest.mark.parametrize(
    ('argument', 'remedy'),
    [
        ("query_string='a=1'", 'path'),
        ("base_url='https://example.com'", 'scheme='),
        ("environ_base={'REMOTE_ADDR': '192.0.2.1'}", 'scope_base='),
        ("environ_overrides={'REMOTE_ADDR': '192.0.2.1'}", 'scope_base='),
        ("data={'a': ['1', '2']}", 'urlencode'),
        ("data={'a': 'b', 'c': ('d', 'e')}", 'urlencode'),
    ],
)
def test_client_argument_without_counterpart_is_reported(argument: str, remedy: str) -> None:
    """An argument that Quart's test client does not take is reported with what to use."""
    source = f"def test_index(client):\n    client.get('/', {argument})\n"
    [item] = findings(source, name='test_app.py')
    assert (item.line, item.id) == (2, 'client-argument')
    assert remedy in item.remedy


def test_content_type_beside_unknown_headers_is_reported() -> None:
    """A content type cannot be added to headers that are made elsewhere."""
    source = (
        'def test_index(client, headers):\n'
        "    client.post('/', data='{}', headers=headers, content_type='application/json')\n"
    )
    assert found(source, name='test_app.py') == [(2, 'client-content-type')]


def test_files_made_elsewhere_are_reported() -> None:
    """A file in a dict that a variable holds is not moved to `files`."""
    source = (
        'import io\n'
        'def test_upload(client):\n'
        "    data = {'file': (io.BytesIO(b'a'), 'a.txt')}\n"
        "    client.post('/', data=data)\n"
    )
    assert found(source, name='test_app.py') == [(3, 'client-argument')]


def test_tuple_of_a_file_in_a_variable_is_reported() -> None:
    """A variable that holds a file and its name has another form in Quart's test client."""
    source = (
        'import io\n'
        'def test_upload(client):\n'
        "    picture = (io.BytesIO(b'a'), 'a.png')\n"
        "    client.post('/', data={'picture': picture, 'title': 'a'})\n"
    )
    assert found(source, name='test_app.py') == [(4, 'client-argument')]


def test_setup_method_that_awaits_is_reported() -> None:
    """A method that pytest itself calls cannot be async."""
    source = (
        'class TestIndex:\n'
        '    def setup_method(self):\n'
        '        self.app = Flask(__name__)\n'
        '        self.app.test_client().get("/")\n'
    )
    assert found(HEAD + source, name='test_app.py') == [(4, 'sync-test-case')]


def test_source_without_flask_is_unchanged() -> None:
    """A file that has nothing to do with Flask stays as it is, with all its calls."""
    source = 'def view(request, client):\n    return request.form, client.get("/")  # a\n'
    assert port(source) == source
