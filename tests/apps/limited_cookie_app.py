"""Somebody's own app with cookie sessions, and with a lifetime that those cannot have."""

from quart import Quart

from quart_session_demo.cli import register
from quart_session_demo.sessions import CookieSessionInterface

app = Quart('own')
app.secret_key = 'a key of an app that does not start'
app.config['SESSION_ABSOLUTE_LIFETIME'] = 43200
app.session_interface = CookieSessionInterface()
register(app)
