"""`port` follows the classes of Flask that an app subclasses."""

import pytest

from tests.port.porting import port


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask.sessions import SessionInterface

class Interface(SessionInterface):
    def open_session(self, app, request):
        return {}

    def save_session(self, app, session, response):
        response.set_cookie('a', 'b')
""",
            """\
from quart.sessions import SessionInterface

class Interface(SessionInterface):
    async def open_session(self, app, request):
        return {}

    async def save_session(self, app, session, response):
        response.set_cookie('a', 'b')
""",
            id='session_interface',
        ),
        pytest.param(
            """\
from flask.testing import FlaskClient

class Client(FlaskClient):
    def open(self, *args, **kwargs):
        kwargs.setdefault('headers', {})
        return super().open(*args, **kwargs)
""",
            """\
from quart.testing import QuartClient

class Client(QuartClient):
    async def open(self, *args, **kwargs):
        kwargs.setdefault('headers', {})
        return await super().open(*args, **kwargs)
""",
            id='test_client',
        ),
        pytest.param(
            """\
from flask import Flask, Request, Response

class Fields(Request):
    def names(self):
        return list(self.form)

class Text(Response):
    def lines(self):
        return self.get_data(as_text=True).splitlines()

class App(Flask):
    request_class = Fields
    response_class = Text

    def text(self):
        return self.make_response('a')
""",
            """\
from quart import Quart, Request, Response

class Fields(Request):
    async def names(self):
        return list(await self.form)

class Text(Response):
    async def lines(self):
        return (await self.get_data(as_text=True)).splitlines()

class App(Quart):
    request_class = Fields
    response_class = Text

    async def text(self):
        return await self.make_response('a')
""",
            id='request_and_response',
        ),
        pytest.param(
            """\
from flask.views import View

class Page(View):
    def dispatch_request(self):
        return 'a'
""",
            """\
from quart.views import View

class Page(View):
    def dispatch_request(self):
        return 'a'
""",
            id='view_that_awaits_nothing',
        ),
    ],
)
def test_subclass_has_coroutine_functions(before: str, after: str) -> None:
    """A method in the place of a coroutine function of Quart is one, too."""
    assert port(before) == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import request

def view():
    files = request.files
    for name, file in files.items():
        file.save(name)
    return [file.save(name) for name, file in request.files.items()]
""",
            """\
from quart import request

async def view():
    files = await request.files
    for name, file in files.items():
        await file.save(name)
    return [await file.save(name) for name, file in (await request.files).items()]
""",
            id='items',
        ),
        pytest.param(
            """\
from flask import Flask, after_this_request

app = Flask(__name__)

def log(response):
    print(response.get_data())
    return response

app.after_request(log)

@app.get('/')
def index():
    @after_this_request
    def count(response):
        response.headers['X-Length'] = len(response.get_data())
        return response
    return 'a'
""",
            """\
from quart import Quart, after_this_request

app = Quart(__name__)

async def log(response):
    print(await response.get_data())
    return response

app.after_request(log)

@app.get('/')
def index():
    @after_this_request
    async def count(response):
        response.headers['X-Length'] = len(await response.get_data())
        return response
    return 'a'
""",
            id='after_request',
        ),
    ],
)
def test_value_is_followed(before: str, after: str) -> None:
    """Files and responses are known where they are handed on."""
    assert port(before) == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
class Base:
    def make_client(self, app):
        self.client = app.test_client()

    def post(self, data):
        return self.client.post('/', data=data)

    def test_post(self):
        self.post({'a': 'b'})
""",
            """\
class Base:
    def make_client(self, app):
        self.client = app.test_client()

    async def post(self, data):
        return await self.client.post('/', form=data)

    async def test_post(self):
        await self.post({'a': 'b'})
""",
            id='method',
        ),
        pytest.param(
            """\
def test_methods(client):
    get = client.get
    assert get('/').status_code == 200
    for name in ('put', 'post'):
        method = getattr(client, name)
        assert method('/', data={'a': 'b'}).data == b''
        assert getattr(client, name)('/').json == {}
""",
            """\
async def test_methods(client):
    get = client.get
    assert (await get('/')).status_code == 200
    for name in ('put', 'post'):
        method = getattr(client, name)
        assert await (await method('/', form={'a': 'b'})).data == b''
        assert await (await getattr(client, name)('/')).json == {}
""",
            id='method_by_name',
        ),
    ],
)
def test_fields_are_known_in_helpers(before: str, after: str) -> None:
    """A dict that a helper of tests passes on is sent as fields."""
    assert port(before, name='test_app.py') == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import Response

def read(result):
    if isinstance(result, Response):
        return result.data
    return result.data
""",
            """\
from quart import Response

async def read(result):
    if isinstance(result, Response):
        return await result.data
    return result.data
""",
            id='response',
        ),
    ],
)
def test_narrowed_name_is_known(before: str, after: str) -> None:
    """Below `isinstance`, a name has the type that was asked for."""
    assert port(before) == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import request

class Service:
    @classmethod
    def make(cls):
        return cls()

    def __call__(self):
        return request.form

def show():
    return Service.make()()
""",
            """\
from quart import request

class Service:
    @classmethod
    def make(cls):
        return cls()

    async def __call__(self):
        return await request.form

async def show():
    return await Service.make()()
""",
            id='classmethod',
        ),
        pytest.param(
            """\
from flask import request

class Service:
    @staticmethod
    def call(function):
        return function()

    def __call__(self):
        return request.form
""",
            """\
from quart import request

class Service:
    @staticmethod
    def call(function):
        return function()

    async def __call__(self):
        return await request.form
""",
            id='staticmethod',
        ),
    ],
)
def test_first_parameter_is_an_object_in_methods_only(before: str, after: str) -> None:
    """`cls` is the class, and the first parameter of a static method is anything."""
    assert port(before) == after
