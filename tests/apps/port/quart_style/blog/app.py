"""A blog on Quart with SQLite, in the manner of Quart's examples."""

import sqlite3
from pathlib import Path

from quart import Quart, g, redirect, render_template, request, url_for

app = Quart(__name__)
app.config.update({'DATABASE': Path(app.root_path) / 'blog.db'})


def connect():
    connection = sqlite3.connect(app.config['DATABASE'])
    connection.row_factory = sqlite3.Row
    return connection


def get_db():
    if not hasattr(g, 'db'):
        g.db = connect()
    return g.db


@app.get('/')
async def posts():
    cursor = get_db().execute('SELECT title, text FROM post ORDER BY id DESC')
    return await render_template('posts.html', posts=cursor.fetchall())


@app.route('/create/', methods=['GET', 'POST'])
async def create():
    if request.method == 'POST':
        db = get_db()
        form = await request.form
        db.execute('INSERT INTO post (title, text) VALUES (?, ?)', [form['title'], form['text']])
        db.commit()
        return redirect(url_for('posts'))
    return await render_template('create.html')


def init_db():
    with connect() as db, (Path(app.root_path) / 'schema.sql').open() as file:
        db.executescript(file.read())


def run() -> None:
    app.run()


if __name__ == '__main__':
    app.run()
