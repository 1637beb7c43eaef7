"""Saving: what changed, and nothing else."""

import asyncio
from typing import Any

import pytest
from quart import Quart, session

from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie, session_contents

NO_SESSION = '没有session数据'


async def test_only_changes_are_stored(app: Quart) -> None:
    """A request stores the keys that it changed, and keeps what another one stored meanwhile."""

    @app.get('/meanwhile')
    async def meanwhile() -> str:
        session.setdefault('cart', []).append('apple')
        session.pop('username')
        for path in ('/set/age', '/set/more'):
            await get_with_cookie(app, path, session_id)
        return 'stored'

    client = app.test_client()
    session_id = cookie_of(await client.get('/')).value

    await client.get('/meanwhile')

    assert await contents_of(app, session_id) == {
        'age': 'age',
        'more': 'more',
        '_permanent': True,
        'cart': ['apple'],
    }


async def test_changes_inside_values_are_stored(app: Quart) -> None:
    """A value that changes in place, such as a list, is stored."""
    client = app.test_client()
    for item in ('apple', 'pear', 'plum'):
        response = await client.get(f'/add/{item}')

    assert await response.get_data(as_text=True) == 'apple pear plum'


async def test_change_inside_a_value_renews_cookie(store: dict[str, Any]) -> None:
    """A change inside a value sends the cookie again, with `SESSION_REFRESH_EACH_REQUEST` off."""
    app = make_sessions_app(**store, SESSION_REFRESH_EACH_REQUEST=False)
    async with app.test_app():
        client = app.test_client()
        session_id = cookie_of(await client.get('/')).value
        await client.get('/add/apple')

        assert cookie_of(await client.get('/add/pear')).value == session_id


async def test_change_is_stored_although_not_modified(app: Quart) -> None:
    """`session.modified = False` hides no change of a stored session: the content is compared."""

    @app.get('/change')
    async def change() -> str:
        session['username'] = 'changed'
        session.modified = False
        return ''

    client = app.test_client()
    await client.get('/')
    await client.get('/change')

    assert (await session_contents(client))['username'] == 'changed'


async def test_many_keys_are_stored_and_emptied(store: dict[str, Any]) -> None:
    """A session of 10,000 keys is stored, read and emptied."""
    # On a busy machine, a database may need more than the default.
    app = make_sessions_app(**store, SESSION_SQLALCHEMY_TIMEOUT=20)
    many = {f'key {number}': 'x' * 80 for number in range(10_000)}
    async with app.test_app():
        client = app.test_client()
        async with client.session_transaction() as session:
            session.update(many)
        async with client.session_transaction() as session:
            assert dict(session) == many
            for name in many:
                del session[name]

        assert await session_contents(client) == {}


async def test_cleared_session_is_deleted(app: Quart) -> None:
    """`clear()` deletes the cookie, and its id is an empty session for whoever has it."""
    client = app.test_client()
    session_id = cookie_of(await client.get('/')).value

    response = await client.get('/del_session/')

    assert 'Max-Age=0' in response.headers['Set-Cookie']
    replay = await get_with_cookie(app, '/get_session/', session_id)
    assert await replay.get_data(as_text=True) == NO_SESSION


async def test_emptied_session_deletes_its_cookie(app: Quart) -> None:
    """A session that loses its last key loses its cookie."""
    client = app.test_client()
    await client.get('/')

    await client.get('/pop_all')

    assert not client.cookie_jar


async def test_one_app_serves_several_event_loops(store: dict[str, Any]) -> None:
    """One app works in several event loops at the same time."""
    app = make_sessions_app(**store)

    async def use_session() -> str:
        async with app.test_app():
            client = app.test_client()
            await client.get('/')
            response = await client.get('/get_session/')
            return str(await response.get_data(as_text=True))

    loops = [asyncio.to_thread(asyncio.run, use_session()) for _ in range(3)]

    assert await asyncio.gather(*loops) == ['zhiliao'] * 3


@pytest.mark.parametrize('path', ['/contents', '/same'])
async def test_read_sends_no_cookie(app: Quart, path: str) -> None:
    """A request that changes nothing sends no cookie: the browser may have a newer one."""
    client = app.test_client()
    await client.get('/')

    assert 'Set-Cookie' not in (await client.get(path)).headers
