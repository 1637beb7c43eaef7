"""`port` makes the decorators of an app asynchronous."""

import pytest

from tests.port.porting import found, port


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from functools import wraps
from flask import Flask, g, redirect, render_template

app = Flask(__name__)

def login_required(view):
    @wraps(view)
    def wrapped(**kwargs):
        if g.user is None:
            return redirect('/login')
        return view(**kwargs)
    return wrapped

@app.get('/')
@login_required
def index():
    return render_template('index.html')
""",
            """\
from functools import wraps
from quart import current_app, Quart, g, redirect, render_template

app = Quart(__name__)

def login_required(view):
    @wraps(view)
    async def wrapped(**kwargs):
        if g.user is None:
            return redirect('/login')
        return await current_app.ensure_async(view)(**kwargs)
    return wrapped

@app.get('/')
@login_required
async def index():
    return await render_template('index.html')
""",
            id='wraps',
        ),
        pytest.param(
            """\
from flask import Flask, request

app = Flask(__name__)

def role_required(role):
    def decorator(view):
        def inner(*args, **kwargs):
            if request.form.get('role') != role:
                return 'forbidden', 403
            return view(*args, **kwargs)
        return inner
    return decorator

@app.post('/')
@role_required('admin')
def index():
    return 'index'
""",
            """\
from quart import current_app, Quart, request

app = Quart(__name__)

def role_required(role):
    def decorator(view):
        async def inner(*args, **kwargs):
            if (await request.form).get('role') != role:
                return 'forbidden', 403
            return await current_app.ensure_async(view)(*args, **kwargs)
        return inner
    return decorator

@app.post('/')
@role_required('admin')
def index():
    return 'index'
""",
            id='arguments',
        ),
        pytest.param(
            """\
from flask import Flask, render_template

app = Flask(__name__)

def logged(view):
    def inner():
        print(view)
        return view()
    return inner

def index():
    return render_template('index.html')

index = logged(index)
app.add_url_rule('/', view_func=index)
""",
            """\
from quart import current_app, Quart, render_template

app = Quart(__name__)

def logged(view):
    async def inner():
        print(view)
        return await current_app.ensure_async(view)()
    return inner

async def index():
    return await render_template('index.html')

index = logged(index)
app.add_url_rule('/', view_func=index)
""",
            id='applied_by_call',
        ),
        pytest.param(
            """\
from flask import request
from flask.views import MethodView

def logged(view):
    def inner(*args):
        return view(*args)
    return inner

class Item(MethodView):
    decorators = [logged]

    def post(self):
        return request.get_json()
""",
            """\
from quart import current_app, request
from quart.views import MethodView

def logged(view):
    async def inner(*args):
        return await current_app.ensure_async(view)(*args)
    return inner

class Item(MethodView):
    decorators = [logged]

    async def post(self):
        return await request.get_json()
""",
            id='decorators_of_view',
        ),
        pytest.param(
            """\
from flask import request
from flask.views import MethodView

def logged(view):
    def inner(*args):
        return view(*args)
    return inner

class Base(MethodView):
    decorators = [logged]

class Item(Base):
    def post(self):
        return request.get_json()
""",
            """\
from quart import current_app, request
from quart.views import MethodView

def logged(view):
    async def inner(*args):
        return await current_app.ensure_async(view)(*args)
    return inner

class Base(MethodView):
    decorators = [logged]

class Item(Base):
    async def post(self):
        return await request.get_json()
""",
            id='decorators_of_base_view',
        ),
        pytest.param(
            """\
from flask import Flask, current_app, render_template

app = Flask(__name__)

def logged(view):
    def inner():
        return current_app.ensure_sync(view)()
    return inner

@app.get('/')
@logged
def index():
    return render_template('index.html')
""",
            """\
from quart import Quart, current_app, render_template

app = Quart(__name__)

def logged(view):
    async def inner():
        return await current_app.ensure_async(view)()
    return inner

@app.get('/')
@logged
async def index():
    return await render_template('index.html')
""",
            id='ensure_sync',
        ),
        pytest.param(
            """\
from flask import Flask
from flask.views import MethodView

app = Flask(__name__)

def logged(view):
    def inner(*args):
        return view(*args)
    return inner

class Item(MethodView):
    def get(self):
        return 'a'

app.add_url_rule('/a', view_func=logged(Item.as_view('item')))
""",
            """\
from quart import current_app, Quart
from quart.views import MethodView

app = Quart(__name__)

def logged(view):
    async def inner(*args):
        return await current_app.ensure_async(view)(*args)
    return inner

class Item(MethodView):
    def get(self):
        return 'a'

app.add_url_rule('/a', view_func=logged(Item.as_view('item')))
""",
            id='as_view',
        ),
    ],
)
def test_decorator_awaits_its_function(before: str, after: str) -> None:
    """The inner function awaits the view, which may be async or not."""
    assert port(before) == after


def test_object_can_be_a_decorator() -> None:
    """`__call__` of an object is a decorator as a function is, and is not reported."""
    source = """\
from functools import wraps
from flask import Flask, make_response, request

app = Flask(__name__)

class cached:
    def __init__(self, seconds):
        self.seconds = seconds

    def __call__(self, view):
        @wraps(view)
        def wrapper(*args, **kwargs):
            return make_response(view(*args, **kwargs))
        return wrapper

@app.post('/')
@cached(5)
def index():
    return request.form
"""
    ported = """\
from functools import wraps
from quart import current_app, Quart, make_response, request

app = Quart(__name__)

class cached:
    def __init__(self, seconds):
        self.seconds = seconds

    def __call__(self, view):
        @wraps(view)
        async def wrapper(*args, **kwargs):
            return await make_response(await current_app.ensure_async(view)(*args, **kwargs))
        return wrapper

@app.post('/')
@cached(5)
async def index():
    return await request.form
"""
    assert port(source) == ported
    assert found(source) == []
