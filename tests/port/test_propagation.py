"""`port` makes the callers of async functions async, and their callers."""

import pytest

from tests.port.porting import port


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import render_template

def even(number):
    return odd(number - 1) if number else render_template('even.html')

def odd(number):
    return even(number - 1) if number else 'odd'
""",
            """\
from quart import render_template

async def even(number):
    return await odd(number - 1) if number else await render_template('even.html')

async def odd(number):
    return await even(number - 1) if number else 'odd'
""",
            id='recursion',
        ),
        pytest.param(
            """\
from flask import render_template

def one():
    return render_template('a.html')

first = one
render = render_template

def two():
    return first() + render('b.html')
""",
            """\
from quart import render_template

async def one():
    return await render_template('a.html')

first = one
render = render_template

async def two():
    return await first() + await render('b.html')
""",
            id='alias',
        ),
        pytest.param(
            """\
from flask import render_template

def outer(*args):
    def inner():
        return render_template('a.html', args=args)
    return inner()
""",
            """\
from quart import render_template

async def outer(*args):
    async def inner():
        return await render_template('a.html', args=args)
    return await inner()
""",
            id='nested',
        ),
        pytest.param(
            """\
import sys
from flask import render_template

if sys.platform == 'linux':
    def render():
        return render_template('a.html')
else:
    def render():
        return 'a'

def view():
    return render()
""",
            """\
import sys
from quart import render_template

if sys.platform == 'linux':
    async def render():
        return await render_template('a.html')
else:
    async def render():
        return 'a'

async def view():
    return await render()
""",
            id='branches',
        ),
        pytest.param(
            """\
from flask import render_template

def one():
    return render_template('a.html')

def two():
    return 'b'

HANDLERS = {'one': one, 'two': two}

def view(name):
    handler = HANDLERS.get(name)
    return handler() or HANDLERS[name]()
""",
            """\
from quart import render_template

async def one():
    return await render_template('a.html')

async def two():
    return 'b'

HANDLERS = {'one': one, 'two': two}

async def view(name):
    handler = HANDLERS.get(name)
    return await handler() or await HANDLERS[name]()
""",
            id='handlers_in_a_dict',
        ),
        pytest.param(
            """\
from flask import render_template

def one():
    return render_template('a.html')

def two(name):
    return name

def call(function, *args):
    return function(*args)

def view():
    return call(one) + call(function=two)
""",
            """\
from quart import render_template

async def one():
    return await render_template('a.html')

async def two(name):
    return name

async def call(function, *args):
    return await function(*args)

async def view():
    return await call(one) + await call(function=two)
""",
            id='function_as_argument',
        ),
        pytest.param(
            """\
from functools import partial
from flask import render_template

def show(name):
    return render_template(name)

index = partial(show, 'index.html')

def view():
    return index()
""",
            """\
from functools import partial
from quart import render_template

async def show(name):
    return await render_template(name)

index = partial(show, 'index.html')

async def view():
    return await index()
""",
            id='partial',
        ),
        pytest.param(
            """\
from flask import Flask, render_template

app = Flask(__name__)

def show(error):
    return render_template('error.html', error=error), 500

app.register_error_handler(500, show)
app.errorhandler(501)(show)

@app.errorhandler(ValueError)
def on_value_error(error):
    return show(error)
""",
            """\
from quart import Quart, render_template

app = Quart(__name__)

async def show(error):
    return await render_template('error.html', error=error), 500

app.register_error_handler(500, show)
app.errorhandler(501)(show)

@app.errorhandler(ValueError)
async def on_value_error(error):
    return await show(error)
""",
            id='error_handlers',
        ),
        pytest.param(
            """\
from flask import Flask, jsonify, url_for

app = Flask(__name__)

@app.get('/')
def index():
    return jsonify(url_for('index'))
""",
            """\
from quart import Quart, jsonify, url_for

app = Quart(__name__)

@app.get('/')
def index():
    return jsonify(url_for('index'))
