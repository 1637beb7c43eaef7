"""The demo, with a route that fills the session."""

from quart import session

from quart_session_demo import create_app

# For a server.
app = create_app()


@app.get('/fill/<int:keys>/<int:length>')
async def fill(keys: int, length: int) -> str:
    """Store so many keys, each with a text of this length."""
    session.update({f'key {number}': 'v' * length for number in range(keys)})
    return ''
