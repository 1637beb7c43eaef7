"""Races: requests of one session that run at the same time."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import Quart, request, session

from quart_session_demo.sessions import regenerate_session
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie

PAIRS = 200
ROUNDS = 50
ACTIONS = ['set', 'append', 'pop', 'clear', 'clear_and_set', 'login', 'read']


class Gate:
    """Stops requests that have read their session until the test opens it."""

    def __init__(self) -> None:
        self._waiting = asyncio.Semaphore(0)
        self._opened = asyncio.Event()

    async def wait(self) -> None:
        """Stop here until the gate opens."""
        self._waiting.release()
        await self._opened.wait()

    async def stopped(self, requests: int) -> None:
        """Wait until so many requests have stopped at the gate."""
        for _ in range(requests):
            await self._waiting.acquire()

    def open(self) -> None:
        """Let all requests pass."""
        self._opened.set()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def app(store: dict[str, Any], gate: Gate) -> AsyncIterator[Quart]:
    app = make_sessions_app(**store)

    @app.get('/slow/<action>')
    async def slow(action: str) -> str:
        await gate.wait()
        match action:
            case 'set':
                session['slow'] = session['username']
            case 'append':
                session.setdefault('cart', []).append('slow')
            case 'pop':
                session.pop('username')
            case 'clear':
                session.clear()
            case 'clear_and_set':
                session.clear()
                session['slow'] = 'slow'
            case 'login':
                session['user'] = 'slow'
                await regenerate_session()
        return str(session.get('username'))

    @app.get('/slow_set/<key>')
    async def slow_set(key: str) -> str:
        await gate.wait()
        session[key] = key
        return 'set'

    async with app.test_app():
        yield app


async def new_session(app: Quart) -> str:
    return cookie_of(await app.test_client().get('/')).value


async def test_concurrent_changes_are_both_stored(app: Quart, gate: Gate) -> None:
    """Of two concurrent requests that set different keys both are stored, 200 times of 200."""
    ids = [await new_session(app) for _ in range(PAIRS)]
    pairs = [
        get_with_cookie(app, f'/slow_set/{key}', session_id)
        for session_id in ids
        for key in ('a', 'b')
    ]

    running = asyncio.gather(*pairs)
    await gate.stopped(len(pairs))
    gate.open()
    assert {response.status_code for response in await running} == {200}

    for session_id in ids:
        stored = await contents_of(app, session_id)
        assert (stored.get('a'), stored.get('b')) == ('a', 'b')


@pytest.mark.parametrize('path', ['/del_session/', '/login'], ids=['logout', 'login'])
async def test_slow_request_cannot_undo(
    app: Quart, gate: Gate, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """A slow request never undoes a logout or login, 50 times of 50, and its change is reported."""
    ids = [await new_session(app) for _ in range(ROUNDS)]
    actions = [ACTIONS[number % len(ACTIONS)] for number in range(ROUNDS)]
    running = asyncio.gather(
        *(
            get_with_cookie(app, f'/slow/{action}', session_id)
            for action, session_id in zip(actions, ids, strict=True)
        )
    )
    await gate.stopped(ROUNDS)
    fast = [await get_with_cookie(app, path, session_id) for session_id in ids]

    with caplog.at_level(logging.WARNING):
        gate.open()
        slow = await running

    # They neither set nor delete a cookie: the browser may have a newer one.
    assert [response.headers.get('Set-Cookie') for response in slow] == [None] * ROUNDS
    assert {response.status_code for response in slow} == {200}
    for session_id in ids:
        assert await contents_of(app, session_id) == {}
    if path == '/login':
        for response in fast:
            assert await contents_of(app, cookie_of(response).value) == {
                'username': 'zhiliao',
                'age': 20,
                '_permanent': True,
                'user': 'zhiliao',
            }
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == sum(action != 'read' for action in actions)


async def test_emptying_keeps_concurrent_key(app: Quart, gate: Gate) -> None:
    """A request that removes all keys that it read keeps a key that another one added."""

    @app.get('/empty')
    async def empty() -> str:
        await gate.wait()
        for key in list(session):
            del session[key]
        return 'emptied'

    @app.get('/added')
    async def added() -> str:
        session['cart'] = request.path
        return 'added'

    session_id = await new_session(app)
    slow = asyncio.ensure_future(get_with_cookie(app, '/empty', session_id))
    await gate.stopped(1)
    await get_with_cookie(app, '/added', session_id)
    gate.open()

    # The cookie stays: the session exists.
    assert 'Max-Age=0' not in (await slow).headers.get('Set-Cookie', '')
    assert await contents_of(app, session_id) == {'cart': '/added'}


@pytest.mark.parametrize('action', ['set', 'append', 'read'])
async def test_slow_change_outlives_the_last_pop(app: Quart, gate: Gate, action: str) -> None:
    """A slow request's key is stored, with its cookie, after another one removed the last key."""
    session_id = await new_session(app)
    running = asyncio.ensure_future(get_with_cookie(app, f'/slow/{action}', session_id))
    await gate.stopped(1)
    popped = await get_with_cookie(app, '/pop_all', session_id)
    gate.open()
    slow = await running

    assert 'Max-Age=0' in popped.headers['Set-Cookie']
    if action == 'read':
        assert 'Set-Cookie' not in slow.headers
        assert await contents_of(app, session_id) == {}
    else:
        # The browser has deleted its cookie.
        assert cookie_of(slow).value == session_id
        added = {'slow': 'zhiliao'} if action == 'set' else {'cart': ['slow']}
        assert await contents_of(app, session_id) == added


async def test_slow_change_outlives_a_session_without_content(app: Quart, gate: Gate) -> None:
    """A slow request's key is stored after another one left nothing but a permanent session."""

    @app.get('/only_permanent')
    async def only_permanent() -> str:
        for key in set(session) - {'_permanent'}:
            del session[key]
        return 'emptied'

    session_id = await new_session(app)
    running = asyncio.ensure_future(get_with_cookie(app, '/slow/set', session_id))
    await gate.stopped(1)
    emptied = await get_with_cookie(app, '/only_permanent', session_id)
    gate.open()

    assert 'Max-Age=0' in emptied.headers['Set-Cookie']
    assert cookie_of(await running).value == session_id
    # It is no longer permanent, unless the app makes each session permanent.
    assert await contents_of(app, session_id) == {'slow': 'zhiliao'}
