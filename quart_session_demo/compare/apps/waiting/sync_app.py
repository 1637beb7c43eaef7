"""The Flask app under load: the lesson, and a route that waits.

Nothing here imports `quart_session_demo`, which would load Quart and count its memory as Flask's:
the settings come as `FLASK_*` (see `contenders.py`), and the lesson by its path.
"""

import runpy
import time
from pathlib import Path

from flask import Flask, session

LESSON = Path(__file__).parents[1] / 'lesson' / 'flask_lesson.py'

app = Flask('quart_session_demo', static_folder=None)
app.config.from_prefixed_env()
app.register_blueprint(runpy.run_path(str(LESSON), run_name='flask_lesson')['lesson'])


@app.get('/wait/<float:seconds>/')
def wait(seconds: float) -> str:
    """Read the session and wait, as for another service."""
    username = session.get('username')
    time.sleep(seconds)
    return str(username)
