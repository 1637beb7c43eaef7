"""The lesson with Quart's own sessions."""

from quart.sessions import SecureCookieSessionInterface

from quart_session_demo import create_app

app = create_app()
app.session_interface = SecureCookieSessionInterface()
