"""A shop in Flask and its port to Quart, for the load tests; the port's `/bye` is wrong."""

import secrets

import flask
import quart

sync, port = flask.Flask('sync'), quart.Quart('port')
sync.secret_key = port.secret_key = 'a key'


@sync.get('/form')
def sync_form() -> str:
    flask.session['token'] = secrets.token_hex(8)
    return f'token={flask.session["token"]}'


@port.get('/form')
async def port_form() -> str:
    quart.session['token'] = secrets.token_hex(8)
    return f'token={quart.session["token"]}'


@sync.post('/buy')
def sync_buy() -> tuple[str, int]:
    accepted = flask.request.form['token'] == flask.session.get('token')
    return ('bought', 201) if accepted else ('forged', 403)


@port.post('/buy')
async def port_buy() -> tuple[str, int]:
    accepted = (await quart.request.form)['token'] == quart.session.get('token')
    return ('bought', 201) if accepted else ('forged', 403)


@sync.get('/bye')
def sync_bye() -> str:
    return 'bye'


@port.get('/bye')
async def port_bye() -> str:
    return 'good bye'
