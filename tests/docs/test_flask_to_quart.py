"""The statements of the page about moving from Flask to Quart."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import flask
import httpx
import pytest
import quart
import time_machine
from quart import Quart, session, websocket
from quart.typing import TestClientProtocol as Client
from quart.utils import run_sync
from quart_auth import AuthUser, QuartAuth, login_required, login_user, logout_user
from werkzeug.middleware.proxy_fix import ProxyFix
from wtforms import Form, StringField

from quart_session_demo.sessions import create_session_interface
from tests.conftest import KEY, cookie_of, get_with_cookie, session_contents
from tests.docs.markdown import code_blocks, read, section

PAGE = read('docs/flask-to-quart.md')
BLOCKING = section(PAGE, '## What blocks the event loop')


@pytest.mark.parametrize(
    ('path', 'host', 'status'),
    [
        ('/', 'example.com', 200),
        ('/', 'www.example.org', 200),
        ('/', 'evil.example', 400),
        ('/health', '10.1.2.3:8000', 200),
    ],
)
async def test_trusted_hosts_are_flasks(path: str, host: str, status: int) -> None:
    """With the page's middleware, Quart refuses the hosts that Flask refuses."""
    (example,) = code_blocks(section(PAGE, '## Trusted hosts'), 'python')
    flask_app, app = flask.Flask('flask_side'), Quart('own')
    flask_app.config['TRUSTED_HOSTS'] = app.config['TRUSTED_HOSTS'] = [
        'example.com',
        '.example.org',
    ]
    flask_app.add_url_rule('/', view_func=lambda: 'page')
    app.add_url_rule('/', view_func=lambda: 'page')
    headers = {'Host': host}

    stock = await app.test_client().get('/', headers=headers)
    exec(example, {'app': app})  # noqa: S102

    assert stock.status_code == 200
    assert (await app.test_client().get(path, headers=headers)).status_code == status
    if path == '/':
        assert flask_app.test_client().get('/', headers=headers).status_code == status


@pytest.mark.parametrize(
    'headers',
    [
        {'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'https'},
        {'X-Forwarded-For': '6.6.6.6, 192.0.2.1', 'X-Forwarded-Host': 'example.com:8443'},
        {'X-Forwarded-Host': 'example.com:81', 'X-Forwarded-Port': '80'},
        {'X-Forwarded-Port': '8443', 'X-Forwarded-Proto': 'https'},
        {},
    ],
)
async def test_proxy_headers_are_flasks(headers: dict[str, str]) -> None:
    """Behind one proxy, Quart sees the address of the client and of the page that Flask sees."""
    (example,) = code_blocks(section(PAGE, '## Behind a proxy'), 'python')
    flask_app, app = flask.Flask('flask_side'), Quart('own')
    flask_app.add_url_rule(
        '/', view_func=lambda: f'{flask.request.remote_addr} {flask.request.url}'
    )
    app.add_url_rule('/', view_func=lambda: f'{quart.request.remote_addr} {quart.request.url}')
    flask_app.wsgi_app = ProxyFix(flask_app.wsgi_app, x_host=1, x_port=1)  # type: ignore[method-assign]
    exec(example, {'app': app})  # noqa: S102

    response = await app.test_client().get(
        '/', headers=headers, scope_base={'client': ('127.0.0.1', 5000)}
    )

    expected = flask_app.test_client().get('/', headers=headers).text
    assert await response.get_data(as_text=True) == expected


@pytest.mark.filterwarnings('ignore:coroutine .* was never awaited')
async def test_missing_await_raises_type_error(app: Quart) -> None:
    """Without its `await`, the form raises a TypeError."""

    @app.post('/')
    async def view() -> str:
        form: Any = quart.request.form
        with pytest.raises(TypeError):
            form['name']
        return ''

    assert (await app.test_client().post('/', form={'name': 'b'})).status_code == 200


async def first_response(app: Quart, handler: Callable[[], Awaitable[Any]]) -> str:
    """Return which request ends first: one whose handler waits, or a quick one after it."""

    @app.get('/waits/')
    async def waits() -> str:
        await handler()
        return ''

    return await first_of_two(app, '/waits/')


async def first_of_two(app: Quart, slow: str) -> str:
    order: list[str] = []

    async def get(path: str) -> None:
        await app.test_client().get(path)
        order.append(path)

    async with asyncio.TaskGroup() as requests:
        requests.create_task(get(slow))
        await asyncio.sleep(0)
        requests.create_task(get('/get_session/'))
    return order[0]


async def test_sleep_without_await_blocks_other_requests(app: Quart) -> None:
    """`time.sleep` in a view blocks all other requests."""
    assert 'time.sleep(0.1)' in BLOCKING

    async def handler() -> None:
        time.sleep(0.5)  # noqa: ASYNC251

    assert await first_response(app, handler) == '/waits/'


async def test_awaited_sleep_blocks_nobody(app: Quart) -> None:
    """`asyncio.sleep` in a view lets other requests run."""
    assert 'await asyncio.sleep(0.1)' in BLOCKING

    async def handler() -> None:
        await asyncio.sleep(0.5)

    assert await first_response(app, handler) == '/get_session/'


async def test_httpx_request_blocks_nobody(app: Quart) -> None:
    """A request with httpx lets other requests run."""
    assert 'await http.get(url)' in BLOCKING
    slow = Quart('slow')

    @slow.get('/')
    async def index() -> str:
        await asyncio.sleep(0.5)
        return ''

    # httpx and Quart describe the same interface with other types.
    asgi_app: Any = slow

    async def handler() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi_app)) as http:
            await http.get('http://slow/')

    assert await first_response(app, handler) == '/get_session/'


