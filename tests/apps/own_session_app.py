"""Somebody's own app with our cookie sessions; prints the cookie of its first response."""

import asyncio

from quart import Quart, session

from quart_session_demo.sessions import CookieSessionInterface

app = Quart('own')
app.secret_key = 'own'
app.session_interface = CookieSessionInterface()


@app.get('/')
async def index() -> str:
    """Use the session."""
    session['user'] = 'own'
    return 'own'


if __name__ == '__main__':
    print(asyncio.run(app.test_client().get('/')).headers['Set-Cookie'])
