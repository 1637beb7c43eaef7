"""`port` gives commands an app context, and an event loop where they await."""

import pytest

from tests.port.porting import port


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import Flask, current_app

app = Flask(__name__)

@app.cli.command('show')
def show():
    print(current_app.name)
""",
            """\
from quart import Quart, current_app

app = Quart(__name__)

@app.cli.command('show', with_appcontext=True)
def show():
    print(current_app.name)
""",
            id='of_app',
        ),
        pytest.param(
            """\
from flask import Blueprint

blueprint = Blueprint('a', __name__, cli_group=None)

@blueprint.cli.group()
def translate():
    pass

@translate.command()
def update():
    print('updated')
""",
            """\
from quart import Blueprint

blueprint = Blueprint('a', __name__, cli_group=None)

@blueprint.cli.group()
def translate():
    pass

@translate.command(with_appcontext=True)
def update():
    print('updated')
""",
            id='of_group',
        ),
        pytest.param(
            """\
import click
from flask import Flask

app = Flask(__name__)

@click.command('show')
def show():
    print('a')

app.cli.add_command(show)
""",
            """\
import click
from quart import Quart
from quart.cli import with_appcontext

app = Quart(__name__)

@click.command('show')
@with_appcontext
def show():
    print('a')

app.cli.add_command(show)
""",
            id='added',
        ),
        pytest.param(
            """\
import click
from flask.cli import with_appcontext

@click.command('show')
@with_appcontext
def show():
    print('a')
""",
            """\
import click
from quart.cli import with_appcontext

@click.command('show')
@with_appcontext
def show():
    print('a')
""",
            id='with_appcontext',
        ),
    ],
)
def test_command_keeps_its_context(before: str, after: str) -> None:
    """A command runs in an app context, as it does in Flask."""
    assert port(before) == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            '''\
import click
from flask import current_app
from flask.cli import with_appcontext

def load():
    with current_app.open_resource('a') as file:
        return file.read()

@click.command('show')
@with_appcontext
def show():
    """Show it."""
    print(load())
''',
            '''\
import click
from quart import current_app
from quart.cli import pass_script_info
import asyncio

async def load():
    async with await current_app.open_resource('a') as file:
        return await file.read()

@click.command('show')
@pass_script_info
def show(script_info):
    """Show it."""

    async def run():
        async with script_info.load_app().app_context():
            print(await load())

    asyncio.run(run())
''',
            id='with_appcontext',
        ),
        pytest.param(
            """\
from flask import Flask, render_template

app = Flask(__name__)

@app.cli.command('show')
def show(name):
    name = name.upper()
    print(render_template('a.html', name=name))
""",
            """\
from quart import Quart, render_template
import asyncio
from quart.cli import pass_script_info

app = Quart(__name__)

@app.cli.command('show')
@pass_script_info
def show(script_info, name):
    async def run():
        nonlocal name
        async with script_info.load_app().app_context():
            name = name.upper()
            print(await render_template('a.html', name=name))

    asyncio.run(run())
""",
            id='parameter_is_assigned',
        ),
        pytest.param(
            """\
import click
from flask import Flask

app = Flask(__name__)

@click.command()
def show():
    with app.app_context():
        print('a')
""",
            """\
import click
from quart import Quart
import asyncio

app = Quart(__name__)

@click.command()
def show():
    async def run():
        async with app.app_context():
            print('a')

    asyncio.run(run())
""",
            id='script',
        ),
        pytest.param(
            """\
from flask import Flask, render_template

app = Flask(__name__)

@app.cli.command('show')
def show(): print(render_template('a.html'))
""",
            """\
from quart import Quart, render_template
import asyncio
from quart.cli import pass_script_info

app = Quart(__name__)

@app.cli.command('show')
@pass_script_info
def show(script_info):
    async def run():
        async with script_info.load_app().app_context():
            print(await render_template('a.html'))

    asyncio.run(run())
""",
            id='one_line',
        ),
    ],
)
def test_command_that_awaits_has_a_loop(before: str, after: str) -> None:
    """A command that awaits runs a coroutine, in an app context."""
    assert port(before) == after
