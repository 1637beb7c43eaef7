from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    send_from_directory,
    stream_with_context,
    url_for,
)
from werkzeug.utils import secure_filename

from journal.auth import login_required
from journal.db import get_db

bp = Blueprint('blog', __name__)

ENTRIES = (
    'SELECT entry.id, title, body, picture, author_id, username'
    ' FROM entry JOIN user ON author_id = user.id ORDER BY entry.id DESC'
)


def get_entries():
    return get_db().execute(ENTRIES).fetchall()


def get_entry(id, check_author=True):
    entry = get_db().execute('SELECT * FROM entry WHERE id = ?', (id,)).fetchone()
    if entry is None:
        abort(404, f'There is no entry {id}.')
    if check_author and entry['author_id'] != g.user['id']:
        abort(403)
    return entry


def add_entry(title, body, picture=None):
    db = get_db()
    cursor = db.execute(
        'INSERT INTO entry (author_id, title, body, picture) VALUES (?, ?, ?, ?)',
        (g.user['id'], title, body, picture),
    )
    db.commit()
    return cursor.lastrowid


def save_picture(file):
    if file is None or not file.filename:
        return None
    name = secure_filename(file.filename)
    file.save(f'{current_app.config["PICTURES"]}/{name}')
    return name


@bp.get('/')
def index():
    return render_template('blog/index.html', entries=get_entries())


@bp.route('/create', methods=('GET', 'POST'))
@login_required
def create():
    if request.method == 'POST':
        title = request.form['title']
        if title:
            add_entry(title, request.form['body'], save_picture(request.files.get('picture')))
            return redirect(url_for('blog.index'))
        flash('A title is needed.')
    return render_template('blog/create.html')


@bp.route('/<int:id>/update', methods=('GET', 'POST'))
@login_required
def update(id):
    entry = get_entry(id)
    if request.method == 'POST':
        title = request.form['title']
        if title:
            db = get_db()
            db.execute(
                'UPDATE entry SET title = ?, body = ? WHERE id = ?',
                (title, request.form['body'], id),
            )
            db.commit()
            return redirect(url_for('blog.index'))
        flash('A title is needed.')
    return render_template('blog/update.html', entry=entry)


@bp.post('/<int:id>/delete')
@login_required
def delete(id):
    get_entry(id)
    db = get_db()
    db.execute('DELETE FROM entry WHERE id = ?', (id,))
    db.commit()
    return redirect(url_for('blog.index'))


@bp.get('/pictures/<path:name>')
def picture(name):
    return send_from_directory(current_app.config['PICTURES'], name)


@bp.get('/api/entries')
def list_entries():
    return jsonify([{'id': entry['id'], 'title': entry['title']} for entry in get_entries()])


@bp.post('/api/entries')
@login_required
def create_entry():
    data = request.get_json()
    if not data.get('title'):
        return jsonify(error='A title is needed.'), 400
    return jsonify(id=add_entry(data['title'], data.get('body', ''))), 201


@bp.get('/export.txt')
def export():
    def generate():
        yield f'The journal at {request.host}\n'
        for entry in get_entries():
            yield f'{entry["title"]} ({entry["username"]})\n'

    return current_app.response_class(stream_with_context(generate()), mimetype='text/plain')
