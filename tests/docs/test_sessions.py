"""The examples, limits and figures of docs/sessions.md and docs/users.md."""

import re
import subprocess
import sys
import textwrap
from collections import Counter, OrderedDict, UserString, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import time_machine
from flask.sessions import SecureCookieSessionInterface as FlaskInterface
from markupsafe import Markup
from quart import Quart, session
from quart.testing import WebsocketResponseError
from werkzeug.datastructures import MultiDict

from quart_session_demo.sessions import (
    CookieSessionInterface,
    ServerSessionInterface,
    inspector,
)
from quart_session_demo.sessions.redis import RedisSessionInterface
from quart_session_demo.sessions.server.stored_json import StoredJSON
from quart_session_demo.sessions.session_json import UnstorableValue
from quart_session_demo.sessions.settings import SESSION_SETTINGS
from tests.conftest import KEY, session_contents
from tests.docs.markdown import code, code_blocks, read, section, table_rows
from tests.sessions.websockets import Connection, close_code

PAGE = read('docs/sessions.md')
USERS = read('docs/users.md')
OWN_APP, CREATE_APP, STORE_APP, REGISTER = code_blocks(
    section(PAGE, '## In your own app'), 'python'
)
[LOGIN] = code_blocks(section(PAGE, '## Log in and out'), 'python')
[REVOKE] = code_blocks(section(USERS, '## Log out everywhere'), 'python')
[USERS_PAGE] = code_blocks(section(USERS, '## A page for users: their sessions'), 'python')
[CHAT] = code_blocks(section(PAGE, '## Websockets'), 'python')
[POLLING] = code_blocks(section(PAGE, '## How long a session lasts'), 'python')
FIXTURE, TEST = code_blocks(section(PAGE, '## Test your app'), 'python')
[REDIS_APP] = code_blocks(section(read('docs/session-stores.md'), '## Sessions on Redis'), 'python')
STORES = ['cookie', 'memory', pytest.param('redis', marks=pytest.mark.redis)]


def run_example(code: str, **names: Any) -> dict[str, Any]:
    """Run an example of the page; return the names that it uses and defines."""
    exec(code, names)  # noqa: S102
    return names


@pytest.fixture
def login_app(request: pytest.FixtureRequest) -> Quart:
    """Return an app with the page's login, and with the parameter's store as the page sets it."""
    app = Quart('own')
    app.secret_key = KEY
    match request.param:
        case 'redis':
            url = request.getfixturevalue('redis_server').url
            run_example(REDIS_APP.replace('redis://127.0.0.1:6379', url), app=app)
        case 'memory':
            run_example(STORE_APP, app=app)
        case 'cookie':
            run_example(OWN_APP, app=app)
    run_example(LOGIN, app=app)

    @app.get('/who')
    async def who() -> str:
        return str(session.get('user'))

    return app


async def test_revoke_example_logs_out_other_devices() -> None:
    """The page's views list the devices of a user, revoke one, and log out all others."""
    app = Quart('own')
    app.secret_key = KEY
    run_example(STORE_APP, app=app)
    run_example(REVOKE, app=app)
    phone, *_ = devices = [app.test_client() for _ in range(3)]
    for device in devices:
        await device.post('/login', form={'user': 'ann'})
    listed = await (await phone.get('/devices')).get_json()
    assert [record['current'] for record in listed].count(True) == 1
    other = next(record['id'] for record in listed if not record['current'])

    revoked = await phone.post(f'/devices/{other}/revoke')
    again = await phone.post(f'/devices/{other}/revoke')
    stranger = await app.test_client().post(f'/devices/{other}/revoke')

    assert (revoked.status_code, again.status_code, stranger.status_code) == (200, 404, 404)
    assert len(await (await phone.get('/devices')).get_json()) == 2
    assert (await phone.post('/password')).status_code == 200
    assert [len(await (await d.get('/devices')).get_json()) for d in devices] == [1, 0, 0]
    await phone.post('/logout')
    assert (await phone.post('/password')).status_code == 401


