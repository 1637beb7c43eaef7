"""Apps for test_parity, run by real servers: a Flask one, and Quart ports of it with faults."""

import os
import secrets
import signal
from pathlib import Path

import flask
import quart
from quart.sessions import SecureCookieSessionInterface

from quart_session_demo import create_app
from quart_session_demo.sessions import CookieSessionInterface

stock = create_app()
stock.session_interface = SecureCookieSessionInterface()

sync = flask.Flask(__name__)
port = quart.Quart(__name__)
sync.secret_key = port.secret_key = os.environ.get('QUART_SECRET_KEY')
other_key = quart.Quart(__name__)
other_key.secret_key = 'the key of this port alone'
for _app in (port, other_key):
    _app.session_interface = CookieSessionInterface()

if folder := os.environ.get('PIDS'):
    Path(folder, str(os.getpid())).touch()


@sync.get('/count')
def count() -> str:
    flask.session['visits'] = flask.session.get('visits', 0) + 1
    return f'visits: {flask.session["visits"]}'


@port.get('/count')
@other_key.get('/count')
async def port_count() -> str:
    quart.session['visits'] = quart.session.get('visits', 0) + 1
    return f'visits: {quart.session["visits"]}'


@port.after_request
async def sign(response: quart.typing.ResponseTypes) -> quart.typing.ResponseTypes:
    response.headers['X-Port'] = 'port'
    return response


@sync.get('/greeting')
def greeting() -> str:
    return os.environ.get('GREETING', 'none')


@port.get('/greeting')
async def port_greeting() -> str:
    return os.environ.get('GREETING', 'none')


@sync.get('/reply')
def reply() -> str:
    return 'a long reply, ' * 10 + 'which ends'


@port.get('/reply')
async def port_reply() -> str:
    return 'a long reply, ' * 10 + 'which differs'


@sync.get('/missing')
def missing() -> str:
    return 'found'


@sync.get('/cookie')
def cookie() -> flask.Response:
    response = flask.Response('cookie')
    response.set_cookie('theme', 'dark', max_age=60, samesite='Lax')
    return response


@port.get('/cookie')
async def port_cookie() -> quart.Response:
    response = quart.Response('cookie')
    response.set_cookie('theme', 'dark', max_age=60, samesite='Strict')
    return response


@sync.get('/types')
def types() -> str:
    flask.session.update(number=1, flag=True, pair=(1, 2), same={'a': (1, b'x')})
    return 'types'


@port.get('/types')
async def port_types() -> str:
    quart.session.update(number='1', flag=1, pair=[1, 2], same={'a': (1, b'x')})
    return 'types'


@sync.get('/header')
def header() -> tuple[str, dict[str, str]]:
    return 'header', {'ETag': '"1"', 'Cache-Control': 'private'}


@port.get('/header')
async def port_header() -> tuple[str, dict[str, str]]:
    return 'header', {'Cache-Control': 'no-store'}


@sync.get('/token')
def token() -> str:
    flask.session['csrf_token'] = secrets.token_hex(8)
    return f'<input name="csrf_token" value="{flask.session["csrf_token"]}">'


@port.get('/token')
async def port_token() -> str:
    quart.session['csrf_token'] = secrets.token_hex(8)
    return f'<input name="csrf_token" value="{quart.session["csrf_token"]}">'


@sync.post('/token')
def use_token() -> tuple[str, int]:
    good = flask.request.form['csrf_token'] == flask.session['csrf_token']
    return flask.request.form['name'], 200 if good else 403


@port.post('/token')
async def port_use_token() -> tuple[str, int]:
    form = await quart.request.form
    good = form['csrf_token'] == quart.session['csrf_token']
    return form['name'], 200 if good else 403


@sync.put('/json')
def json() -> flask.Response:
    return flask.jsonify(flask.request.get_json(), flask.request.headers['X-Test'])


@port.put('/json')
async def port_json() -> quart.Response:
    return quart.jsonify(await quart.request.get_json(), quart.request.headers['X-Test'])


@sync.get('/crash')
def crash() -> str:
    os._exit(1)


@port.get('/crash')
async def port_crash() -> str:
    return 'fine'


@sync.get('/die')
def die() -> str:
    return 'alive'


@port.get('/die')
async def port_die() -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return 'never'


@sync.get('/reached')
def reached() -> str:
    Path(os.environ['PIDS'], 'reached').touch()
    return 'reached'


@port.get('/reached')
async def port_reached() -> str:
    return 'reached'