async def test_function_in_a_thread_blocks_nobody(app: Quart) -> None:
    """A synchronous function that runs in a thread lets other requests run."""
    assert 'await run_sync(function)(argument)' in BLOCKING

    async def handler() -> None:
        await run_sync(time.sleep)(0.5)

    assert await first_response(app, handler) == '/get_session/'


async def test_plain_view_blocks_nobody(app: Quart) -> None:
    """A view without `async` runs in a thread."""

    @app.get('/plain/')
    def plain() -> str:
        time.sleep(0.5)
        return ''

    assert await first_of_two(app, '/plain/') == '/get_session/'


async def test_quarts_own_vary_depends_on_its_version() -> None:
    """Quart 0.22 sends no `Vary` for a session that was only read, 0.23 sends it always."""
    app = Quart('own')
    app.secret_key = KEY

    @app.get('/read/')
    async def read_session() -> str:
        return str(session.get('username'))

    @app.get('/unused/')
    async def unused() -> str:
        return ''

    client = app.test_client()
    varies = ['Vary' in (await client.get(path)).headers for path in ('/read/', '/unused/')]

    assert varies == [not version('quart').startswith('0.22.')] * 2


async def test_websocket_example_reads_the_session(app: Quart) -> None:
    """The websocket of the page sends the session's username."""
    (block,) = code_blocks(section(PAGE, '## Websockets'), 'python')
    exec(block, {'app': app, 'session': session, 'websocket': websocket})  # noqa: S102
    client = app.test_client()
    await client.get('/')

    async with client.websocket('/ws') as connection:
        assert await connection.receive() == 'zhiliao'


def app_with_sessions(session_type: str) -> Quart:
    """Return an app with sessions in the cookie or in memory."""
    own = Quart('own')
    own.config.update(SECRET_KEY=KEY, SESSION_TYPE=session_type)
    own.session_interface = create_session_interface(own)  # type: ignore[assignment]
    return own


@pytest.fixture(params=['cookie', 'memory'])
def quart_auth_app(request: pytest.FixtureRequest) -> Quart:
    """Return an app with Quart-Auth, with each kind of session."""
    own = app_with_sessions(request.param)
    own.config['QUART_AUTH_COOKIE_SECURE'] = False
    QuartAuth(own)

    @own.get('/in/')
    async def log_in() -> str:
        session['user'] = '1'
        login_user(AuthUser('1'))
        return ''

    @own.get('/out/')
    async def log_out() -> str:
        logout_user()
        session.clear()
        return ''

    @own.get('/clear/')
    async def clear() -> str:
        session.clear()
        return ''

    @own.get('/private/')
    @login_required
    async def private() -> str:
        return 'private'

    return own


async def test_quart_auth_logs_in_and_out(quart_auth_app: Quart) -> None:
    """Quart-Auth logs in, protects a page and logs out; `session.clear()` does not log out."""
    client = quart_auth_app.test_client()
    statuses = [
        (await client.get(path)).status_code
        for path in ('/private/', '/in/', '/clear/', '/private/', '/out/', '/private/')
    ]

    assert statuses == [401, 200, 200, 200, 200, 401]


async def test_copied_quart_auth_cookie_outlives_logout(quart_auth_app: Quart) -> None:
    """A copied cookie of Quart-Auth stays authenticated after the logout, for a year."""
    client = quart_auth_app.test_client()
    with time_machine.travel('2026-11-26', tick=False) as clock:
        copy = cookie_of(await client.get('/in/'), 'QUART_AUTH').value
        await client.get('/out/')
        statuses = []
        for days in (364, 2):
            clock.shift(timedelta(days=days))
            response = await get_with_cookie(quart_auth_app, '/private/', copy, name='QUART_AUTH')
            statuses.append(response.status_code)

    assert statuses == [200, 401]


#: The users of the app with the page's login, by id.
USERS = {'zhiliao': 'Zhi Liao'}


@pytest.fixture(params=['cookie', 'memory'])
def login_app(request: pytest.FixtureRequest) -> Quart:
    """Return an app with the page's login, and with each kind of session."""
    own = app_with_sessions(request.param)
    names: dict[str, Any] = {'app': own, 'find_user': find_user, 'is_correct': is_correct}
    [block] = code_blocks(section(PAGE, '### From Flask-Login'), 'python')
    exec(block, names)  # noqa: S102
    protected: Callable[[Callable[..., Any]], Callable[..., Any]] = names['login_required']

    @own.get('/')
    @protected
    async def index() -> str:
        return await quart.render_template_string('{{ g.user }}')

    @own.get('/plain/<name>')
    @protected
    def plain(name: str) -> str:
        return f'{name} {quart.g.user}'

    @own.get('/cart')
    async def cart() -> str:
        session['cart'] = ['tea']
        return ''

    return own


