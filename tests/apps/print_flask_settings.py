"""Print in JSON whether the measured Flask app has loaded Quart, and the app's settings."""

import json
import sys

from quart_session_demo.compare.apps.waiting.sync_app import app

lifetime = {'PERMANENT_SESSION_LIFETIME': app.permanent_session_lifetime}
print(json.dumps(['quart' in sys.modules, app.config | lifetime], default=str))
