"""`do_not_extend_session`: a request that a page repeats does not extend the session."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import (
    Blueprint,
    Quart,
    Response,
    flash,
    get_flashed_messages,
    request,
    session,
    websocket,
)

from quart_session_demo.sessions import do_not_extend_session
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import KEY, contents_of, cookie_of, cookies_of, get_with_cookie
from tests.sessions.conftest import each_kind
from tests.sessions.expiry import START, assert_expires

pytestmark = each_kind

HOUR = 3600


def make_app(**config: Any) -> Quart:
    """Return an app with a blueprint, `/poll`, whose requests do not extend the session."""
    app = make_sessions_app(**{'PERMANENT_SESSION_LIFETIME': HOUR, **config})
    poll = Blueprint('poll', __name__, url_prefix='/poll')
    poll.before_request(do_not_extend_session)

    @poll.get('/')
    async def unused() -> str:
        return 'polled'

    @poll.get('/read')
    async def read() -> str:
        return str(session.get('user'))

    @poll.get('/messages')
    async def messages() -> list[Any]:
        return [*get_flashed_messages()]

    @poll.get('/change')
    async def change() -> str:
        session['item'] = 'apple'
        return 'changed'

    @poll.get('/replace')
    async def replace() -> str:
        session.clear()
        session['user'] = 'another'
        return 'replaced'

    @app.get('/begin')
    async def begin() -> str:
        session['user'] = 'zhiliao'
        session.permanent = 'permanent' in request.args
        await flash('saved')
        return 'begun'

    @app.get('/call')
    async def call() -> str:
        user = str(session.get('user'))
        do_not_extend_session()
        return user

    @app.websocket('/ws')
    async def ws() -> None:
        do_not_extend_session()
        session['item'] = await websocket.receive()
        await websocket.send('received')

    app.register_blueprint(poll)
    return app


@pytest.fixture
async def app(store: dict[str, Any]) -> AsyncIterator[Quart]:
    app = make_app(**store)
    async with app.test_app():
        yield app


async def get_at(app: Quart, seconds: float, path: str, value: str) -> Response:
    """Return the response to a request that many seconds after the start."""
    with time_machine.travel(START + timedelta(seconds=seconds), tick=False):
        response = await get_with_cookie(app, path, value)
    assert response.status_code == 200
    return response


async def begin(app: Quart, kind: str) -> str:
    with time_machine.travel(START, tick=False):
        return cookie_of(await app.test_client().get(f'/begin?{kind}')).value


KINDS = ['permanent', 'browser']


@pytest.mark.parametrize('kind', KINDS)
async def test_polling_does_not_extend(app: Quart, kind: str) -> None:
    """Polls, which may read the session, send no cookie, and the session expires as before."""
    value = await begin(app, kind)

    for number, path in enumerate(('/poll/', '/poll/read', '/call') * 4, 1):
        response = await get_at(app, number * 280, path, value)
        assert 'Set-Cookie' not in response.headers
        # The call itself is no use of the session.
        assert ('Vary' in response.headers) is (path != '/poll/')

    await assert_expires(app, value, (START + timedelta(hours=1)).isoformat())


@pytest.mark.parametrize('path', ['/poll/messages', '/poll/change'])
@pytest.mark.parametrize('kind', KINDS)
async def test_change_while_polling_is_stored(app: Quart, kind: str, path: str) -> None:
    """What a poll changes is stored, and the session and its cookie expire as before."""
    value = await begin(app, kind)
    with time_machine.travel(START, tick=False):
        expires = cookie_of(await app.test_client().get(f'/begin?{kind}')).attributes.get('expires')

    response = await get_at(app, 1800, path, value)
    cookie = cookie_of(response)

    assert cookie.attributes.get('expires') == expires
    assert (expires is None) is (kind == 'browser')
    with time_machine.travel(START + timedelta(seconds=1801), tick=False):
        content = await contents_of(app, cookie.value)
    if path == '/poll/change':
        assert content['item'] == 'apple'
    else:
        assert await response.get_json() == ['saved']
        assert '_flashes' not in content
    # `contents_of` is a use, which extends a session on a server.
    other = await begin(app, kind)
    cookie = cookie_of(await get_at(app, 1800, path, other))
    await assert_expires(app, cookie.value, (START + timedelta(hours=1)).isoformat())


async def test_poll_may_begin_a_session(app: Quart) -> None:
    """A poll without a session may begin one, which lasts for a whole lifetime."""
    for value in ('', 'forged', await begin(app, 'browser')):
        response = await get_at(app, 2 * HOUR, '/poll/', value)
        assert 'Set-Cookie' not in response.headers
        cookie = cookie_of(await get_at(app, 2 * HOUR, '/poll/change', value))
        await assert_begins(app, cookie.value, 2 * HOUR, 'item')


async def test_poll_may_replace_the_session(app: Quart) -> None:
    """What a poll sets after `clear()` is a new session with a whole lifetime."""
    value = await begin(app, 'permanent')

    cookie = cookie_of(await get_at(app, 1800, '/poll/replace', value))

    await assert_begins(app, cookie.value, 1800, 'user')


async def assert_begins(app: Quart, value: str, seconds: float, key: str) -> None:
    """Assert that a session expires an hour after that many seconds after the start."""
    for end, expected in ((2, False), (-2, True)):
        with time_machine.travel(START + timedelta(seconds=seconds + HOUR + end), tick=False):
            assert (key in await contents_of(app, value)) is expected


async def test_poll_with_old_key(store: dict[str, Any]) -> None:
    """A poll with a cookie of an old key does not extend the session, with both keys."""
    config = {**store, 'PERMANENT_SESSION_LIFETIME': HOUR}
    app = make_app(**config)
    async with app.test_app():
        value = await begin(app, 'permanent')
        app.secret_key, app.config['SECRET_KEY_FALLBACKS'] = 'a new key ' * 4, [KEY]
        response = await get_at(app, 1800, '/poll/', value)
        for cookie in cookies_of(response):
            assert cookie.attributes['expires'] == 'Tue, 01 Jan 2030 01:00:00 GMT'
            value = cookie.value
        cookie = cookie_of(await get_at(app, 1900, '/poll/change', value))
        assert cookie.attributes['expires'] == 'Tue, 01 Jan 2030 01:00:00 GMT'
        app.config['SECRET_KEY_FALLBACKS'] = None

        await assert_expires(app, cookie.value, (START + timedelta(hours=1)).isoformat())


async def test_websocket_does_not_extend(app: Quart) -> None:
    """A websocket that calls the function extends no session, also if it changes it."""
    value = await begin(app, 'permanent')
    with time_machine.travel(START + timedelta(seconds=1800), tick=False):
        headers = {'Cookie': f'session={value}'}
        async with app.test_client().websocket('/ws', headers=headers) as connection:
            await connection.send('apple')
            await connection.receive()

    await assert_expires(app, value, (START + timedelta(hours=1)).isoformat())
