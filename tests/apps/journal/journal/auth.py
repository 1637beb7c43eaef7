import functools
import sqlite3

from flask import (
    Blueprint,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.views import MethodView
from werkzeug.security import check_password_hash, generate_password_hash

from journal.db import get_db

bp = Blueprint('auth', __name__, url_prefix='/auth')


def login_required(view):
    @functools.wraps(view)
    def wrapped_view(**kwargs):
        if g.user is None:
            return redirect(url_for('auth.login'))
        return view(**kwargs)

    return wrapped_view


@bp.before_app_request
def load_user():
    user_id = session.get('user_id')
    if user_id is None:
        g.user = None
    else:
        g.user = get_db().execute('SELECT * FROM user WHERE id = ?', (user_id,)).fetchone()


@bp.route('/register', methods=('GET', 'POST'))
def register():
    if request.method == 'POST':
        username = request.form['username']
        password = request.form['password']
        error = None
        if not username:
            error = 'A name is needed.'
        elif not password:
            error = 'A password is needed.'
        if error is None:
            db = get_db()
            try:
                db.execute(
                    'INSERT INTO user (username, password) VALUES (?, ?)',
                    (username, generate_password_hash(password)),
                )
                db.commit()
            except sqlite3.IntegrityError:
                error = f'The name {username} is taken.'
            else:
                return redirect(url_for('auth.login'))
        flash(error)
    return render_template('auth/register.html')


@bp.route('/login', methods=('GET', 'POST'))
def login():
    if request.method == 'POST':
        user = find_user(request.form['username'])
        password = request.form['password']
        if user is None or not check_password_hash(user['password'], password):
            flash('Wrong name or password.')
        else:
            session.clear()
            session['user_id'] = user['id']
            session.permanent = 'remember' in request.form
            return redirect(url_for('index'))
    return render_template('auth/login.html')


def find_user(username):
    return get_db().execute('SELECT * FROM user WHERE username = ?', (username,)).fetchone()


@bp.get('/logout')
def logout():
    session.clear()
    return redirect(url_for('index'))


class Account(MethodView):
    decorators = [login_required]  # noqa: RUF012

    def get(self):
        return render_template('auth/account.html')

    def post(self):
        password = request.form['password']
        if not password:
            flash('A password is needed.')
        else:
            db = get_db()
            db.execute(
                'UPDATE user SET password = ? WHERE id = ?',
                (generate_password_hash(password), g.user['id']),
            )
            db.commit()
            flash('The password was changed.')
        return redirect(url_for('auth.account'))


bp.add_url_rule('/account', view_func=Account.as_view('account'))
