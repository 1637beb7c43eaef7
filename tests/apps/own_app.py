"""Somebody's own app: Quart's stock sessions, and the commands of this package."""

from quart import Quart

from quart_session_demo.cli import register

app = Quart(__name__)
app.secret_key = 'a short key'
register(app)