""",
            id='other_functions_stay',
        ),
    ],
)
def test_callers_become_async(before: str, after: str) -> None:
    """Each function that calls an async function awaits it."""
    assert port(before) == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import render_template

class Base:
    def show(self):
        return self.render()

    def render(self):
        raise NotImplementedError

class Page(Base):
    def render(self):
        return render_template('a.html')

class Long(Page):
    def render(self):
        return super().render() + 'b'
""",
            """\
from quart import render_template

class Base:
    async def show(self):
        return await self.render()

    async def render(self):
        raise NotImplementedError

class Page(Base):
    async def render(self):
        return await render_template('a.html')

class Long(Page):
    async def render(self):
        return await super().render() + 'b'
""",
            id='override',
        ),
        pytest.param(
            """\
from flask import request

class Form:
    @staticmethod
    def fields():
        return request.form

    @classmethod
    def load(cls):
        return cls.fields()['a']

def view():
    return Form.load()
""",
            """\
from quart import request

class Form:
    @staticmethod
    async def fields():
        return await request.form

    @classmethod
    async def load(cls):
        return (await cls.fields())['a']

async def view():
    return await Form.load()
""",
            id='static_and_class_methods',
        ),
        pytest.param(
            """\
from flask import request

class Form:
    def load(self):
        return request.form

class Service:
    def __init__(self):
        self.form = Form()

service = Service()

def view():
    return service.form.load()
""",
            """\
from quart import request

class Form:
    async def load(self):
        return await request.form

class Service:
    def __init__(self):
        self.form = Form()

service = Service()

async def view():
    return await service.form.load()
""",
            id='object_in_an_attribute',
        ),
        pytest.param(
            """\
from typing import Optional
from flask import request

class Form:
    def load(self):
        return request.form

def one(form: 'Form'):
    return form.load()

def two(form: Optional[Form]):
    return form.load()
""",
            """\
from typing import Optional
from quart import request

class Form:
    async def load(self):
        return await request.form

async def one(form: 'Form'):
    return await form.load()

async def two(form: Optional[Form]):
    return await form.load()
""",
            id='annotation',
        ),
        pytest.param(
            """\
from flask import request

class Form:
    def __call__(self):
        return request.form

form = Form()

def view():
    return form()
""",
            """\
from quart import request

class Form:
    async def __call__(self):
        return await request.form

form = Form()

async def view():
    return await form()
""",
            id='call_method',
        ),
        pytest.param(
            """\
from flask import flash, redirect

class FlashAndRedirect(object):
    def __call__(self, url):
        flash('moved')
        return redirect(url)

go = FlashAndRedirect()

def view():
    return go('/')
""",
            """\
from quart import flash, redirect

class FlashAndRedirect(object):
    async def __call__(self, url):
        await flash('moved')
        return redirect(url)

go = FlashAndRedirect()

async def view():
    return await go('/')
""",
            id='call_method_of_object',
        ),
        pytest.param(
            """\
from flask import Flask, render_template, request
from flask.views import MethodView, View

app = Flask(__name__)

class Item(MethodView):
    init_every_request = False

    def get(self, id):
        return self.load()

    def load(self):
        return request.get_json()

class Page(View):
    def dispatch_request(self):
        return render_template('a.html')

app.add_url_rule('/<id>', view_func=Item.as_view('item'))
""",
            """\
from quart import Quart, render_template, request
from quart.views import MethodView, View

app = Quart(__name__)

class Item(MethodView):
    init_every_request = False

    async def get(self, id):
        return await self.load()

    async def load(self):
        return await request.get_json()

class Page(View):
    async def dispatch_request(self):
        return await render_template('a.html')

app.add_url_rule('/<id>', view_func=Item.as_view('item'))
""",
            id='views',
        ),
    ],
)
def test_methods_become_async(before: str, after: str) -> None:
    """Methods are async in a class, its base classes and its subclasses."""
    assert port(before) == after