async def test_chat_example_follows_the_session() -> None:
    """The page's chat counts messages, and ends for a user who has logged out on every device."""
    app = Quart('own')
    app.secret_key = KEY
    run_example(STORE_APP, app=app)
    run_example(REVOKE, app=app)
    run_example(CHAT, app=app)
    ann, bob = app.test_client(), app.test_client()
    for client, user in ((ann, 'ann'), (bob, 'bob')):
        client.websocket_connection_class = Connection
        await client.post('/login', form={'user': user})
    with pytest.raises(WebsocketResponseError):
        async with app.test_client().websocket('/chat') as refused:
            await refused.receive()

    one: Any
    async with ann.websocket('/chat') as one:
        await one.send('hello')
        assert await one.receive() == 'ann: hello'
        async with bob.websocket('/chat') as two:
            await two.send('hi')
            assert [await one.receive(), await two.receive()] == ['bob: hi'] * 2
            assert (await session_contents(ann))['sent'] == 1
            await ann.post('/logout')
            await one.send('still here?')
            assert await close_code(one) == 4401
            await two.send('bye')
            assert await two.receive() == 'bob: bye'


async def test_own_app_uses_the_cookie_session() -> None:
    """The three lines give an app of one's own the cookie session, with an exact Vary."""
    app = Quart('own')
    app.secret_key = KEY
    run_example(OWN_APP, app=app)

    @app.get('/')
    async def index() -> str:
        session['username'] = 'zhiliao'
        return ''

    response = await app.test_client().get('/')

    assert isinstance(app.session_interface, CookieSessionInterface)
    assert response.headers['Vary'] == 'Cookie'
    assert 'session=' in response.headers['Set-Cookie']


def test_own_app_gets_the_commands() -> None:
    """`register` adds the three commands that the page lists."""
    app = Quart('own')
    before = set(app.cli.commands)
    run_example(REGISTER, app=app)

    assert set(app.cli.commands) - before == {'check-deploy', 'inspect-cookie', 'sessions'}


def test_own_redis_app_uses_redis() -> None:
    """The Redis lines give an app of one's own sessions on Redis, without connecting."""
    app = Quart('own')
    run_example(REDIS_APP, app=app)

    assert isinstance(app.session_interface, RedisSessionInterface)


def test_own_redis_app_needs_its_setting() -> None:
    """Without the URL the constructor raises ValueError and names the setting."""
    code = re.sub(r'^app\.config.*\n', '', REDIS_APP, flags=re.MULTILINE)

    with pytest.raises(ValueError, match='SESSION_REDIS_URL'):
        run_example(code, app=Quart('own'))


@pytest.mark.parametrize('login_app', STORES, indirect=True)
async def test_login_and_logout_work(login_app: Quart) -> None:
    """The page's login stores the user, and its logout removes it, with each of these stores."""
    async with login_app.test_app():
        client = login_app.test_client()
        users = []
        for path in ('/login', '/logout'):
            response = await client.post(path, form={'user': 'zhiliao'})
            assert response.status_code == 200
            users.append(await (await client.get('/who')).get_data(as_text=True))

    assert users == ['zhiliao', 'None']


@pytest.mark.parametrize('login_app', STORES, indirect=True)
async def test_polling_does_not_extend_the_session(login_app: Quart) -> None:
    """A page that only asks for messages is logged out in time, and sees when that will be."""
    login_app.config['PERMANENT_SESSION_LIFETIME'] = 3600
    run_example(POLLING, app=login_app)
    async with login_app.test_app():
        client = login_app.test_client()
        await client.post('/login', form={'user': 'zhiliao'})
        expires = []
        for minutes in (0, 30, 58):
            with time_machine.travel(timedelta(minutes=minutes)):
                expires.append((await (await client.get('/messages')).get_json())['expires'])
        with time_machine.travel(timedelta(minutes=62)):
            who = await (await client.get('/who')).get_data(as_text=True)
            nobody = await (await client.get('/messages')).get_json()

    assert len(set(expires)) == 1
    assert datetime.fromisoformat(expires[0]) - datetime.now(UTC) > timedelta(minutes=58)
    assert (who, nobody['expires']) == ('None', None)