async def find_user(user: str) -> str | None:
    return USERS.get(user)


async def is_correct(user: str, password: str) -> bool:
    return (user, password) == ('zhiliao', 'tea')


async def log_in(client: Client, **fields: str) -> Any:
    """Return the response to the page's login."""
    return await client.post('/login', form={'user': 'zhiliao', 'password': 'tea', **fields})


async def test_page_login_protects_views(login_app: Quart) -> None:
    """The page's decorator protects async and plain views, until the login and after the logout."""
    client = login_app.test_client()
    refused = [await client.get(path) for path in ('/', '/plain/a')]
    wrong = await log_in(client, password='wrong')
    still_refused = await client.get('/')
    response = await log_in(client)
    texts = [await (await client.get(path)).get_data(as_text=True) for path in ('/', '/plain/a')]
    logged_out = await client.post('/logout')
    refused += [still_refused, logged_out, await client.get('/')]

    assert [(r.status_code, r.headers['Location']) for r in refused] == [(302, '/login')] * 5
    assert wrong.status_code == 401
    assert response.headers['Location'] == '/'
    assert texts == ['Zhi Liao', 'a Zhi Liao']


async def test_page_login_needs_an_existing_user(
    login_app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user that was deleted after the login is logged out."""
    client = login_app.test_client()
    await log_in(client)
    monkeypatch.delitem(USERS, 'zhiliao')

    assert (await client.get('/')).headers['Location'] == '/login'


async def test_page_login_remembers_if_asked(login_app: Quart) -> None:
    """The cookie has an expiry date with "remember me", and none without, also at a later login."""
    client = login_app.test_client()

    expiries = [
        'expires' in cookie_of(await log_in(client, **fields)).attributes
        for fields in ({'remember': 'on'}, {})
    ]

    assert expiries == [True, False]


async def test_page_logout_is_final_on_a_server(login_app: Quart) -> None:
    """After the logout a copied cookie is refused on a server, and accepted by cookie sessions."""
    client = login_app.test_client()
    copy = cookie_of(await log_in(client)).value
    await client.post('/logout')

    response = await get_with_cookie(login_app, '/', copy)

    is_cookie = login_app.config['SESSION_TYPE'] == 'cookie'
    assert response.status_code == (200 if is_cookie else 302)


async def test_page_login_replaces_the_id_on_a_server(login_app: Quart) -> None:
    """On a server, the id of before the login opens no session; the new one has its content."""
    client = login_app.test_client()
    before = cookie_of(await client.get('/cart')).value
    await log_in(client)

    found = []
    for value in (before, cookie_of(await log_in(client)).value):
        other = login_app.test_client()
        other.set_cookie('localhost', 'session', value)
        found.append(await session_contents(other))

    is_cookie = login_app.config['SESSION_TYPE'] == 'cookie'
    logged_in = {'cart': ['tea'], 'user': 'zhiliao', '_permanent': False}
    assert found == [{'cart': ['tea']} if is_cookie else {}, logged_in]


async def test_wtforms_reads_an_awaited_form(app: Quart) -> None:
    """WTForms reads the form that Quart has awaited."""

    class Greeting(Form):
        name = StringField()

    @app.post('/')
    async def greet() -> str:
        return str(Greeting(await quart.request.form).name.data)

    response = await app.test_client().post('/', form={'name': 'zhiliao'})

    assert await response.get_data() == b'zhiliao'


async def test_test_client_rows_return_the_same(app: Quart) -> None:
    """The test client's rows read the same session on Flask and on Quart."""
    flask_app = flask.Flask('flask_side')
    flask_app.secret_key = KEY
    flask_app.add_url_rule('/', view_func=lambda: str(flask.session['n']))
    app.add_url_rule('/n/', view_func=lambda: str(session['n']))
    client = app.test_client()

    with flask_app.test_client() as flask_client:
        with flask_client.session_transaction() as flask_session:
            flask_session['n'] = 1
        flask_text = flask_client.get('/').text
    async with client.session_transaction() as quart_session:
        quart_session['n'] = 1
    text = await (await client.get('/n/')).get_data(as_text=True)

    assert text == flask_text == '1'


async def test_test_client_ignores_path_and_secure(app: Quart) -> None:
    """Quart's test client ignores a cookie's `Path` and `Secure`."""

    @app.get('/set/')
    async def set_cookie() -> quart.Response:
        response = quart.Response('')
        response.set_cookie('a', '1', path='/elsewhere/', secure=True)
        return response

    @app.get('/cookie/')
    async def get_cookie() -> str:
        return quart.request.cookies.get('a', 'none')

    client = app.test_client()
    await client.get('/set/')

    assert await (await client.get('/cookie/')).get_data() == b'1'
