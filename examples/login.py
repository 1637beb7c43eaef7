"""The login lesson: register, log in, be remembered, log out, and log out everywhere.

Run this file, open http://127.0.0.1:5000/ in two browsers and log in as the same user.
"""

import secrets
from datetime import timedelta

from quart import Quart, abort, redirect, render_template_string, request, session
from quart.utils import run_sync
from werkzeug.security import check_password_hash, generate_password_hash

from quart_session_demo.sessions import (
    create_session_interface,
    regenerate_session,
    revoke_sessions,
    session_user,
)

app = Quart(__name__)
# Without SECRET_KEY, a restart logs everyone out.
app.config['SECRET_KEY'] = secrets.token_hex(32)
# How long "remember me" lasts after the last request.
app.config['PERMANENT_SESSION_LIFETIME'] = timedelta(days=30)
# Forms on other sites are sent without the session.
app.config['SESSION_COOKIE_SAMESITE'] = 'Lax'
# Sessions are stored on the server: in memory, or with QUART_SESSION_TYPE in redis or sqlalchemy.
app.config['SESSION_TYPE'] = 'memory'
app.config.from_prefixed_env()
app.session_interface = create_session_interface(app)

# By user. A real app stores the hashes in a database.
PASSWORD_HASHES = {}
# Unknown users take as long to check as known ones.
UNKNOWN_USER = generate_password_hash(secrets.token_hex(32))

FORM = """<!doctype html>
<html lang="en"><title>{{ title }}</title>
<h1>{{ title }}</h1>
<p role="status">{{ message }}</p>
<form method="post">
  <label>User <input name="user" autocomplete="username" required></label>
  <label>Password <input name="password" type="password" required></label>
  <label><input name="remember" type="checkbox"> Remember me</label>
  <button>{{ title }}</button>
</form>
<p><a href="/login/">Log in</a> or <a href="/register/">register</a>.</p>
"""
ACCOUNT = """<!doctype html>
<html lang="en"><title>Account</title>
<p>Logged in as {{ user }}.</p>
<form method="post" action="/logout/"><button>Log out</button></form>
<form method="post" action="/logout/everywhere/"><button>Log out everywhere</button></form>
"""


def is_correct(user, password):
    return check_password_hash(PASSWORD_HASHES.get(user, UNKNOWN_USER), password)


async def log_in(user, remember):
    session.permanent = remember
    # The session belongs to the user now. An id from before the login stops working.
    await regenerate_session(user=user)
    return redirect('/')


@app.get('/')
async def account():
    user = session_user()
    if user is None:
        return redirect('/login/')
    return await render_template_string(ACCOUNT, user=user)


@app.get('/register/')
async def register_form():
    return await render_template_string(FORM, title='Register')


@app.post('/register/')
async def register():
    form = await request.form
    if not form['user'] or not form['password']:
        abort(400)
    # A hash is slow on purpose. In a thread, it does not block other requests.
    new = await run_sync(generate_password_hash)(form['password'])
    # In one step, so that two requests cannot both get the name.
    if PASSWORD_HASHES.setdefault(form['user'], new) is not new:
        message = 'This name is taken.'
        return await render_template_string(FORM, title='Register', message=message), 409
    return await log_in(form['user'], 'remember' in form)


@app.get('/login/')
async def login_form():
    return await render_template_string(FORM, title='Log in')


@app.post('/login/')
async def login():
    form = await request.form
    if not await run_sync(is_correct)(form['user'], form['password']):
        message = 'Wrong user or password.'
        return await render_template_string(FORM, title='Log in', message=message), 401
    return await log_in(form['user'], 'remember' in form)


@app.post('/logout/')
async def logout():
    # Deletes the session: a copy of its cookie stops working, too.
    session.clear()
    return redirect('/login/')


@app.post('/logout/everywhere/')
async def logout_everywhere():
    # All sessions of the user, this one included, in every browser.
    if user := session_user():
        await revoke_sessions(user)
    return redirect('/login/')


if __name__ == '__main__':
    app.run()
