"""What README.md says, run."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import flask
import httpx
import pytest
import quart
from quart import Quart, session, websocket
from quart.utils import run_sync
from quart_auth import AuthUser, QuartAuth, login_required, login_user, logout_user
from wtforms import Form, StringField

from quart_session_demo import config, create_app
from quart_session_demo.config import validators
from tests.conftest import KEY, ROOT

README = (ROOT / 'README.md').read_text('utf-8')
SESSIONS_README = (ROOT / 'docs/sessions.md').read_text('utf-8')


def section(heading: str) -> str:
    return README.split(f'\n## {heading}\n')[1].split('\n## ')[0]


def code_blocks(heading: str, language: str) -> list[str]:
    return re.findall(rf'```{language}\n(.*?)```', section(heading), re.DOTALL)


def rows(heading: str, first_cell: str) -> list[list[str]]:
    """Return the cells of the table whose head begins with a cell, without the head."""
    return table_rows(section(heading), first_cell)


def table_rows(text: str, first_cell: str) -> list[list[str]]:
    table = text.split(f'| {first_cell} |')[1].split('\n\n')[0]
    lines = table.split('\n')[2:]
    return [[cell.strip() for cell in line[1:-1].split('|')] for line in lines if line]


def code(cell: str) -> str:
    found = re.search('`([^`]*)`', cell)
    assert found, f'no code in {cell}'
    return found[1]


def test_complete_example_differs_from_flasks_in_the_lines_shown() -> None:
    (quart_file,) = code_blocks('The whole example in one file', 'python')
    flask_lines = flask_original().split('\n')

    differing = [
        line
        for old, new in zip(flask_lines, quart_file.split('\n'), strict=True)
        if old != new
        for line in (f'-{old}', f'+{new}')
    ]

    assert differing == shown_difference()


async def test_complete_example_does_what_the_flask_original_does() -> None:
    (quart_file,) = code_blocks('The whole example in one file', 'python')
    ours: dict[str, Any] = {'__name__': 'example'}
    original: dict[str, Any] = {'__name__': 'original'}
    exec(quart_file, ours)  # noqa: S102
    exec(flask_original(), original)  # noqa: S102

    client, flask_client = ours['app'].test_client(), original['app'].test_client()
    for path in ('/get_session/', '/', '/get_session/', '/del_session/', '/get_session/'):
        reply = await (await client.get(path)).get_data(as_text=True)
        assert reply == flask_client.get(path).text
    assert ours['app'].permanent_session_lifetime == timedelta(days=10)


def shown_difference() -> list[str]:
    return code_blocks('The whole example in one file', 'diff')[0].splitlines()


def flask_original() -> str:
    """Return the example with the lines of the difference taken back."""
    (text,) = code_blocks('The whole example in one file', 'python')
    lines = shown_difference()
    for old, new in zip(lines[::2], lines[1::2], strict=True):
        assert text.count(f'\n{new[1:]}\n') == 1
        text = text.replace(f'\n{new[1:]}\n', f'\n{old[1:]}\n')
    return text


HANDLER_ROWS = [
    (code(flask_cell), code(quart_cell))
    for flask_cell, quart_cell in rows('What changes when you move from Flask', 'Flask | Quart')
    if 'client' not in flask_cell
]


def flask_reply(expression: str) -> str:
    app = flask.Flask('flask_side')
    app.secret_key = KEY

    @app.post('/')
    def view() -> str:
        flask.session['username'] = 'zhiliao'
        names = {**vars(flask), 'session': flask.session}
        return str(eval(expression, names))  # noqa: S307

    body: Any = {'json' if 'json' in expression else 'data': {'name': 'b'}}
    return app.test_client().post('/?name=a', **body).text


@pytest.mark.parametrize(('flask_code', 'quart_code'), HANDLER_ROWS)
async def test_translation_gives_the_same(app: Quart, flask_code: str, quart_code: str) -> None:
    namespace = {**vars(quart)}
    exec(f'async def run():\n    return {quart_code}', namespace)  # noqa: S102

    @app.post('/')
    async def view() -> str:
        session['username'] = 'zhiliao'
        return str(await namespace['run']())

    body: Any = {'json' if 'json' in quart_code else 'form': {'name': 'b'}}
    reply = await app.test_client().post('/?name=a', **body)

    assert await reply.get_data(as_text=True) == flask_reply(flask_code)


async def test_translation_of_the_test_client_gives_the_same(app: Quart) -> None:
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


async def finished_first(app: Quart, handler: Callable[[], Awaitable[Any]]) -> str:
    """Return which of two visitors is answered first: the one that waits, or a quick one after."""
    order: list[str] = []

    @app.get('/waits/')
    async def waits() -> str:
        await handler()
        return ''

    async def visit(path: str) -> None:
        await app.test_client().get(path)
        order.append(path)

    async with asyncio.TaskGroup() as visitors:
        visitors.create_task(visit('/waits/'))
        await asyncio.sleep(0)
        visitors.create_task(visit('/get_session/'))
    return order[0]


async def test_sleep_without_await_stops_every_other_visitor(app: Quart) -> None:
    assert 'time.sleep(0.1)' in README

    async def handler() -> None:
        time.sleep(0.5)  # noqa: ASYNC251

    assert await finished_first(app, handler) == '/waits/'


async def test_awaited_sleep_lets_others_through(app: Quart) -> None:
    assert 'await asyncio.sleep(0.1)' in README

    async def handler() -> None:
        await asyncio.sleep(0.5)

    assert await finished_first(app, handler) == '/get_session/'


async def test_http_request_with_httpx_lets_others_through(app: Quart) -> None:
    assert 'await http.get(url)' in README
    slow = Quart('slow')

    @slow.get('/')
    async def index() -> str:
        await asyncio.sleep(0.5)
        return ''

    # httpx and Quart describe the same interface with other types.
    as_asgi: Any = slow

    async def handler() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(as_asgi)) as http:
            await http.get('http://slow/')

    assert await finished_first(app, handler) == '/get_session/'


async def test_synchronous_driver_in_a_thread_lets_others_through(app: Quart) -> None:
    assert 'await run_sync(function)(argument)' in README

    async def handler() -> None:
        await run_sync(time.sleep)(0.5)

    assert await finished_first(app, handler) == '/get_session/'


async def held(app: Quart, view: Callable[[], Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return what is in a session after a view."""
    app.add_url_rule('/view/', view_func=view)
    client = app.test_client()
    async with client.session_transaction() as inside:
        inside.update(before)
    await (await client.get('/view/')).get_data()
    async with client.session_transaction() as inside:
        return dict(inside)


