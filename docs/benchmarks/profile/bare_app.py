"""A Quart app with one route, with which the start of the demo app is compared."""

from quart import Quart

app = Quart(__name__)


@app.get('/')
async def index() -> str:
    """Return a short text."""
    return 'index'
