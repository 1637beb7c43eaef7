"""Pages: what must be awaited is not, and what need not be is."""

from quart import (
    Blueprint,
    abort,
    current_app,
    flash,
    get_flashed_messages,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
    session,
    url_for,
)

pages = Blueprint('pages', __name__)


@pages.route('/')
async def index():
    visits = await session.get('visits', 0)  # expect: needless-await
    session['visits'] = visits + 1
    return render_template('index.html', visits=visits)  # expect: missing-await


@pages.route('/login', methods=['GET', 'POST'])
async def login():
    if request.method == 'POST':
        name = request.form['name']  # expect: missing-await
        if not name:
            flash('A name is missing.')  # expect: missing-await
            return await redirect(url_for('pages.login'))  # expect: needless-await
        session['name'] = name
        return redirect(await url_for('pages.index'))  # expect: needless-await
    messages = await get_flashed_messages()  # expect: needless-await
    return await render_template('login.html', messages=messages)


@pages.get('/search')
async def search():
    query = (await request.args).get('q', '')  # expect: needless-await
    return await jsonify(query=query)  # expect: needless-await


@pages.post('/tags')
async def tags():
    names = [tag.strip().lower() for tag in request.json['tags']]  # expect: missing-await
    return jsonify(names)


@pages.post('/notes')
def add_note():  # expect: missing-async
    data = request.get_json()  # expect: missing-await
    return {'title': data['title']}, 201


@pages.post('/avatar')
async def upload():
    files = await request.files
    files['avatar'].save('avatar.png')  # expect: missing-await
    (await request.files)['thumbnail'].save('thumbnail.png')  # expect: missing-await
    return redirect(url_for('pages.index'))


@pages.get('/files/<name>')
async def download(name):
    return send_from_directory('files', name)  # expect: missing-await


@pages.get('/preferences')
async def preferences():
    response = make_response('saved')  # expect: missing-await
    response.set_cookie('theme', request.args.get('theme', 'light'))
    return response


@pages.put('/raw')
async def raw():
    if request.content_length is None:
        abort(411)
    size = len(request.data)  # expect: missing-await
    text = (await request.get_data()).decode()
    return {'size': size, 'text': text, 'name': f'{request.form["name"]}'}  # expect: missing-await


def current_user():
    return {'name': session.get('name')}


async def load_user():
    return {'name': session.get('name')}


@pages.get('/me')
async def me():
    user = load_user()  # expect: missing-await
    return jsonify(user['name'])


@pages.get('/schema')
async def schema():
    with await current_app.open_resource('schema.sql') as file:  # expect: missing-async-with
        return file.read()  # expect: missing-await