@pytest.mark.parametrize('login_app', STORES, indirect=True)
async def test_example_test_passes(login_app: Quart) -> None:
    """The page's test of a login passes with each of these stores."""
    test: Callable[[Quart], Awaitable[None]] = run_example(TEST)['test_login']

    async with login_app.test_app():
        await test(login_app)


async def test_page_for_users_works() -> None:
    """The page's app shows a user's sessions, ends the others, and sends users to its login."""
    app: Quart = run_example(USERS_PAGE, __name__=__name__)['app']
    async with app.test_app():
        clients = [app.test_client() for _ in range(3)]
        for client in clients[1:]:
            response = await client.post('/login', form={'user': 'zhiliao'})
            assert response.headers['Location'] == '/account/sessions/'
        await clients[1].post('/account/sessions/end-others')
        statuses = [(await client.get('/account/sessions/')).status_code for client in clients]

    assert statuses == [303, 200, 303]


def test_fixture_works_in_a_project_of_its_own(tmp_path: Path) -> None:
    """The page's app, views, fixture and test run with pytest, without a warning and a server."""
    views = textwrap.indent(LOGIN, '    ')
    app_code = CREATE_APP.replace('    return app\n', f'{views}\n    return app\n')
    (tmp_path / 'your_app.py').write_text(app_code)
    (tmp_path / 'conftest.py').write_text(FIXTURE)
    (tmp_path / 'test_app.py').write_text(TEST)
    options = ('asyncio_mode=auto', 'asyncio_default_fixture_loop_scope=function')
    (tmp_path / 'pytest.ini').write_text('\n'.join(('[pytest]', 'filterwarnings=error', *options)))

    result = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout
    assert '1 passed' in result.stdout


def test_settings_choose_the_store() -> None:
    """`create_session_interface` uses `SESSION_TYPE`, and names it if it is wrong."""
    create_app: Callable[[dict[str, Any]], Quart] = run_example(CREATE_APP, __name__=__name__)[
        'create_app'
    ]

    for kind, interface in (
        ('cookie', CookieSessionInterface),
        ('memory', ServerSessionInterface),
    ):
        assert isinstance(create_app({'SESSION_TYPE': kind}).session_interface, interface)
    with pytest.raises(ValueError, match='SESSION_TYPE is '):
        create_app({'SESSION_TYPE': 'redys'})


def test_inspector_limits_are_those_of_the_page() -> None:
    """The page states the limits of `inspect_cookie`."""
    limits = (
        f'{inspector.MAX_VALUE_SIZE // 1024} KB of text',
        f'{inspector.MAX_PAYLOAD_SIZE // 1024} KB of content',
        f'{inspector.MAX_NESTING} levels',
        f'{inspector.MAX_CONTAINERS:,} lists',
    )

    for limit in limits:
        assert limit in section(PAGE, '## Inspect a cookie')


def test_cost_ratios_are_those_of_the_comparison() -> None:
    """The ratios, and the percentages above them, are those of the table in comparison.md."""
    measured: dict[str, list[str]] = {}
    for _, name, *_, ratio, _ in table_rows(read('docs/comparison.md'), 'session | implementation'):
        measured.setdefault(name.partition(':')[0], []).append(ratio)
    text = section(PAGE, '## What it costs')

    shown = {name: ratios for name, *ratios in table_rows(text, "session | the lesson's")}
    assert shown == {
        'the cookie session here': measured['ours'],
        'in memory': measured['memory'],
        'on Redis': measured['Redis'],
        'the same commands to Redis alone': measured['bare Redis'],
        'on a Redis Cluster': measured['Redis Cluster'],
        'in PostgreSQL': measured['PostgreSQL'],
        'in SQLite': measured['SQLite'],
    }
    less = [f'{1 - float(ratio):.0%}'.replace('%', ' % less') for ratio in measured['ours']]
    assert re.findall(r'\d+ % less', text) == less


class Word(StrEnum):
    RED = 'red'


class Number(IntEnum):
    ONE = 1


class Color(Enum):
    RED = 1


@dataclass
class Point:
    x: int
    y: int


class Pair(NamedTuple):
    a: int
    b: int


