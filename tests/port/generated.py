"""Makes up modules that use Flask, with comments and formatting of all kinds."""

from hypothesis import strategies as st

IMPORTS = [
    'from flask import Flask, request, session, render_template, jsonify, flash, url_for',
    'from flask import (  # of Flask\n    Flask,\n    request,  # the request\n    session,\n)',
    'import flask',
    'import flask as f',
    'from flask import request as req, make_response as respond',
    'import time, os',
    "'''A docstring.'''",
    '# only a comment',
]
ATOMS = [
    'request.form',
    'request.form["a"]',
    "request.form.get('a', 1)",
    'request.args["a"]',
    "request.files['a'].filename",
    'request.get_json()',
    'request.get_json(force = True).get("a")',
    'request.json',
    'flask.request.data',
    'f.render_template("a.html", b = 1)',
    'req.values',
    'render_template(\n        "a.html",  # the template\n        a=1,\n    )',
    'session["a"]',
    'helper(1)',
    'respond("a", 200)',
    'url_for("a")',
    '\'a\' "b"',
    'r"\\d"',
    'f"{request.form[\'a\']!r:>10} {session}"',
    'x',
    '[1, 2,]',
]
FORMATS = [
    '({0})',
    '{0} + {1}',
    '{0} if {1} else x',
    'not {0}',
    '{0} or {1}',
    '[{0} for x in {1}]',
    '[x for x in {0} if {1}]',
    '{{**{0}, "a": {1}}}',
    'list({0})',
    'any({0} for x in {1})',
    'lambda: {0}',
    '({0}, {1})',
    '{0} ** {1}',
    '-{0}',
    'dict(a={0}, **{1})',
    '(y := {0})',
    '{0} [ 0 ]',
    '{0}.b ( )',
]
STATEMENTS = [
    'return {0}',
    'x = {0}  # assigned',
    'x, y = {0}, {1}',
    'x += {0}',
    'flash({0})',
    'assert {0}, {1}',
    'del x',
    'if {0}:\n        pass\n    else:  # otherwise\n        x = {1}',
    'for x in {0}: x',
    'while {0}:\n        break',
    'try:\n        x = {0}\n    finally:\n        pass',
    'with open({0}) as x:\n        y = {1}',
    'print({0}); x = {1};',
    'global z; z = {0}',
    'yield {0}',
    '# a comment alone',
    'def inner(a={0}):\n        return {1}',
    'raise ValueError({0})',
    '"a string"',
]
HEADS = [
    '@app.route("/{n}")\ndef view_{n}():',
    '@app.route( \'/{n}\', methods = ["POST"] )  # a route\ndef view_{n}(a):  # a view',
    '@app.before_request\ndef before_{n}():',
    'def helper(a):',
    'def plain_{n}(*args, **kwargs) -> "str":',
    '@decorate\ndef decorated_{n}():',
    'class C{n}:\n  def method(self):',
    'async def done_{n}():',
]
DECORATOR = (
    'def decorate(view):\n    def wrapped(*a):\n        return view(*a)\n    return wrapped\n'
)


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """Return an expression."""
    if draw(st.integers(0, 2)):
        return draw(st.sampled_from(ATOMS))
    form = draw(st.sampled_from(FORMATS))
    return f'({form.format(draw(expressions()), draw(expressions()))})'


@st.composite
def functions(draw: st.DrawFn) -> str:
    """Return a function with up to four statements."""
    head = draw(st.sampled_from(HEADS)).format(n=draw(st.integers(0, 9)))
    lines = [head]
    for statement in draw(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=4)):
        lines.append(f'    {statement.format(draw(expressions()), draw(expressions()))}')
    lines.append('    pass')
    return '\n'.join(lines)


@st.composite
def modules(draw: st.DrawFn) -> str:
    """Return a module."""
    imports = draw(st.lists(st.sampled_from(IMPORTS), min_size=1, max_size=4))
    parts = ['\n'.join(imports), 'app = flask.Flask(__name__)', DECORATOR]
    parts += draw(st.lists(functions(), min_size=1, max_size=5))
    separator = draw(st.sampled_from(['\n\n\n', '\n', '\n  \n# between\n']))
    return separator.join(parts) + draw(st.sampled_from(['\n', '', '\n\n# end']))
