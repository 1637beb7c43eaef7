"""`port` awaits what Quart has as a coroutine."""

import pytest

from tests.port.porting import port


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import request

def view():
    return request.form['a'], request.files['b'].filename
""",
            """\
from quart import request

async def view():
    return (await request.form)['a'], (await request.files)['b'].filename
""",
            id='subscript',
        ),
        pytest.param(
            """\
from flask import request

def view():
    return request.get_json().get('a')
""",
            """\
from quart import request

async def view():
    return (await request.get_json()).get('a')
""",
            id='call_of_a_member',
        ),
        pytest.param(
            """\
from flask import request

def view():
    if (name := request.form.get('name')):
        return f"{request.form['a']!r:>10} {name}"
""",
            """\
from quart import request

async def view():
    if (name := (await request.form).get('name')):
        return f"{(await request.form)['a']!r:>10} {name}"
""",
            id='walrus_and_f_string',
        ),
        pytest.param(
            """\
from flask import request

def view():
    return request.form['a'] if 'a' in request.form else request.data or b''
""",
            """\
from quart import request

async def view():
    return (await request.form)['a'] if 'a' in await request.form else await request.data or b''
""",
            id='condition',
        ),
        pytest.param(
            """\
from flask import request

def view():
    return dict(*request.form, **request.form, a=request.json)
""",
            """\
from quart import request

async def view():
    return dict(*await request.form, **await request.form, a=await request.json)
""",
            id='arguments',
        ),
        pytest.param(
            """\
from flask import request

def view(total):
    total += request.json['a'] ** 2
    assert not request.form, -request.get_json()
""",
            """\
from quart import request

async def view(total):
    total += (await request.json)['a'] ** 2
    assert not await request.form, -await request.get_json()
""",
            id='operators',
        ),
        pytest.param(
            """\
from flask import request

def view():
    return [request.form[key] for key in 'ab'], {key for key in request.form}
""",
            """\
from quart import request

async def view():
    return [(await request.form)[key] for key in 'ab'], {key for key in await request.form}
""",
            id='comprehension',
        ),
        pytest.param(
            """\
from flask import request

def view():
    return sum(int(request.form[key]) for key in 'ab')
""",
            """\
from quart import request

async def view():
    return sum([int((await request.form)[key]) for key in 'ab'])
""",
            id='generator_expression',
        ),
        pytest.param(
            """\
from flask import request

def view():
    return (request.json)
""",
            """\
from quart import request

async def view():
    return await (request.json)
""",
            id='in_parentheses',
        ),
        pytest.param(
            """\
from flask import request

def view():
    del request.form['a']
""",
            """\
from quart import request

async def view():
    del (await request.form)['a']
""",
            id='del_statement',
        ),
    ],
)
def test_expression_is_awaited(before: str, after: str) -> None:
    """An awaited value keeps its place in the expression around it."""
    assert port(before) == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import make_response

def view():
    response = make_response('a')
    response.data = b'b'
    return response
""",
            """\
from quart import make_response

async def view():
    response = await make_response('a')
    response.data = b'b'
    return response
""",
            id='response_data',
        ),
    ],
)
def test_attribute_that_is_assigned_is_not_awaited(before: str, after: str) -> None:
    """Only what is read is awaited."""
    assert port(before) == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import flash, make_response, render_template, send_file, url_for

def view():
    flash('saved')
    make_response(send_file('a.txt'))
    return render_template('a.html', url=url_for('view')), 201
""",
            """\
from quart import flash, make_response, render_template, send_file, url_for

async def view():
    await flash('saved')
    await make_response(await send_file('a.txt'))
    return await render_template('a.html', url=url_for('view')), 201
""",
            id='templates_and_files',
        ),
        pytest.param(
            """\
from flask import request

def view():
    for upload in request.files.getlist('photos'):
        upload.save(upload.filename)
""",
            """\
from quart import request

async def view():
    for upload in (await request.files).getlist('photos'):
        await upload.save(upload.filename)
""",
            id='upload',
        ),
        pytest.param(
            """\
from flask import request

def a(): return request.form['a']
def b(): form = request.form; return form
""",
            """\
from quart import request

async def a(): return (await request.form)['a']
async def b(): form = await request.form; return form
""",
            id='one_line',
        ),
        pytest.param(
            """\
from flask import request

async def view():
    return request.form
""",
            """\
from quart import request

async def view():
    return await request.form
""",
            id='already_async',
        ),
    ],
)
def test_function_of_module_is_awaited(before: str, after: str) -> None:
    """Functions of Quart are awaited where they are called."""
    assert port(before) == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import Flask

app = Flask(__name__)

def main():
    with app.app_context():
        print('made')

if __name__ == '__main__':
    main()
""",
            """\
from quart import Quart
import asyncio

app = Quart(__name__)

async def main():
    async with app.app_context():
        print('made')

if __name__ == '__main__':
    asyncio.run(main())
""",
            id='main',
        ),
    ],
)
def test_script_runs_async_function(before: str, after: str) -> None:
    """A script runs its main function in an event loop."""
    assert port(before) == after
