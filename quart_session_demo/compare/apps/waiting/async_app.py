"""The Quart app of `session`, `waiting` and `mixed`: the lesson, and a route that waits."""

import asyncio

from quart import session

from quart_session_demo import create_app

app = create_app()


@app.get('/wait/<float:seconds>/')
async def wait(seconds: float) -> str:
    """Read the session and wait, as for a database."""
    username = session.get('username')
    await asyncio.sleep(seconds)
    return str(username)
