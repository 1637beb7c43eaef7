"""The size of a stored session: a larger one is not stored, one that exists may shrink."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import Quart, session, websocket

from quart_session_demo.sessions import regenerate_session
from quart_session_demo.sessions.limits import STORED_LIMIT, SaveRefusal
from quart_session_demo.sessions.server.store import store_key
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, id_in, session_contents
from tests.sessions.conftest import in_memory
from tests.sessions.server.conftest import assert_no_traceback
from tests.sessions.server.stored import store_of

LIMIT = 2000


def size_of(**values: str) -> int:
    """Return the size of a session of text: all names and values are in quotation marks."""
    return sum(len(name) + len(value) + 4 for name, value in values.items())


@pytest.fixture
async def app(store: dict[str, Any]) -> AsyncIterator[Quart]:
    app = make_sessions_app(**store, **{STORED_LIMIT: LIMIT})

    @app.get('/text/<key>/<int:length>')
    async def text(key: str, length: int) -> str:
        session[key] = 'x' * length
        return 'set'

    @app.get('/pop/<key>')
    async def pop(key: str) -> str:
        session.pop(key)
        return 'popped'

    @app.get('/clear/<int:length>')
    async def clear(length: int) -> str:
        session.clear()
        session['a'] = 'x' * length
        return 'cleared'

    @app.get('/login/<int:length>')
    async def login(length: int) -> str:
        session['a'] = 'x' * length
        await regenerate_session()
        return 'logged in'

    @app.websocket('/in_websocket/<int:length>')
    async def in_websocket(length: int) -> None:
        await websocket.accept()
        session['a'] = 'x' * length
        await websocket.send('set')

    async with app.test_app():
        yield app


async def fields_of(app: Quart, cookie: str) -> Any:
    return (await store_of(app).read(store_key(id_in(cookie)))).fields


def test_default_is_1_mb() -> None:
    """The limit is 1 MB."""
    assert make_sessions_app(SESSION_TYPE='memory').config[STORED_LIMIT] == 1_048_576


@in_memory
async def test_limit_is_exact(app: Quart) -> None:
    """A new session and a changed one may have exactly the limit; a byte more is 413."""
    largest = LIMIT - size_of(a='')
    for first in (None, '/set/b'):
        client = app.test_client()
        room = largest
        if first:
            await client.get(first)
            room -= size_of(b='b')

        refused = await client.get(f'/text/a/{room + 1}')
        assert refused.status_code == 413
        assert 'Set-Cookie' not in refused.headers
        assert await session_contents(client) == ({'b': 'b'} if first else {})
        assert (await client.get(f'/text/a/{room}')).status_code == 200


@in_memory
@pytest.mark.parametrize('path', ['/text/a/2000', '/clear/3000', '/login/2000'])
async def test_larger_session_is_refused(
    app: Quart, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """A larger session is 413 with both sizes and one log line; the stored one does not change."""
    refusals = []

    @app.teardown_request
    async def record(_: Any) -> None:
        current: Any = session
        refusals.append(current.refusal)

    client = app.test_client()
    cookie = cookie_of(await client.get('/set/b')).value
    before = await fields_of(app, cookie)

    response = await client.get(path)

    size = size_of(a='x' * int(path.split('/')[-1]))
    size += 0 if 'clear' in path else size_of(b='b')
    sentence = f'The session would be {size} bytes long; the limit is {LIMIT} bytes.'
    assert response.status_code == 413
    assert response.headers['Cache-Control'] == 'no-store'
    assert 'Set-Cookie' not in response.headers
    assert sentence in await response.get_data(as_text=True)
    assert caplog.messages == [f'Session not saved ({STORED_LIMIT}): {sentence}']
    assert refusals[-1] == SaveRefusal(size, LIMIT, STORED_LIMIT)
    assert await fields_of(app, cookie) == before
    assert await contents_of(app, cookie) == {'b': 'b'}


@in_memory
async def test_larger_session_in_websocket_is_one_line(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A websocket that makes its session too large is one log line, and stores nothing."""
    client = app.test_client()
    await client.get('/set/b')
    async with client.websocket('/in_websocket/3000') as connection:
        await connection.receive()

    [message] = caplog.messages
    assert message.startswith(f'Session not saved ({STORED_LIMIT}): ')
    assert_no_traceback(caplog)
    assert await session_contents(client) == {'b': 'b'}


async def test_existing_larger_session_may_shrink(app: Quart) -> None:
    """A session that was stored with a higher limit is read, changed, renewed; it cannot grow."""
    app.config[STORED_LIMIT] = 10_000
    client = app.test_client()
    await client.get('/text/a/5000')
    await client.get('/set/b')
    app.config[STORED_LIMIT] = LIMIT

    for path, status in (
        ('/contents', 200),
        ('/set/b', 200),
        ('/text/b/1', 200),
        ('/text/c/1', 413),
        ('/text/a/5001', 413),
        ('/login/5001', 413),
        ('/clear/5000', 413),
        ('/login/5000', 200),
        ('/login/4999', 200),
        ('/text/a/5000', 413),
        ('/text/a/4000', 200),
        ('/pop/b', 200),
        ('/text/a/4001', 413),
    ):
        assert (await client.get(path)).status_code == status, path
    assert await session_contents(client) == {'a': 'x' * 4000}
    assert (await client.get('/text/a/100')).status_code == 200
    assert (await client.get('/text/c/1000')).status_code == 200
    assert (await client.get('/text/d/1000')).status_code == 413


async def test_login_stores_what_another_request_added(app: Quart) -> None:
    """Two requests that exceed the limit only together are both stored, also if one is a login."""
    started, added = asyncio.Event(), asyncio.Event()

    @app.get('/slow_login')
    async def slow_login() -> str:
        session['a'] = 'x' * (LIMIT // 2)
        started.set()
        await added.wait()
        await regenerate_session()
        return 'logged in'

    client = app.test_client()
    await client.get('/set/b')
    login = asyncio.create_task(client.get('/slow_login'))
    await started.wait()
    assert (await client.get(f'/text/c/{LIMIT * 3 // 4}')).status_code == 200
    added.set()

    assert (await login).status_code == 200
    contents = await session_contents(client)
    assert {key: len(value) for key, value in contents.items()} == {
        'a': LIMIT // 2,
        'b': 1,
        'c': LIMIT * 3 // 4,
    }
    assert (await client.get('/text/d/1')).status_code == 413
