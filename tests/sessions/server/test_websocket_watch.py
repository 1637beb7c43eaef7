"""Open websockets are closed when their session ends, and only then."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart, session, websocket
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, Request

from quart_session_demo.sessions import (
    save_session,
    session_expires_at,
)
from quart_session_demo.sessions.server.store import (
    StoreError,
    current_time,
    new_token,
    store_key,
)
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import (
    SetCookie,
    cookie_of,
    get_with_cookie,
    id_in,
    parse_set_cookie,
    signed_id,
)
from tests.serving import serving
from tests.sessions.conftest import in_memory
from tests.sessions.expiry import START
from tests.sessions.server.conftest import FragileServer
from tests.sessions.server.stored import store_of
from tests.sessions.websockets import Connection, add_login, close_code, connect, new_cookie

CHECK = 0.2


def make_app(**config: Any) -> Quart:
    """Return an app whose websocket `/open` stays open, and whose `/login/<user>` logs in."""
    app = make_sessions_app(**{'SESSION_WEBSOCKET_CHECK': CHECK, **config})
    app.extensions.update(ended=[], torn_down=asyncio.Event())

    add_login(app)

    @app.get('/logout')
    async def logout() -> str:
        session.clear()
        return ''

    @app.websocket('/open')
    async def stay_open() -> None:
        await websocket.send('open')
        try:
            while True:
                await websocket.send(await websocket.receive())
        except asyncio.CancelledError:
            app.extensions['ended'].append('canceled')
            raise

    @app.teardown_websocket
    async def teardown(error: BaseException | None) -> None:
        app.extensions['ended'].append('torn down')
        app.extensions['torn_down'].set()

    return app


@pytest.fixture
async def app(store: dict[str, Any]) -> AsyncIterator[Quart]:
    app = make_app(**store)
    async with app.test_app():
        yield app


class Checks:
    """The reads of many sessions at once by an app's store."""

    def __init__(self, app: Quart, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: list[list[str]] = []
        self.error: Exception | None = None
        self._event = asyncio.Event()
        store = store_of(app)
        self._read_many = store.read_many
        monkeypatch.setattr(store, 'read_many', self._record)

    async def _record(self, keys: list[str]) -> Any:
        self.keys.append(keys)
        self._event.set()
        if self.error is not None:
            raise self.error
        return await self._read_many(keys)

    async def wait(self, count: int = 1) -> None:
        """Wait until this many further checks have begun."""
        async with asyncio.timeout(30):
            for _ in range(count):
                self._event.clear()
                await self._event.wait()


async def assert_open(connection: Connection) -> None:
    await connection.send('still here?')
    assert await connection.receive() == 'still here?'


@pytest.mark.parametrize('path', ['/revoke/ann', '/logout', '/login/ann'])
async def test_websocket_of_ended_session_is_closed(app: Quart, path: str) -> None:
    """A revocation, a logout or a new id closes the websockets of the old session with 4401."""
    ann, bob = await new_cookie(app, '/login/ann'), await new_cookie(app, '/login/bob')
    async with (
        connect(app, '/open', ann) as one,
        connect(app, '/open', ann) as two,
        connect(app, '/open', bob) as other,
    ):
        for connection in (one, two, other):
            assert await connection.receive() == 'open'
        await get_with_cookie(app, path, ann.value)

        assert await close_code(one) == 4401
        assert await close_code(two) == 4401
        await assert_open(other)


@in_memory
async def test_handler_of_closed_websocket_is_canceled(store: dict[str, Any]) -> None:
    """The handler of a closed websocket is canceled, and its teardown runs, without the client."""
    app = make_app(**store)
    async with app.test_app():
        cookie = await new_cookie(app, '/login/ann')
        connection = connect(app, '/open', cookie)
        async with connection:
            await connection.receive()
            await get_with_cookie(app, '/logout', cookie.value)
            assert await close_code(connection) == 4401
            # The client does not confirm the end.
            async with asyncio.timeout(30):
                await app.extensions['torn_down'].wait()
            assert app.extensions['ended'] == ['canceled', 'torn down']


@in_memory
async def test_close_code_setting(store: dict[str, Any]) -> None:
    """`SESSION_WEBSOCKET_CLOSE_CODE` is the code of the close frame."""
    app = make_app(**store, SESSION_WEBSOCKET_CLOSE_CODE=3000)
    async with app.test_app():
        cookie = await new_cookie(app)
        connection = connect(app, '/open', cookie)
        async with connection:
            await connection.receive()
            await get_with_cookie(app, '/logout', cookie.value)

            assert await close_code(connection) == 3000


@pytest.mark.parametrize(
    'setting', ['PERMANENT_SESSION_LIFETIME', 'SESSION_ABSOLUTE_LIFETIME'], ids=['idle', 'absolute']
)
async def test_expired_session_closes_its_websocket(store: dict[str, Any], setting: str) -> None:
    """A session that expires closes its websocket, which did not extend it by staying open."""
    app = make_app(**{**store, setting: 1})
    async with app.test_app():
        connection = connect(app, '/open', await new_cookie(app))
        async with connection:
            await connection.receive()
            await assert_open(connection)

            assert await close_code(connection) == 4401


async def test_open_websocket_does_not_extend(store: dict[str, Any]) -> None:
    """The handshake extends a session; an open websocket does only if it changes the session."""
    app = make_app(**store, PERMANENT_SESSION_LIFETIME=3600, SESSION_WEBSOCKET_CHECK=3600)

    @app.websocket('/change')
    async def change() -> None:
        while True:
            key = await websocket.receive()
            session[str(key)] = str(session_expires_at())
            await save_session()
            await websocket.send('changed')

    async def refreshed(cookie: Any) -> timedelta:
        stored = await store_of(app).read(store_key(id_in(cookie.value)))
        return timedelta(milliseconds=stored.refreshed) - timedelta(seconds=START.timestamp())

    def at(minutes: int) -> Any:
        return time_machine.travel(START + timedelta(minutes=minutes), tick=False)

    async with app.test_app():
        with at(0):
            cookie = await new_cookie(app)
        with at(10):
            connection = connect(app, '/change', cookie)
            await connection.__aenter__()
            await connection.send('a')
            await connection.receive()
            assert await refreshed(cookie) == timedelta(minutes=10)
        with at(20):
            await connection.send('b')
            await connection.receive()
            assert await refreshed(cookie) == timedelta(minutes=20)
        with at(40):
            await connection.__aexit__(None, None, None)
            assert await refreshed(cookie) == timedelta(minutes=20)
        with at(50):
            async with connect(app, '/open', cookie) as idle:
                await idle.receive()
            assert await refreshed(cookie) == timedelta(minutes=50)


async def test_session_begun_before_accept_is_watched(app: Quart) -> None:
    """A session that the handshake began closes its websocket, too; one without has none."""

    @app.websocket('/begin')
    async def begin() -> None:
        session['begun'] = True
        await websocket.send('open')
        await websocket.receive()

    connection = connect(app, '/begin')
    async with connection, connect(app, '/open') as without:
        await connection.receive()
        await without.receive()
        await get_with_cookie(app, '/logout', cookie_of(connection).value)

        assert await close_code(connection) == 4401
        await assert_open(without)


async def test_logout_in_its_own_websocket_closes_it(app: Quart) -> None:
    """A handler that clears the session and saves it is closed as by any logout."""

    @app.websocket('/leave')
    async def leave() -> None:
        await websocket.accept()
        session.clear()
        await save_session()
        await websocket.receive()

    cookie = await new_cookie(app)
    async with connect(app, '/leave', cookie) as connection:
        assert await close_code(connection) == 4401

    assert await (await get_with_cookie(app, '/contents', cookie.value)).get_json() == {}


@in_memory
async def test_all_open_websockets_are_one_read(
    app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check reads each session of all open websockets once, and none while there are none."""
    checks = Checks(app, monkeypatch)
    cookies = [await new_cookie(app, f'/login/{number}') for number in range(3)]
    async with AsyncExitStack() as stack:
        for cookie in [*cookies, *cookies, None]:
            connection = connect(app, '/open', cookie)
            await stack.enter_async_context(connection)
            await connection.receive()
        await checks.wait()

    expected = sorted(store_key(id_in(cookie.value)) for cookie in cookies)
    assert sorted(checks.keys[-1]) == expected
    count = len(checks.keys)
    # A busy event loop may be late for a check, but not for one that nobody started.
    await asyncio.sleep(2 * CHECK)
    assert len(checks.keys) == count


@in_memory
async def test_emptied_session_closes_its_websocket(app: Quart) -> None:
    """A session that loses its last key, and so its cookie, closes its websocket."""
    cookie = await new_cookie(app, '/set/key')
    async with connect(app, '/open', cookie) as connection:
        await connection.receive()
        await get_with_cookie(app, '/pop_all', cookie.value)

        assert await close_code(connection) == 4401


@pytest.mark.parametrize('store', ['memory', 'sqlite', 'redis'], indirect=True)
async def test_600_sessions_are_checked(app: Quart) -> None:
    """Of 600 open websockets with a session each, those of the revoked sessions are closed."""
    store = store_of(app)
    now = current_time()
    ids = [await store.create({b'"a"': b'1'}, lifetime=600_000, now=now) for _ in range(600)]
    async with AsyncExitStack() as stack:
        connections = []
        for session_id in ids:
            cookie = SetCookie('session', signed_id(session_id), {})
            connections.append(connect(app, '/open', cookie))
            await stack.enter_async_context(connections[-1])
        for connection in connections:
            await connection.receive()
        for session_id in ids[::300]:
            await store.delete(store_key(session_id), new_token())

        for connection in connections[::300]:
            assert await close_code(connection) == 4401
        await assert_open(connections[1])
        await assert_open(connections[599])


@in_memory
async def test_failing_store_closes_nothing(
    app: Quart, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the store fails, no websocket is closed, and the log has one line for each outage."""
    checks = Checks(app, monkeypatch)
    async with connect(app, '/open', await new_cookie(app)) as connection:
        await connection.receive()
        for count in (1, 2):
            checks.error = StoreError('down')
            await checks.wait(3)
            await assert_open(connection)
            assert caplog.messages == ['Sessions of open websockets not checked: down'] * count
            checks.error = None
            await checks.wait(2)
        await assert_open(connection)


async def test_stopped_server_closes_nothing(
    fragile_server: FragileServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A websocket stays open while the server of the sessions is down, and is checked after it."""
    app = make_app(**fragile_server.settings)
    async with app.test_app():
        cookie = await new_cookie(app, '/login/ann')
        async with connect(app, '/open', cookie) as connection:
            await connection.receive()
            fragile_server.stop()
            async with asyncio.timeout(60):
                while not caplog.messages:
                    await assert_open(connection)
            fragile_server.start()
            async with asyncio.timeout(60):
                while (await get_with_cookie(app, '/logout', cookie.value)).status_code != 200:
                    pass

            assert await close_code(connection) == 4401


@in_memory
async def test_real_client_that_does_not_confirm(app: Quart) -> None:
    """On a real server, the handler ends also if the client sends messages and no close frame."""

    @app.websocket('/begin')
    async def begin() -> None:
        session['begun'] = True
        while True:
            await websocket.receive()

    client = WSConnection(ConnectionType.CLIENT)
    received: list[Any] = []
    async with serving(app) as port, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)

        async def receive(kind: type[Any]) -> Any:
            while not received or not isinstance(received[-1], kind):
                client.receive_data(await reader.read(4096))
                received.extend(client.events())
            return received[-1]

        writer.write(client.send(Request('127.0.0.1', '/begin')))
        accepted = await receive(AcceptConnection)
        [header] = [value for name, value in accepted.extra_headers if name == b'set-cookie']
        message = client.send(Message('from a client that stays'))
        value = parse_set_cookie(header.decode()).value
        assert (await get_with_cookie(app, '/logout', value)).status_code == 200
        assert (await receive(CloseConnection)).code == 4401
        writer.write(message)
        await app.extensions['torn_down'].wait()
        writer.close()


@in_memory
async def test_sending_handler_is_canceled(app: Quart) -> None:
    """On a real server, a handler that sends all the time is canceled, and raises no other error.

    Servers refuse each message after the close frame.
    """

    @app.websocket('/ticks')
    async def send_ticks() -> None:
        session['begun'] = True
        try:
            while True:
                await websocket.send('tick')
                await asyncio.sleep(0.001)
        except BaseException as error:
            app.extensions['ended'].append(type(error))
            raise

    client = WSConnection(ConnectionType.CLIENT)
    async with serving(app) as port, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(client.send(Request('127.0.0.1', '/ticks')))
        closed = False
        while not closed:
            client.receive_data(await reader.read(4096))
            for event in client.events():
                if isinstance(event, AcceptConnection):
                    [header] = [text for name, text in event.extra_headers if name == b'set-cookie']
                    value = parse_set_cookie(header.decode()).value
                    await get_with_cookie(app, '/logout', value)
                closed = closed or isinstance(event, CloseConnection)
        # The client does not confirm the end.
        await app.extensions['torn_down'].wait()
        writer.close()

    assert app.extensions['ended'] == [asyncio.CancelledError, 'torn down']


@in_memory
def test_ended_loop_leaves_nothing(store: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """An event loop that ends with an open websocket leaves no timer, task or warning."""
    app = make_app(**store, SESSION_WEBSOCKET_CHECK=0.002)

    async def leave_open() -> None:
        connection = connect(app, '/open', await new_cookie(app))
        await connection.__aenter__()
        await connection.receive()
        await asyncio.sleep(0.01)

    with caplog.at_level(logging.DEBUG, 'asyncio'):
        for _ in range(2):
            asyncio.run(leave_open())

    interface: Any = app.session_interface
    assert interface._watch._by_loop == {}
    assert [line for line in caplog.messages if 'destroyed' in line] == []
