"""A Flask app, and Quart ports of it with faults."""

import os
import secrets
import signal
from pathlib import Path

import flask
import quart

from quart_session_demo.sessions import CookieSessionInterface

LONG_TEXT = 'a long response, ' * 10

sync = flask.Flask(__name__)
port = quart.Quart(__name__)
sync.secret_key = port.secret_key = os.environ.get('QUART_SECRET_KEY')
other_key = quart.Quart(__name__)
other_key.secret_key = 'a key that only this port has'
for _app in (port, other_key):
    _app.session_interface = CookieSessionInterface()

# A test of cookies with a Domain sets it.
for _server in (sync, port):
    _server.config['SESSION_COOKIE_DOMAIN'] = os.environ.get('COOKIE_DOMAIN')

# A test of signals needs the process ids of the servers.
if folder := os.environ.get('PIDS'):
    Path(folder, str(os.getpid())).touch()


@sync.get('/count')
def count() -> str:
    """Count the requests of a session."""
    flask.session['count'] = flask.session.get('count', 0) + 1
    return f'count: {flask.session["count"]}'


@port.get('/count')
@other_key.get('/count')
async def port_count() -> str:
    """Do the same as Flask."""
    quart.session['count'] = quart.session.get('count', 0) + 1
    return f'count: {quart.session["count"]}'


@port.after_request
async def add_header(response: quart.typing.ResponseTypes) -> quart.typing.ResponseTypes:
    """Send a header that Flask does not send."""
    response.headers['X-Port'] = 'port'
    return response


@sync.get('/greeting')
def greeting() -> str:
    """Return an environment variable."""
    return os.environ.get('GREETING', 'none')


@port.get('/greeting')
async def port_greeting() -> str:
    """Do the same as Flask."""
    return os.environ.get('GREETING', 'none')


@sync.get('/body')
def body() -> str:
    """Return a long text."""
    return LONG_TEXT + 'the end'


@port.get('/body')
async def port_body() -> str:
    """Return another text."""
    return LONG_TEXT + 'another end'


@sync.get('/missing')
def missing() -> str:
    """Return a page that the port does not have."""
    return 'found'


@sync.get('/cookie')
def cookie() -> flask.Response:
    """Set a cookie."""
    response = flask.Response('cookie')
    response.set_cookie('theme', 'dark', max_age=60, samesite='Lax')
    return response


@port.get('/cookie')
async def port_cookie() -> quart.Response:
    """Set the cookie with another attribute."""
    response = quart.Response('cookie')
    response.set_cookie('theme', 'dark', max_age=60, samesite='Strict')
    return response


@sync.get('/types')
def types() -> str:
    """Store values of several types."""
    flask.session.update(number=1, flag=True, pair=(1, 2), same={'a': (1, b'x')})
    return 'types'


@port.get('/types')
async def port_types() -> str:
    """Store the values, some with another type."""
    quart.session.update(number='1', flag=1, pair=[1, 2], same={'a': (1, b'x')})
    return 'types'


@sync.get('/header')
def header() -> tuple[str, dict[str, str]]:
    """Send headers."""
    return 'header', {'ETag': '"1"', 'Cache-Control': 'private'}


@port.get('/header')
async def port_header() -> tuple[str, dict[str, str]]:
    """Send other headers."""
    return 'header', {'Cache-Control': 'no-store'}


@sync.get('/token')
def token() -> str:
    """Return a form with a new token."""
    flask.session['csrf_token'] = secrets.token_hex(8)
    return f'<input name="csrf_token" value="{flask.session["csrf_token"]}">'


@port.get('/token')
async def port_token() -> str:
    """Do the same as Flask."""
    quart.session['csrf_token'] = secrets.token_hex(8)
    return f'<input name="csrf_token" value="{quart.session["csrf_token"]}">'


@sync.post('/token')
def use_token() -> tuple[str, int]:
    """Check the token."""
    valid = flask.request.form['csrf_token'] == flask.session['csrf_token']
    return flask.request.form['name'], 200 if valid else 403


@port.post('/token')
async def port_use_token() -> tuple[str, int]:
    """Do the same as Flask."""
    form = await quart.request.form
    valid = form['csrf_token'] == quart.session['csrf_token']
    return form['name'], 200 if valid else 403


@sync.put('/json')
def json() -> flask.Response:
    """Return the request's JSON and a header."""
    return flask.jsonify(flask.request.get_json(), flask.request.headers['X-Test'])


@port.put('/json')
async def port_json() -> quart.Response:
    """Do the same as Flask."""
    return quart.jsonify(await quart.request.get_json(), quart.request.headers['X-Test'])


@sync.get('/crash')
def crash() -> str:
    """End the worker process, which gunicorn replaces."""
    os._exit(1)


@port.get('/crash')
async def port_crash() -> str:
    """Respond."""
    return 'fine'


@sync.post('/name')
def name() -> str:
    """Return a field of the form."""
    return flask.request.form['name']


@port.post('/name')
async def port_name() -> str:
    """Do the same as Flask, without an await."""
    name: str = quart.request.form['name']  # type: ignore[index]
    return name


@sync.get('/flash')
def flash() -> str:
    """Store a message."""
    flask.flash('stored')
    return 'flash'


@port.get('/flash')
async def port_flash() -> str:
    """Do the same as Flask, without an await."""
    quart.flash('stored')  # type: ignore[unused-coroutine]
    return 'flash'


@sync.get('/broken')
def broken() -> str:
    """Fail."""
    raise RuntimeError('broken')


@port.get('/broken')
async def port_broken() -> str:
    """Fail, too."""
    raise RuntimeError('broken')


@port.teardown_request
async def log_name(_: BaseException | None) -> None:
    """Log a character that moves a terminal's cursor."""
    if quart.request.path == '/name':
        port.logger.error('torn down \x1b[1A')


@sync.get('/die')
def die() -> str:
    """Respond."""
    return 'alive'


@port.get('/die')
async def port_die() -> str:
    """Kill the server."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 'never'


@sync.get('/reached')
def reached() -> str:
    """Create a file that shows that this step was reached."""
    Path(os.environ['PIDS'], 'reached').touch()
    return 'reached'


@port.get('/reached')
async def port_reached() -> str:
    """Respond."""
    return 'reached'
