"""A shop that is deployed as docs/deployment.md shows, with a login and sessions on Redis."""

import asyncio
import os

from quart import Quart, abort, redirect, render_template, request, session, url_for, websocket
from werkzeug.security import check_password_hash, generate_password_hash

from quart_session_demo.cli import register
from quart_session_demo.middleware import add_middleware
from quart_session_demo.sessions import create_session_interface, regenerate_session


def create_app():
    app = Quart(__name__)
    app.config.update(
        SECRET_KEY=os.environ['QUART_SECRET_KEY'],
        SESSION_COOKIE_NAME='__Host-session',
        SESSION_COOKIE_SAMESITE='Lax',
        SESSION_COOKIE_SECURE=True,
        FORCE_HTTPS=True,
        STRICT_TRANSPORT_SECURITY='max-age=31536000; includeSubDomains',
    )
    app.config.update(
        SESSION_TYPE='redis',
        SESSION_REDIS_URL=os.environ['REDIS_URL'],
        SESSION_ABSOLUTE_LIFETIME=12 * 3600,
        SESSION_BROWSER_LIFETIME=24 * 3600,
    )
    app.config.from_prefixed_env('QUART')
    app.session_interface = create_session_interface(app)
    add_middleware(app)
    register(app)
    users = {'ann': generate_password_hash(os.environ['ANNS_PASSWORD'])}

    @app.get('/login')
    async def show_login():
        return await render_template('login.html')

    @app.post('/login')
    async def log_in():
        form = await request.form
        hashed = users.get(form['user'], '')
        if not await asyncio.to_thread(check_password_hash, hashed, form['password']):
            abort(403)
        session['user'] = form['user']
        await regenerate_session()
        return redirect(url_for('account', _external=True), 303)

    @app.get('/account')
    async def account():
        return {
            'user': session.get('user'),
            'process': os.getpid(),
            'url': request.url,
            'external': url_for('account', _external=True),
            'client': request.remote_addr,
        }

    @app.post('/items')
    async def add_item():
        session['items'] = session.get('items', 0) + 1
        return {'items': session['items']}

    @app.websocket('/ws')
    async def greet():
        await websocket.send(f'{session.get("user")} {websocket.url}')

    return app
