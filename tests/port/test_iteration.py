"""`port` makes generators asynchronous, and iterates over them."""

import pytest

from tests.port.porting import port


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import render_template

def parts():
    yield render_template('a.html')

def view():
    for part in parts():
        print(part)
""",
            """\
from quart import render_template

async def parts():
    yield await render_template('a.html')

async def view():
    async for part in parts():
        print(part)
""",
            id='loop',
        ),
        pytest.param(
            """\
from flask import render_template

def parts():
    yield render_template('a.html')

def view():
    return [part for part in parts()], ''.join(part for part in parts())
""",
            """\
from quart import render_template

async def parts():
    yield await render_template('a.html')

async def view():
    return [part async for part in parts()], ''.join([part async for part in parts()])
""",
            id='comprehensions',
        ),
        pytest.param(
            """\
from flask import render_template

def parts():
    yield render_template('a.html')

def view():
    return list(parts()), ''.join(parts())
""",
            """\
from quart import render_template

async def parts():
    yield await render_template('a.html')

async def view():
    return [item async for item in parts()], ''.join([item async for item in parts()])
""",
            id='readers',
        ),
        pytest.param(
            """\
from flask import render_template

def parts():
    yield render_template('a.html')

def pages():
    yield from ['a', 'b']
    yield from parts()
""",
            """\
from quart import render_template

async def parts():
    yield await render_template('a.html')

async def pages():
    for item in ['a', 'b']:
        yield item
    async for item in parts():
        yield item
""",
            id='yield_from',
        ),
        pytest.param(
            """\
from flask import Response, render_template

def parts():
    yield render_template('a.html')

def view():
    return Response(parts())
""",
            """\
from quart import Response, render_template

async def parts():
    yield await render_template('a.html')

def view():
    return Response(parts())
""",
            id='response',
        ),
    ],
)
def test_generator_is_iterated_asynchronously(before: str, after: str) -> None:
    """The loops over a generator that awaits become `async for`."""
    assert port(before) == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
from flask import Response, stream_with_context

def view():
    def generate(first):
        yield first
    return Response(stream_with_context(generate('a')), mimetype='text/plain')
""",
            """\
from quart import Response, stream_with_context

def view():
    async def generate(first):
        yield first
    return Response(stream_with_context(generate)('a'), mimetype='text/plain')
""",
            id='call',
        ),
        pytest.param(
            """\
from flask import request, stream_with_context

def view():
    @stream_with_context
    def generate():
        yield request.path
    return generate()
""",
            """\
from quart import request, stream_with_context

def view():
    @stream_with_context
    async def generate():
        yield request.path
    return generate()
""",
            id='decorator',
        ),
    ],
)
def test_stream_gets_a_generator_function(before: str, after: str) -> None:
    """`stream_with_context` takes the function, which is async."""
    assert port(before) == after
