"""`reload_session` and `save_session`: in websockets, streams and requests."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import Quart, session, stream_with_context, websocket
from werkzeug.exceptions import HTTPException

from quart_session_demo.sessions import (
    reload_session,
    save_session,
    session_user,
)
from quart_session_demo.sessions.server.store import StoreError, new_session_id
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import SetCookie, contents_of, cookie_of, get_with_cookie, signed_id
from tests.sessions.conftest import in_memory
from tests.sessions.server.stored import store_of
from tests.sessions.websockets import add_login, connect, new_cookie


def add_steps(app: Quart) -> None:
    """Add a websocket that does what it is sent, and sends what its session contains then."""

    @app.websocket('/steps')
    async def steps() -> None:
        while True:
            step = await websocket.receive_json()
            result: Any = None
            try:
                match step:
                    case ['set', key, value]:
                        session[key] = value
                    case ['object']:
                        session['object'] = {object}
                    case ['append', value]:
                        session['list'].append(value)
                    case ['pop', key]:
                        session.pop(key)
                    case ['clear']:
                        session.clear()
                    case ['user']:
                        result = session_user()
                    case ['modified']:
                        result = session.modified
                    case ['reload']:
                        await reload_session()
                    case ['save']:
                        await save_session()
            except HTTPException as error:
                result = error.code
            except TypeError as error:
                result = str(error)
            await websocket.send_json([result, dict(session)])


@pytest.fixture
async def app(store: dict[str, Any]) -> AsyncIterator[Quart]:
    app = make_sessions_app(**store, SESSION_WEBSOCKET_CHECK=3600)
    add_login(app)
    add_steps(app)
    async with app.test_app():
        yield app


class Handler:
    """An open websocket whose handler does one step after another."""

    def __init__(self, app: Quart, cookie: SetCookie | None) -> None:
        self._connection = connect(app, '/steps', cookie)

    async def __aenter__(self) -> 'Handler':
        await self._connection.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._connection.__aexit__(*error)

    async def do(self, *step: Any) -> Any:
        """Return what a step returns, such as the code of its error."""
        await self._connection.send_json(list(step))
        result, self.contents = await self._connection.receive_json()
        return result


async def test_reload_reads_what_is_stored(app: Quart) -> None:
    """A reload reads what others stored, and the handler's own unsaved changes stay."""
    cookie = await new_cookie(app, '/set/theirs')
    await get_with_cookie(app, '/set/removed', cookie.value)
    async with Handler(app, cookie) as handler:
        await handler.do('set', 'own', 'unsaved')
        await handler.do('pop', 'removed')
        await get_with_cookie(app, '/set/later', cookie.value)
        await handler.do('reload')
        assert handler.contents == {'theirs': 'theirs', 'later': 'later', 'own': 'unsaved'}
        assert (await contents_of(app, cookie.value)).keys() == {'theirs', 'later', 'removed'}

        await handler.do('save')

        assert await contents_of(app, cookie.value) == handler.contents


