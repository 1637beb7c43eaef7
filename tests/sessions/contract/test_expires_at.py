"""`session_expires_at`: the session is there just before that time, and gone just after it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart, Response, request, session, stream_with_context, websocket

from quart_session_demo.sessions import do_not_extend_session, regenerate_session
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import cookie_of, cookies_of, get_with_cookie
from tests.sessions.conftest import each_kind
from tests.sessions.expiry import START, assert_expires, expiry

LIFETIME = 3600


async def _nothing() -> None:
    pass


async def _read() -> None:
    session.get('user')


async def _change() -> None:
    session['item'] = 'apple'


async def _change_inside() -> None:
    session['cart'].append('apple')
    session.modified = True


async def _change_nothing() -> None:
    session['user'] = session['user']


async def _make_permanent() -> None:
    session.permanent = True


async def _make_browser_session() -> None:
    session.permanent = False


async def _replace() -> None:
    session.clear()
    session['user'] = 'another'


async def _login() -> None:
    session['user'] = 'another'
    await regenerate_session()


#: What a request does before it asks for the time.
ACTIONS: dict[str, Callable[[], Awaitable[None]]] = {
    'nothing': _nothing,
    'read': _read,
    'change': _change,
    'change inside a value': _change_inside,
    'change nothing': _change_nothing,
    'make permanent': _make_permanent,
    'make a browser session': _make_browser_session,
    'replace': _replace,
    'login': _login,
}
#: Other settings of every kind of session.
SETTINGS: dict[str, dict[str, Any]] = {
    'permanent': {'SESSION_PERMANENT': True},
    'no refresh': {'SESSION_PERMANENT': True, 'SESSION_REFRESH_EACH_REQUEST': False},
}


def make_app(**config: Any) -> Quart:
    """Return an app whose views return when the session expires."""
    app = make_sessions_app(**{'PERMANENT_SESSION_LIFETIME': LIFETIME, **config})

    @app.get('/new')
    async def new() -> str:
        session.update(user='zhiliao', cart=[])
        return expiry()

    @app.get('/act')
    async def act() -> str:
        if 'still' in request.args:
            do_not_extend_session()
        await ACTIONS[request.args['action']]()
        return expiry()

    @app.get('/expiry')
    async def get_expiry() -> str:
        return expiry()

    @app.get('/clear')
    async def clear() -> str:
        session.clear()
        return expiry()

    return app


async def assert_expiry_after(app: Quart, url: str, after: timedelta) -> None:
    """Assert that a request on a new session, after this time, returns when it expires."""
    with time_machine.travel(START, tick=False):
        value = cookie_of(await app.test_client().get('/new')).value
    with time_machine.travel(START + after, tick=False):
        response = await get_with_cookie(app, url, value)
    assert response.status_code == 200
    for cookie in cookies_of(response):
        value = cookie.value
    await assert_expires(app, value, await response.get_data(as_text=True))


async def assert_real_expiry(**config: Any) -> None:
    """Assert that after each kind of request the session expires when the function returned."""
    app = make_app(**config)
    async with app.test_app():
        for action in ACTIONS:
            for part, still in ((0.01, ''), (0.5, ''), (0.5, '&still')):
                url = f'/act?action={action}{still}'
                await assert_expiry_after(app, url, timedelta(seconds=part * LIFETIME))


async def test_expiry_is_the_real_one(store: dict[str, Any]) -> None:
    """After each kind of request the session expires when `session_expires_at` returned."""
    await assert_real_expiry(**store)


@each_kind
@pytest.mark.parametrize('settings', SETTINGS.values(), ids=SETTINGS)
async def test_expiry_depends_on_settings(store: dict[str, Any], settings: dict[str, Any]) -> None:
    """With other settings, too, the session expires when `session_expires_at` returned."""
    await assert_real_expiry(**store, **settings)


async def test_new_session_has_expiry(store: dict[str, Any]) -> None:
    """A request that begins a session returns when it expires."""
    app = make_app(**store)
    async with app.test_app():
        with time_machine.travel(START, tick=False):
            response = await app.test_client().get('/new')
        text = await response.get_data(as_text=True)

        assert datetime.fromisoformat(text) == START + timedelta(seconds=LIFETIME)
        await assert_expires(app, cookie_of(response).value, text)


async def test_no_session_has_no_expiry(store: dict[str, Any]) -> None:
    """Without a session, and after `clear()`, there is no expiry."""
    app = make_app(**store)
    async with app.test_app():
        client = app.test_client()
        texts = [
            await (await client.get(path)).get_data(as_text=True)
            for path in ('/expiry', '/new', '/clear', '/expiry')
        ]

    assert [text == 'None' for text in texts] == [True, False, True, True]


async def test_websocket_reports_expiry(store: dict[str, Any]) -> None:
    """An accepted websocket extends no cookie, and its new session has no expiry."""
    app = make_app(**store)

    @app.websocket('/ws')
    async def view() -> None:
        await websocket.accept()
        session['item'] = 'apple'
        await websocket.send(expiry())

    async with app.test_app():
        with time_machine.travel(START, tick=False):
            value = cookie_of(await app.test_client().get('/new')).value
        with time_machine.travel(START + timedelta(seconds=1800), tick=False):
            headers = {'Cookie': f'session={value}'}
            async with app.test_client().websocket('/ws', headers=headers) as connection:
                text = str(await connection.receive())
            async with app.test_client().websocket('/ws') as connection:
                assert await connection.receive() == 'None'
        await assert_expires(app, value, text)


async def test_stream_reports_expiry(store: dict[str, Any]) -> None:
    """In a stream a session of its response has its expiry; one that is too late has none."""
    app = make_app(**store)

    @app.get('/stream')
    async def stream() -> Response:
        if 'begin' in request.args:
            session['user'] = 'zhiliao'

        @stream_with_context
        async def body() -> AsyncIterator[bytes]:
            session['late'] = 1
            yield expiry().encode()

        return Response(body())

    async with app.test_app():
        with time_machine.travel(START, tick=False):
            begun = await app.test_client().get('/stream?begin')
            late = await app.test_client().get('/stream')
        text = await begun.get_data(as_text=True)
        assert text == (START + timedelta(seconds=LIFETIME)).isoformat()
        await assert_expires(app, cookie_of(begun).value, text)
        assert await late.get_data(as_text=True) == 'None'
