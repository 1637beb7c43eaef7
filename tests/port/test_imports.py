"""`port` imports from Quart what was imported from Flask."""

import pytest

from tests.port.porting import port


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import Flask, request

app = Flask(__name__)
""",
            """\
from quart import Quart, request

app = Quart(__name__)
""",
            id='from_flask',
        ),
        pytest.param(
            """\
from flask import (
    Flask,  # the app
    jsonify,
)

app = Flask(__name__)
""",
            """\
from quart import (
    Quart,  # the app
    jsonify,
)

app = Quart(__name__)
""",
            id='comments',
        ),
        pytest.param(
            """\
import flask

app = flask.Flask(__name__)
app.add_url_rule('/', view_func=flask.views.View.as_view('a'))
""",
            """\
import quart

app = quart.Quart(__name__)
app.add_url_rule('/', view_func=quart.views.View.as_view('a'))
""",
            id='module',
        ),
        pytest.param(
            """\
import flask as f

def view():
    return f.request.form
""",
            """\
import quart as f

async def view():
    return await f.request.form
""",
            id='module_under_another_name',
        ),
        pytest.param(
            """\
from flask import Flask as App, render_template as render, request as req

app = App(__name__)

def view():
    return render('a.html', form=req.form)
""",
            """\
from quart import Quart as App, render_template as render, request as req

app = App(__name__)

async def view():
    return await render('a.html', form=await req.form)
""",
            id='name_under_another_name',
        ),
        pytest.param(
            """\
import flask.json
from flask import json
from flask.json import dumps, jsonify

def view():
    return flask.json.jsonify(1), json.loads(dumps(1))
""",
            """\
import quart.json
from quart import json
from quart.json import dumps, jsonify

def view():
    return quart.json.jsonify(1), json.loads(dumps(1))
""",
            id='json',
        ),
        pytest.param(
            """\
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask
try:
    from flask import ctx
except ImportError:
    ctx = None
""",
            """\
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quart import Quart
try:
    from quart import ctx
except ImportError:
    ctx = None
""",
            id='conditional',
        ),
        pytest.param(
            """\
from flask import *

__all__ = ['view']

def view():
    return request.form
""",
            """\
from quart import *

__all__ = ['view']

async def view():
    return await request.form
""",
            id='star',
        ),
        pytest.param(
            """\
import flask
from flask import Flask

def view(app: 'Flask', other: 'flask.Flask | None') -> 'flask.Response':
    return app.make_response('a')
""",
            """\
import quart
from quart import Quart

async def view(app: 'Quart', other: 'quart.Quart | None') -> 'quart.Response':
    return await app.make_response('a')
""",
            id='string_annotation',
        ),
        pytest.param(
            """\
from flask import Markup, escape, request

def view():
    return Markup('<b>%s</b>') % escape(request.args['a'])
""",
            """\
from quart import request
from markupsafe import Markup, escape

def view():
    return Markup('<b>%s</b>') % escape(request.args['a'])
""",
            id='moved',
        ),
        pytest.param(
            """\
TEXT = 'from flask import Flask'
""",
            """\
TEXT = 'from flask import Flask'
""",
            id='only_in_a_string',
        ),
    ],
)
def test_import_names_quart(before: str, after: str) -> None:
    """All forms of imports, and the uses of what they import, name Quart."""
    assert port(before) == after
