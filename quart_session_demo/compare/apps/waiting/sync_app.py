"""The Flask app of `session`, `waiting` and `mixed`: the lesson, and a route that waits.

It must not load Quart, whose memory would count as Flask's. So it gets its settings from the
environment (`FLASK_*`) and not from `create_app`; see `compare/load/contenders.py`.
"""

import time

from flask import Flask, session

from quart_session_demo.compare.apps.lesson.flask_lesson import lesson

app = Flask('quart_session_demo', static_folder=None)
app.config.from_prefixed_env()
app.register_blueprint(lesson)


@app.get('/wait/<float:seconds>/')
def wait(seconds: float) -> str:
    """Read the session and wait, as for a database."""
    username = session.get('username')
    time.sleep(seconds)
    return str(username)
