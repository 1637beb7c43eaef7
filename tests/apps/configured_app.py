"""A Flask app whose settings are the JSON in APP_CONFIG, and that prints at start and exit."""

import atexit
import json
import os
import threading

import flask

print('hello')
atexit.register(print, 'bye')
if os.environ.get('APP_THREAD'):
    # A thread that never ends.
    threading.Thread(target=threading.Event().wait).start()
app = flask.Flask(__name__)
app.config.update(json.loads(os.environ['APP_CONFIG']))