async def test_reload_of_ended_session_is_empty(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """After a revocation a reload gives an empty session without a user, and nothing is stored."""
    cookie = await new_cookie(app, '/login/ann')
    async with Handler(app, cookie) as handler:
        assert await handler.do('user') == 'ann'
        await get_with_cookie(app, '/revoke/ann', cookie.value)
        assert await handler.do('user') == 'ann'
        await handler.do('reload')
        assert handler.contents == {}
        assert await handler.do('user') is None
        await handler.do('reload')
        assert caplog.messages == []

        for key in ('a', 'b'):
            await handler.do('set', key, 1)
            await handler.do('save')

    [line] = caplog.messages
    assert line.startswith('Session changes dropped')
    assert await contents_of(app, cookie.value) == {}


@in_memory
async def test_reload_reports_dropped_changes(app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    """A reload that drops unsaved changes, because the session has ended, logs one line."""
    cookie = await new_cookie(app, '/login/ann')
    async with Handler(app, cookie) as handler:
        await handler.do('set', 'a', 1)
        await get_with_cookie(app, '/revoke/ann', cookie.value)
        await handler.do('reload')
        assert handler.contents == {}

    [line] = caplog.messages
    assert line.startswith('Session changes dropped')


async def test_save_stores_now(app: Quart) -> None:
    """A save stores what the handler changed, also inside a value, while the websocket is open."""
    cookie = await new_cookie(app, '/add/one')
    async with Handler(app, cookie) as handler:
        await handler.do('set', 'list', ['x'])
        await handler.do('save')
        assert (await contents_of(app, cookie.value))['list'] == ['x']
        await handler.do('append', 'y')
        await handler.do('save')
        assert (await contents_of(app, cookie.value))['list'] == ['x', 'y']
        assert await handler.do('modified') is False
        await handler.do('pop', 'list')
        await handler.do('save')
        assert await contents_of(app, cookie.value) == {'cart': ['one']}
        await handler.do('clear')
        await handler.do('save')
        assert await contents_of(app, cookie.value) == {}


async def test_save_does_not_undo_other_changes(app: Quart) -> None:
    """A save writes only what this handler changed."""
    cookie = await new_cookie(app, '/set/a')
    async with Handler(app, cookie) as handler:
        await handler.do('set', 'b', 'b')
        await get_with_cookie(app, '/set/a2', cookie.value)
        await handler.do('save')

    assert await contents_of(app, cookie.value) == {'a': 'a', 'a2': 'a2', 'b': 'b'}


@in_memory
async def test_failed_save_loses_nothing(app: Quart, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save that fails raises, what was stored stays, and a later save stores the changes."""
    app.config['SESSION_MAX_STORED_SIZE'] = 1000
    cookie = await new_cookie(app, '/set/a')
    before = await contents_of(app, cookie.value)
    async with Handler(app, cookie) as handler:
        await handler.do('set', 'b', 'x' * 2000)
        assert await handler.do('save') == 413
        await handler.do('set', 'b', 'b')

        async def fail(*args: Any, **kwargs: Any) -> Any:
            raise StoreError('down')

        with monkeypatch.context() as patch:
            patch.setattr(store_of(app), 'write', fail)
            assert await handler.do('save') == 503
            patch.setattr(store_of(app), 'read', fail)
            assert await handler.do('reload') == 503
        assert handler.contents == {'a': 'a', 'b': 'b'}
        assert await contents_of(app, cookie.value) == before

        await handler.do('save')
        assert await contents_of(app, cookie.value) == {'a': 'a', 'b': 'b'}


@in_memory
async def test_save_of_unstorable_value_raises(app: Quart) -> None:
    """A value that cannot be stored is the error of a save, and what was stored stays."""

    @app.get('/save')
    async def save() -> str:
        session['b'] = {object}
        with pytest.raises(TypeError, match=r"session\['b'\]"):
            await save_session()
        with pytest.raises(TypeError, match=r"session\['b'\]"):
            await reload_session()
        session['b'] = 'b'
        return ''

    cookie = await new_cookie(app, '/set/a')
    assert (await get_with_cookie(app, '/save', cookie.value)).status_code == 200
    assert await contents_of(app, cookie.value) == {'a': 'a', 'b': 'b'}


async def test_new_session_in_open_websocket_is_not_stored(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that an open websocket begins cannot be stored: one warning, and no error."""
    async with Handler(app, None) as handler:
        await handler.do('set', 'a', 1)
        for _ in range(2):
            assert await handler.do('save') is None
            assert await handler.do('reload') is None
        assert handler.contents == {'a': 1}

    assert len(caplog.messages) == 1


@pytest.mark.parametrize('known', [False, True], ids=['new', 'known'])
async def test_save_in_request_sets_the_cookie(app: Quart, known: bool) -> None:
    """A save in a request stores the session at once, and the response has its cookie."""
    seen = []

    @app.get('/save')
    async def save() -> str:
        session.permanent = True
        session['early'] = True
        await save_session()
        seen.append(await store_of(app).count())
        return ''

    cookie = await new_cookie(app, '/set/a') if known else None
    client = app.test_client(use_cookies=False)
    headers = {} if cookie is None else {'Cookie': f'session={cookie.value}'}
    response = await client.get('/save', headers=headers)

    assert seen[0] >= 1
    assert 'expires' in cookie_of(response).attributes
    assert (await contents_of(app, cookie_of(response).value))['early'] is True


@in_memory
async def test_save_of_cleared_session_in_request_deletes_the_cookie(app: Quart) -> None:
    """A session that a request clears or empties, and saves, loses its cookie."""

    @app.get('/leave/<how>')
    async def leave(how: str) -> str:
        if how == 'clear':
            session.clear()
        else:
            session.pop('a')
        await save_session()
        return ''

    for how in ('clear', 'pop'):
        cookie = await new_cookie(app, '/set/a')
        response = await get_with_cookie(app, f'/leave/{how}', cookie.value)
        assert cookie_of(response).value == ''
        assert await contents_of(app, cookie.value) == {}


@in_memory
async def test_save_before_accept_sets_the_cookie(app: Quart) -> None:
    """A session that is saved before accept gets its cookie with the handshake."""

    @app.websocket('/early')
    async def early() -> None:
        session['a'] = 1
        await save_session()
        await websocket.send('accepted')

    connection = connect(app, '/early')
    async with connection:
        await connection.receive()

    assert await contents_of(app, cookie_of(connection).value) == {'a': 1}


async def test_reload_and_save_in_stream(app: Quart) -> None:
    """A stream can store what it changed, and read what others stored."""

    @app.get('/stream')
    async def stream() -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            session['b'] = 'b'
            await save_session()
            yield repr(await contents_of(app, cookie.value))
            await get_with_cookie(app, '/set/c', cookie.value)
            await reload_session()
            yield repr(dict(session))

        return parts()

    cookie = await new_cookie(app, '/set/a')
    response = await get_with_cookie(app, '/stream', cookie.value)
    text = await response.get_data(as_text=True)

    assert text in (
        "{'a': 'a', 'b': 'b'}{'a': 'a', 'b': 'b', 'c': 'c'}",
        "{'b': 'b', 'a': 'a'}{'b': 'b', 'a': 'a', 'c': 'c'}",
    )


async def test_unavailable_session_raises_503(unreachable_store: dict[str, Any]) -> None:
    """If the session could not be read, a reload and a save raise 503, whenever they are called."""
    app = make_sessions_app(**unreachable_store)
    codes = []

    @app.get('/both')
    async def both() -> str:
        for function in (reload_session, save_session, reload_session):
            try:
                await function()
            except HTTPException as error:
                codes.append(error.code)
        return ''

    await get_with_cookie(app, '/both', signed_id(new_session_id()))

    assert codes == [503] * 3
