"""The login lesson: register, log in, be remembered, and log out.

Run this file, open http://127.0.0.1:5000/ in two browsers and log in as the same user.
"""

import secrets
from datetime import timedelta

from flask import Flask, abort, redirect, render_template_string, request, session
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)
# Without SECRET_KEY, a restart logs everyone out.
app.config['SECRET_KEY'] = secrets.token_hex(32)
# How long "remember me" lasts after the last request.
app.config['PERMANENT_SESSION_LIFETIME'] = timedelta(days=30)
# Forms on other sites are sent without the session.
app.config['SESSION_COOKIE_SAMESITE'] = 'Lax'
app.config.from_prefixed_env()

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
"""


def is_correct(user, password):
    return check_password_hash(PASSWORD_HASHES.get(user, UNKNOWN_USER), password)


def log_in(user, remember):
    session.permanent = remember
    # The cookie holds the user. It has no id, and a cookie from before the login stays valid.
    session['user'] = user
    return redirect('/')


@app.get('/')
def account():
    user = session.get('user')
    if user is None:
        return redirect('/login/')
    return render_template_string(ACCOUNT, user=user)


@app.get('/register/')
def register_form():
    return render_template_string(FORM, title='Register')


@app.post('/register/')
def register():
    form = request.form
    if not form['user'] or not form['password']:
        abort(400)
    new = generate_password_hash(form['password'])
    # In one step, so that two requests cannot both get the name.
    if PASSWORD_HASHES.setdefault(form['user'], new) is not new:
        message = 'This name is taken.'
        return render_template_string(FORM, title='Register', message=message), 409
    return log_in(form['user'], 'remember' in form)


@app.get('/login/')
def login_form():
    return render_template_string(FORM, title='Log in')


@app.post('/login/')
def login():
    form = request.form
    if not is_correct(form['user'], form['password']):
        message = 'Wrong user or password.'
        return render_template_string(FORM, title='Log in', message=message), 401
    return log_in(form['user'], 'remember' in form)


@app.post('/logout/')
def logout():
    # Deletes the cookie in this browser only: a copy of it stays valid.
    session.clear()
    return redirect('/login/')


# Flask cannot log out everywhere: only a new secret key revokes a signed cookie, and it revokes the
# cookies of all users.


if __name__ == '__main__':
    app.run()