async def test_change_inside_a_value_is_not_noticed(app: Quart) -> None:
    async def view() -> str:
        session['cart'].append('tea')
        return ''

    assert await held(app, view, {'cart': []}) == {'cart': []}


async def test_change_inside_a_value_counts_when_said(app: Quart) -> None:
    async def view() -> str:
        session['cart'].append('tea')
        session.modified = True
        return ''

    assert await held(app, view, {'cart': []}) == {'cart': ['tea']}


async def test_calls_that_change_nothing_count_as_no_change(app: Quart) -> None:
    async def view() -> str:
        session.setdefault('there', 2)
        session.pop('missing', None)
        return str(session.modified)

    app.add_url_rule('/view/', view_func=view)
    client = app.test_client()
    async with client.session_transaction() as inside:
        inside['there'] = 1

    assert await (await client.get('/view/')).get_data() == b'False'


async def test_clear_makes_it_a_browser_session(app: Quart) -> None:
    async def view() -> str:
        session.clear()
        session['username'] = 'zhiliao'
        return ''

    assert await held(app, view, {'_permanent': True}) == {'username': 'zhiliao'}


async def test_browser_session_ends_after_the_lifetime_too(
    app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    with monkeypatch.context() as past:
        past.setattr('itsdangerous.timed.time.time', lambda: time.time_ns() / 1e9 - 11 * 86400)
        await client.get('/browser_session/')

    reply = await (await client.get('/get_session/')).get_data(as_text=True)

    assert reply == '没有session数据'


async def test_write_in_a_stream_is_lost(app: Quart) -> None:
    async def view() -> AsyncIterator[str]:
        @quart.stream_with_context
        async def stream() -> AsyncIterator[str]:
            session['late'] = 1
            yield 'x'

        body: AsyncIterator[str] = stream()
        return body

    assert await held(app, view, {}) == {}


async def test_write_in_a_background_task_is_lost(app: Quart) -> None:
    done = asyncio.Event()

    async def view() -> str:
        @quart.copy_current_request_context
        async def task() -> None:
            await asyncio.sleep(0.01)
            session['late'] = 1
            done.set()

        app.add_background_task(task)
        return ''

    assert await held(app, view, {}) == {}
    await done.wait()


async def test_of_two_requests_at_once_one_change_is_lost(app: Quart) -> None:
    both = asyncio.Barrier(2)

    @app.get('/set/<key>/')
    async def set_key(key: str) -> str:
        session[key] = 1
        await both.wait()
        return ''

    client = app.test_client()
    await asyncio.gather(client.get('/set/a/'), client.get('/set/b/'))

    async with client.session_transaction() as inside:
        assert len(inside) == 1


async def test_websocket_keeps_the_session_it_was_opened_with(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket('/ws')
    async def ws() -> None:
        await websocket.send('')
        await websocket.receive()
        session['late'] = 1
        await websocket.send(session.get('username', 'none'))

    client = app.test_client()
    async with client.websocket('/ws') as connection:
        await connection.receive()
        await client.get('/')
        await connection.send('go on')
        assert await connection.receive() == 'none'

    async with client.session_transaction() as inside:
        assert 'late' not in inside
    assert [record.levelname for record in caplog.records] == ['WARNING']


async def test_quart_auth_logs_in_and_out(app: Quart) -> None:
    app.config['QUART_AUTH_COOKIE_SECURE'] = False
    QuartAuth(app)

    @app.get('/in/')
    async def log_in() -> str:
        login_user(AuthUser('1'))
        return ''

    @app.get('/out/')
    async def log_out() -> str:
        logout_user()
        return ''

    @app.get('/private/')
    @login_required
    async def private() -> str:
        return 'private'

    client = app.test_client()
    statuses = [
        (await client.get(path)).status_code
        for path in ('/private/', '/in/', '/private/', '/out/', '/private/')
    ]

    assert statuses == [401, 200, 200, 200, 401]


async def test_wtforms_reads_an_awaited_form(app: Quart) -> None:
    class Greeting(Form):
        name = StringField()

    @app.post('/')
    async def greet() -> str:
        return str(Greeting(await quart.request.form).name.data)

    reply = await app.test_client().post('/', form={'name': 'zhiliao'})

    assert await reply.get_data() == b'zhiliao'


async def test_session_interface_serves_your_own_app() -> None:
    own = Quart('own')
    own.secret_key = KEY
    namespace = {'app': own}
    exec(code_blocks('In your own app', 'python')[0], namespace)  # noqa: S102

    @own.get('/')
    async def index() -> str:
        session['username'] = 'zhiliao'
        return ''

    response = await own.test_client().get('/')

    assert response.headers['Vary'] == 'Cookie'
    assert 'session=' in response.headers['Set-Cookie']


SETTINGS = {
    name: cells[1:]
    for text in (section('Settings'), SESSIONS_README)
    for cells in table_rows(text, 'setting | default | in production')
    for name in re.findall('`([A-Z_]+)`', cells[0])
}


def test_settings_table_names_every_setting() -> None:
    checked = {*config.DEFAULTS, *config.PRODUCTION_DEFAULTS, *validators.CHECKS}

    # Quart's own, which have nothing to do with sessions.
    quarts = {*('APPLICATION_ROOT', 'BODY_TIMEOUT', 'RESPONSE_TIMEOUT', 'SERVER_NAME')}
    quarts |= {'PREFERRED_URL_SCHEME', 'SEND_FILE_MAX_AGE_DEFAULT', 'TRUSTED_HOSTS'}
    assert checked - quarts <= set(SETTINGS)
    assert set(SETTINGS) <= set(create_app().config)


@pytest.mark.parametrize('name', SETTINGS)
def test_settings_table_tells_the_default(name: str) -> None:
    said, said_in_production = (cell.strip('` ') for cell in SETTINGS[name][:2])

    assert said in shown(Quart('plain').config | dict(config.DEFAULTS), name)
    if said_in_production not in ('', 'demanded'):
        production = create_app({'PRODUCTION': True, 'SECRET_KEY': KEY}).config
        assert said_in_production in shown(production, name)


def shown(settings: dict[str, Any], name: str) -> set[str]:
    value = settings[name]
    if isinstance(value, timedelta):
        return {f'{value.days} days'}
    if name == 'SECRET_KEY':
        return {'kept in a file'}
    return {
        'none' if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    }
