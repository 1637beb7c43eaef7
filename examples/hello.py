"""The session lesson in one file: set, get and delete values that last ten days."""

import os
from datetime import timedelta

from markupsafe import escape
from quart import Quart, session

app = Quart(__name__)
# As in the lesson: a new key at each start. After a restart, every old session is unreadable.
app.config['SECRET_KEY'] = os.urandom(24)
app.config['PERMANENT_SESSION_LIFETIME'] = timedelta(days=10)


@app.route('/')
async def index():
    session['username'] = 'zhiliao'
    session['age'] = 20
    session.permanent = True
    return '设置session成功'


@app.route('/get_session/')
async def get_session():
    username = session.get('username')
    return escape(username or '没有session数据')


@app.route('/del_session/')
async def del_session():
    session.clear()
    return '删除session成功...'


if __name__ == '__main__':
    app.run(debug=True)
