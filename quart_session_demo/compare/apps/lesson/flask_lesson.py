"""The lesson: set, get and delete session values, and choose how long they last.

These are the routes of Flask's lesson (操作session). `quart_session_demo/lesson.py` is the form for
Quart, and `compare/apps/lesson/flask_lesson.py` the form for Flask: only imports, `async` and
`await` differ. `session` is a dict in both and needs no `await`: the app reads it before the view
runs and saves it afterwards.
"""

from flask import Blueprint, session
from markupsafe import escape

lesson = Blueprint('lesson', __name__)


# 1. 设置session (set)
@lesson.route('/')
def index() -> str:
    session['username'] = 'zhiliao'
    session['age'] = 20
    # 设置session有效期: PERMANENT_SESSION_LIFETIME from now on, here 10 days
    session.permanent = True
    return '设置session成功'


# 2. 获取session (get)
@lesson.route('/get_session/')
def get_session() -> str:
    username = session.get('username')
    # A user may have typed the name. `escape` lets the browser show it and not run it.
    return escape(username or '没有session数据')


# 3. 删除session (delete), 方式3: every value
@lesson.route('/del_session/')
def del_session() -> str:
    session.clear()
    return '删除session成功...'


# 方式1: one value. Without the check, pop raises KeyError when the key is missing.
@lesson.route('/del_session/pop/')
def del_session_pop() -> str | tuple[str, int]:
    if 'username' not in session:
        return '没有session数据', 404
    session.pop('username')
    return '删除session成功...'


# 方式2: one value. Without the check, del raises KeyError when the key is missing.
@lesson.route('/del_session/del/')
def del_session_del() -> str | tuple[str, int]:
    if 'username' not in session:
        return '没有session数据', 404
    del session['username']
    return '删除session成功...'


# 4. 有效期 (lifetime): a session that is not permanent expires when the browser closes
@lesson.route('/browser_session/')
def browser_session() -> str:
    session['username'] = 'zhiliao'
    session.permanent = False
    return '设置session成功'
