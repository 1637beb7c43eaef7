"""`port` enters asynchronous contexts with `async with`."""

import pytest

from tests.port.porting import port


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import Flask

app = Flask(__name__)

def load():
    with app.app_context():
        return 1
""",
            """\
from quart import Quart

app = Quart(__name__)

async def load():
    async with app.app_context():
        return 1
""",
            id='app_context',
        ),
        pytest.param(
            """\
from flask import Flask

app = Flask(__name__)

def load():
    with app.app_context(), open('a') as file:
        return file.read()
""",
            """\
from quart import Quart

app = Quart(__name__)

async def load():
    async with app.app_context():
        with open('a') as file:
            return file.read()
""",
            id='several_items',
        ),
        pytest.param(
            """\
from contextlib import contextmanager
from flask import Flask

app = Flask(__name__)

@contextmanager
def context():
    with app.app_context():
        yield app

def load():
    with context() as entered:
        return entered.name
""",
            """\
from contextlib import asynccontextmanager
from quart import Quart

app = Quart(__name__)

@asynccontextmanager
async def context():
    async with app.app_context():
        yield app

async def load():
    async with context() as entered:
        return entered.name
""",
            id='context_manager',
        ),
        pytest.param(
            """\
import contextlib
from contextlib import contextmanager
from flask import Flask

app = Flask(__name__)

@contextlib.contextmanager
def context():
    with app.app_context():
        yield app

@contextmanager
def other():
    yield

@contextmanager
def third():
    with context() as a:
        yield a
""",
            """\
import contextlib
from contextlib import asynccontextmanager, contextmanager
from quart import Quart

app = Quart(__name__)

@contextlib.asynccontextmanager
async def context():
    async with app.app_context():
        yield app

@contextmanager
def other():
    yield

@asynccontextmanager
async def third():
    async with context() as a:
        yield a
""",
            id='context_manager_of_two',
        ),
        pytest.param(
            """\
from flask import current_app

def load():
    with current_app.open_resource('schema.sql') as file:
        return file.read().decode()
""",
            """\
from quart import current_app

async def load():
    async with await current_app.open_resource('schema.sql') as file:
        return (await file.read()).decode()
""",
            id='resource',
        ),
    ],
)
def test_context_is_entered_asynchronously(before: str, after: str) -> None:
    """`with` becomes `async with` where the context needs it."""
    assert port(before) == after
