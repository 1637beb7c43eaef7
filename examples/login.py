"""Log in, log out, a page for logged-in users, and "remember me", with the session.

Run this file and open http://127.0.0.1:5000/ (user `zhiliao`, password `tea`).
"""

import os
import secrets
from datetime import timedelta

from quart import Quart, redirect, render_template_string, request, session
from quart.utils import run_sync
from werkzeug.security import check_password_hash, generate_password_hash

from quart_session_demo.sessions import CookieSessionInterface, regenerate_session

app = Quart(__name__)
app.session_interface = CookieSessionInterface()
# Without SECRET_KEY, a restart logs everyone out.
app.config['SECRET_KEY'] = os.environ.get('SECRET_KEY') or secrets.token_hex(32)
# How long "remember me" lasts after the last request.
app.config['PERMANENT_SESSION_LIFETIME'] = timedelta(days=30)
# Forms on other sites are sent without the session.
app.config['SESSION_COOKIE_SAMESITE'] = 'Lax'

# A real app stores the hashes in a database.
PASSWORD_HASHES = {'zhiliao': generate_password_hash('tea')}
# Unknown users take as long to check as known ones.
UNKNOWN_USER = generate_password_hash(secrets.token_hex(32))

ACCOUNT = """<!doctype html>
<p>Logged in as {{ user }}.</p>
<form method="post" action="/logout/"><button>Log out</button></form>
"""
LOGIN = """<!doctype html>
<p>{{ message }}</p>
<form method="post">
  <label>User <input name="user" autocomplete="username" required></label>
  <label>Password
    <input name="password" type="password" autocomplete="current-password" required></label>
  <label><input name="remember" type="checkbox"> Remember me</label>
  <button>Log in</button>
</form>
"""


def is_correct(user, password):
    return check_password_hash(PASSWORD_HASHES.get(user, UNKNOWN_USER), password)


@app.get('/')
async def account():
    if 'user' not in session:
        return redirect('/login/')
    return await render_template_string(ACCOUNT, user=session['user'])


@app.get('/login/')
async def login_form():
    return await render_template_string(LOGIN, message='Please log in.')


@app.post('/login/')
async def login():
    form = await request.form
    # A password check is slow on purpose. In a thread, it does not block other requests.
    if not await run_sync(is_correct)(form['user'], form['password']):
        return await render_template_string(LOGIN, message='Wrong user or password.'), 401
    session['user'] = form['user']
    session.permanent = 'remember' in form
    # For sessions on a server: an id from before the login stops working.
    await regenerate_session()
    return redirect('/')


@app.post('/logout/')
async def logout():
    session.clear()
    return redirect('/login/')


if __name__ == '__main__':
    app.run()
