"""Print in JSON whether a measured Flask app, `module:app`, has loaded Quart, and its settings."""

import importlib
import json
import sys

module, _, name = sys.argv[1].partition(':')
app = getattr(importlib.import_module(module), name)
lifetime = {'PERMANENT_SESSION_LIFETIME': app.permanent_session_lifetime}
print(json.dumps(['quart' in sys.modules, app.config | lifetime], default=str))
