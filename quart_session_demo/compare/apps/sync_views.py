"""A Flask app on Quart with nothing changed but its imports: its views stay synchronous.

This is what somebody gets who replaces `flask` by `quart` in the imports and adds no `await`.
Quart runs each view in a thread of asyncio's default executor. `SYNC_APP` names the Flask app,
`module:app`. `app` in this module is the result, for any ASGI server.
"""

import importlib
import os
import pkgutil
import sys
from types import ModuleType

import quart
from hypercorn.typing import ASGIFramework

from quart_session_demo.serve.app import load_app
from quart_session_demo.serve.settings import ServeError


def replace_flask() -> None:
    """Make `import flask`, and of its modules such as `flask.views`, import Quart's instead."""
    # Quart is built on Flask. It has imported what it needs, and is not affected.
    flask = sys.modules['flask']
    replacement = ModuleType('flask', 'The names of Quart, for an app that imports Flask.')
    names = [name for name in dir(quart) if not name.startswith('_')]
    replacement.__dict__.update({name: getattr(quart, name) for name in names})
    replacement.__dict__['Flask'] = quart.Quart
    replacement.__path__ = flask.__path__
    sys.modules['flask'] = replacement
    for module in pkgutil.iter_modules(quart.__path__):
        if module.name != '__main__':
            sys.modules[f'flask.{module.name}'] = importlib.import_module(f'quart.{module.name}')


def load_sync_app(name: str) -> ASGIFramework:
    """Return a Flask app, `module:app`, as a Quart app with unchanged views.

    Raises:
        ServeError: There is no such app, or its module uses what Quart does not have.
    """
    replace_flask()
    try:
        return load_app(name)
    except ServeError:
        raise
    except Exception as error:
        # One line in the log, and not the starter's frames.
        raise ServeError(
            f'{name} does not run on Quart with unchanged views: {type(error).__name__}: {error}'
        ) from error


app = load_sync_app(os.environ['SYNC_APP'])
