"""Requests of one session that run at the same time: races, provoked on purpose."""

import asyncio
import logging
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any

import pytest
from quart import Quart, request, session

from quart_session_demo import create_app
from quart_session_demo.sessions import regenerate_session
from tests.conftest import KEY
from tests.redis_server import RedisServer

PAIRS = 200
ROUNDS = 50


class Gate:
    """Holds requests that have read their session, until the test opens it."""

    def __init__(self) -> None:
        self.waiting = asyncio.Semaphore(0)
        self.opened = asyncio.Event()

    async def wait(self) -> None:
        self.waiting.release()
        await self.opened.wait()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def app(redis_server: RedisServer, gate: Gate) -> AsyncIterator[Quart]:
    app = create_app(
        {'SECRET_KEY': KEY, 'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': redis_server.url}
    )

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

    @app.get('/set/<key>')
    async def set_key(key: str) -> str:
        await gate.wait()
        session[key] = key
        return 'set'

    @app.get('/login')
    async def login() -> str:
        session['user'] = 'fast'
        await regenerate_session()
        return 'in'

    @app.get('/held')
    async def show() -> dict[str, Any]:
        return dict(session)

    async with app.test_app():
        yield app


async def get(app: Quart, path: str, session_id: str | None = None) -> Any:
    headers = {} if session_id is None else {'Cookie': f'session={session_id}'}
    return await app.test_client(use_cookies=False).get(path, headers=headers)


def id_in(response: Any) -> str:
    return SimpleCookie(response.headers['Set-Cookie'])['session'].value


async def held(app: Quart, session_id: str) -> dict[str, Any]:
    content: dict[str, Any] = await (await get(app, '/held', session_id)).get_json()
    return content


async def test_both_of_two_requests_that_set_different_keys_count(app: Quart, gate: Gate) -> None:
    ids = [id_in(await get(app, '/')) for _ in range(PAIRS)]
    pairs = [get(app, f'/set/{key}', session_id) for session_id in ids for key in ('a', 'b')]

    running = asyncio.gather(*pairs)
    for _ in pairs:
        await gate.waiting.acquire()
    gate.opened.set()
    assert {response.status_code for response in await running} == {200}

    for session_id in ids:
        inside = await held(app, session_id)
        assert (inside.get('a'), inside.get('b')) == ('a', 'b')


ACTIONS = ['set', 'append', 'pop', 'clear', 'clear_and_set', 'login', 'read']


@pytest.mark.parametrize('ending', ['/del_session/', '/login'], ids=['logout', 'login'])
async def test_slow_request_does_not_undo_what_ended_its_session(
    app: Quart, gate: Gate, caplog: pytest.LogCaptureFixture, ending: str
) -> None:
    ids = [id_in(await get(app, '/')) for _ in range(ROUNDS)]
    actions = [ACTIONS[number % len(ACTIONS)] for number in range(ROUNDS)]
    running = asyncio.gather(
        *(
            get(app, f'/slow/{action}', session_id)
            for action, session_id in zip(actions, ids, strict=True)
        )
    )
    for _ in ids:
        await gate.waiting.acquire()
    ended = [await get(app, ending, session_id) for session_id in ids]

    with caplog.at_level(logging.WARNING):
        gate.opened.set()
        late = await running

    # Neither a cookie nor a deletion: the browser may hold a newer one.
    assert [response.headers.get('Set-Cookie') for response in late] == [None] * ROUNDS
    assert {response.status_code for response in late} == {200}
    for session_id in ids:
        assert await held(app, session_id) == {}
    if ending == '/login':
        for response in ended:
            assert await held(app, id_in(response)) == {
                'username': 'zhiliao',
                'age': 20,
                '_permanent': True,
                'user': 'fast',
            }
    dropped = [record for record in caplog.records if 'dropped' in record.message]
    assert len(dropped) == sum(action != 'read' for action in actions)


async def test_emptying_a_session_keeps_what_another_request_added(app: Quart, gate: Gate) -> None:
    @app.get('/empty')
    async def empty() -> str:
        await gate.wait()
        for key in list(session):
            del session[key]
        return 'emptied'

    @app.get('/add')
    async def add() -> str:
        session['cart'] = request.path
        return 'added'

    session_id = id_in(await get(app, '/'))
    slow = asyncio.ensure_future(get(app, '/empty', session_id))
    await gate.waiting.acquire()
    await get(app, '/add', session_id)
    gate.opened.set()

    # Its cookie must stay: the session lives.
    assert 'Max-Age=0' not in (await slow).headers.get('Set-Cookie', '')
    assert await held(app, session_id) == {'cart': '/add'}


@pytest.mark.parametrize('action', ['set', 'append', 'read'])
async def test_slow_request_keeps_its_key_when_another_pops_the_last_one(
    app: Quart, gate: Gate, action: str
) -> None:
    @app.get('/pop')
    async def pop() -> str:
        for key in list(session):
            session.pop(key)
        return 'popped'

    session_id = id_in(await get(app, '/'))
    slow = asyncio.ensure_future(get(app, f'/slow/{action}', session_id))
    await gate.waiting.acquire()
    popped = await get(app, '/pop', session_id)
    gate.opened.set()
    late = await slow

    assert 'Max-Age=0' in popped.headers['Set-Cookie']
    if action == 'read':
        assert 'Set-Cookie' not in late.headers
        assert await held(app, session_id) == {}
    else:
        # The browser dropped it.
        assert id_in(late) == session_id
        added = {'slow': 'zhiliao'} if action == 'set' else {'cart': ['slow']}
        assert await held(app, session_id) == added


async def test_400_requests_share_four_connections(redis_server: RedisServer) -> None:
    app = create_app(
        {
            'SECRET_KEY': KEY,
            'SESSION_TYPE': 'redis',
            'SESSION_REDIS_URL': redis_server.url,
            'SESSION_REDIS_MAX_CONNECTIONS': 4,
        }
    )
    async with app.test_app():
        ids = [id_in(await get(app, '/')) for _ in range(4)]

        responses = await asyncio.gather(
            *(get(app, '/get_session/' if n % 2 else '/', ids[n % 4]) for n in range(400))
        )

    assert {response.status_code for response in responses} == {200}
