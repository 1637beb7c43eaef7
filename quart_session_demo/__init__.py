"""The classic flask.session lesson, re-done on Quart: `hypercorn quart_session_demo:app`."""

from quart_session_demo.config import ConfigError
from quart_session_demo.factory import create_app

__all__ = ['app', 'create_app']

try:
    app = create_app()
except ConfigError as error:
    # SystemExit is what Hypercorn and the Quart CLI pass on as one line, without a traceback.
    raise SystemExit(f'quart_session_demo: {error}') from None
