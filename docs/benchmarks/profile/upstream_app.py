"""The lesson on stock Quart, with one of the changes of `upstream_changes.py`, or none."""

import os

from quart import Quart
from upstream_changes import CHANGES

from quart_session_demo.lesson import lesson

#: The variable that names the change.
CHANGE = 'UPSTREAM_CHANGE'

if name := os.environ.get(CHANGE):
    CHANGES[name].apply()

app = Quart(__name__)
app.config.from_prefixed_env()
app.register_blueprint(lesson)
