"""The Flask app under load: the lesson, and a route that waits."""

import time

from flask import session

from quart_session_demo.compare.flask_app import create_flask_app

app = create_flask_app()


@app.get('/wait/<float:seconds>/')
def wait(seconds: float) -> str:
    """Read the session and wait, as for another service."""
    username = session.get('username')
    time.sleep(seconds)
    return str(username)