class UserUUID(UUID):
    """As asyncpg's."""


class Text(str):
    __slots__ = ()


class Float(float):
    """As NumPy's float64."""


class Lazy(UserString):
    def __html__(self) -> str:
        return self.data


#: The names in the table of types.
TYPES = {
    'Counter': Counter,
    'Decimal': Decimal,
    'Float': Float,
    'Lazy': Lazy,
    'Markup': Markup,
    'MultiDict': MultiDict,
    'Number': Number,
    'OrderedDict': OrderedDict,
    'Pair': Pair,
    'Point': Point,
    'Text': Text,
    'UTC': UTC,
    'UUID': UUID,
    'UserUUID': UserUUID,
    'Word': Word,
    'date': date,
    'datetime': datetime,
    'defaultdict': defaultdict,
    'timedelta': timedelta,
    'timezone': timezone,
}
CHANGED_TYPES = table_rows(
    section(PAGE, '### Types in the cookie'), 'stored in the session | read by the next request'
)


def evaluate(cell: str) -> Any:
    return eval(code(cell), dict(TYPES))  # noqa: S307


@pytest.mark.parametrize(('stored', 'read'), CHANGED_TYPES)
@pytest.mark.parametrize('interface', [CookieSessionInterface(), FlaskInterface()])
def test_cookie_changes_types_as_listed(interface: Any, stored: str, read: str) -> None:
    """Each row of the table is what the cookie, and Flask's own, makes of a value."""
    expected = evaluate(read)
    app = Quart('own')
    app.secret_key = KEY
    serializer = interface.get_signing_serializer(app)

    value = serializer.loads(serializer.dumps({'key': evaluate(stored)}))['key']

    assert value == expected
    assert type(value) is type(expected)
    if isinstance(value, dict):
        assert {*map(type, value)} == {str}


@pytest.mark.parametrize('stored', [stored for stored, _ in CHANGED_TYPES])
def test_store_changes_no_type(stored: str) -> None:
    """A store preserves each value of the table, or refuses it; only a UUID loses its class."""
    serializer = StoredJSON()
    value = evaluate(stored)
    try:
        read = serializer.loads(serializer.encode(value))
    except UnstorableValue:
        return

    assert read == value
    assert type(read) is type(value) or stored.startswith('`UserUUID')
    if isinstance(value, dict):
        assert [*map(type, read)] == [*map(type, value)]
    if isinstance(value, datetime):
        assert read.utcoffset() == value.utcoffset()


async def test_tag_of_the_page_works() -> None:
    """The page's tag stores an Enum, in the cookie and on a server."""
    [tag] = code_blocks(section(PAGE, '## Types'), 'python')
    for choose in (OWN_APP, STORE_APP):
        app = Quart('own')
        app.secret_key = KEY
        run_example(choose, app=app)
        run_example(tag, app=app, Color=Color)
        client = app.test_client()
        async with client.session_transaction() as written:
            written['color'] = [Color.RED]
        async with client.session_transaction() as contents:
            assert contents['color'] == [Color.RED]


@pytest.mark.parametrize('choose', [OWN_APP, STORE_APP], ids=['cookie', 'memory'])
async def test_log_line_of_the_page_is_exact(choose: str, caplog: pytest.LogCaptureFixture) -> None:
    """The page shows the log line about a value that cannot be stored."""
    [line] = code_blocks(section(PAGE, '## Types'), 'text')
    app = Quart('own')
    app.secret_key = KEY
    run_example(choose, app=app)

    async with app.test_client().session_transaction() as written:
        written['color'] = Color.RED

    assert caplog.messages == [line.strip()]


def test_default_limits_are_those_of_the_page() -> None:
    """The page states the default limits of the size of a session."""
    for name, default, shown in (
        ('SESSION_COOKIE_MAX_DECOMPRESSED', 256 * 1024, '256 KB'),
        ('SESSION_MAX_STORED_SIZE', 1024 * 1024, '1 MB'),
    ):
        assert f'`{name}` bytes ({shown} by default)' in PAGE
        assert {setting.name: setting.default for setting in SESSION_SETTINGS}[name] == default
