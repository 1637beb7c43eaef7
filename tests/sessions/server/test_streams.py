"""Streams: their changes are stored when they end, however they end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from quart import (
    Quart,
    Response,
    copy_current_request_context,
    request,
    request_finished,
    session,
    stream_with_context,
)
from quart.typing import TestClientProtocol as Client
from quart.wrappers.response import IterableBody

from quart_session_demo.sessions.server.streams import StreamBody
from quart_session_demo.sessions.tracking import LATE_CHANGE, current_session
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie, session_contents
from tests.serving import serving
from tests.sessions.conftest import in_memory
from tests.sessions.server.conftest import FragileServer, text
from tests.sessions.server.stored import store_of

#: Changes of a session that contains a=1 and cart=['x'], and what is stored then.
CHANGES: dict[str, tuple[Callable[[Any], object], dict[str, Any]]] = {
    'set': (lambda session: session.update(b=2), {'a': 1, 'cart': ['x'], 'b': 2}),
    'inside a value': (lambda session: session['cart'].append('y'), {'a': 1, 'cart': ['x', 'y']}),
    'delete': (lambda session: session.pop('a'), {'cart': ['x']}),
    'delete all': (lambda session: [session.pop(key) for key in list(session)], {}),
    'clear': (lambda session: session.clear(), {}),
    'permanent': (
        lambda session: setattr(session, 'permanent', True),
        {'a': 1, 'cart': ['x'], '_permanent': True},
    ),
    'nothing': (lambda session: session.get('a'), {'a': 1, 'cart': ['x']}),
}


@pytest.fixture
async def app(app: Quart) -> Quart:
    app.extensions['go_on'] = asyncio.Event()

    @app.get('/begin')
    async def begin() -> str:
        session.update(a=1, cart=['x'])
        return ''

    @app.get('/change/<name>')
    async def change(name: str) -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            yield 'begun'
            CHANGES[name][0](session)
            yield 'ended'

        return parts()

    @app.get('/wait/<key>')
    async def wait(key: str) -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            session[key] = 'begun'
            yield 'begun'
            await app.extensions['go_on'].wait()
            session[key] = 'ended'
            yield 'ended'

        return parts()

    @app.get('/fail')
    async def fail() -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            yield 'begun'
            session['a'] = 'before the failure'
            raise ArithmeticError

        return parts()

    return app


@pytest.fixture
async def client(app: Quart) -> Client:
    client = app.test_client()
    assert await text(client, '/begin') == ''
    return client


class Calls:
    """The names of the methods that were called on an app's store."""

    def __init__(self, app: Quart, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        store = store_of(app)
        for name in ('create', 'read', 'write', 'delete'):
            monkeypatch.setattr(store, name, self._recorded(name, getattr(store, name)))

    def _recorded(self, name: str, method: Any) -> Any:
        async def call(*args: Any, **kwargs: Any) -> Any:
            self.names.append(name)
            return await method(*args, **kwargs)

        return call

    def take(self) -> list[str]:
        """Return the names since the last call."""
        names, self.names = self.names, []
        return names


@in_memory
@pytest.mark.parametrize('name', CHANGES)
async def test_change_in_stream_is_stored(
    app: Quart, client: Client, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Each change in a stream is stored when the stream ends, without a line in the log."""
    assert await text(client, f'/change/{name}') == 'begunended'

    assert await session_contents(client) == CHANGES[name][1]
    assert caplog.messages == []


async def test_stream_of_session_that_its_response_began(app: Quart) -> None:
    """A stream's change is stored if the same response sets the session's cookie."""

    @app.get('/begin_and_change')
    async def begin_and_change() -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            yield 'begun'
            session['b'] = 2

        session['a'] = 1
        return parts()

    client = app.test_client()
    assert await text(client, '/begin_and_change') == 'begun'

    assert await session_contents(client) == {'a': 1, 'b': 2}


@in_memory
async def test_stream_cannot_begin_another_session(
    app: Quart, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """A stream that clears a session deletes it; what it sets then is lost, with one warning."""

    @app.get('/replace')
    async def replace() -> Any:
        captured = current_session()

        @copy_current_request_context
        async def task() -> None:
            await app.extensions['go_on'].wait()
            session['later'] = True

        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            captured.clear()
            captured['b'] = 2
            yield 'ended'

        app.add_background_task(task)
        return parts()

    assert await text(client, '/replace') == 'ended'
    app.extensions['go_on'].set()
    await asyncio.gather(*app.background_tasks)

    assert caplog.messages == [LATE_CHANGE]
    assert await session_contents(client) == {}


async def test_change_is_stored_when_a_stream_fails(app: Quart, client: Client) -> None:
    """What a stream changed before it failed is stored."""
    # Quart 0.23 raises a group of exceptions.
    with pytest.raises((ArithmeticError, ExceptionGroup)):
        await client.get('/fail')

    assert (await session_contents(client))['a'] == 'before the failure'


async def test_two_streams_of_one_session_are_both_stored(app: Quart, client: Client) -> None:
    """Two streams at the same time that change different keys are both stored."""
    both_begun = asyncio.Barrier(2)

    @app.get('/together/<key>')
    async def together(key: str) -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            yield 'begun'
            await both_begun.wait()
            session[key] = True

        return parts()

    await asyncio.gather(client.get('/together/one'), client.get('/together/two'))

    contents = await session_contents(client)
    assert contents == {'a': 1, 'cart': ['x'], 'one': True, 'two': True}


async def test_real_stream_is_stored_when_its_client_vanishes(app: Quart) -> None:
    """What a stream changed is stored when a real client closes its connection in the middle."""
    cookie = cookie_of(await app.test_client().get('/begin')).value
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        headers = f'Host: 127.0.0.1\r\nCookie: session={cookie}\r\n\r\n'
        writer.write(f'GET /wait/vanished HTTP/1.1\r\n{headers}'.encode())
        await reader.readuntil(b'begun')
        assert 'vanished' not in await contents_of(app, cookie)

        writer.close()
        async with asyncio.timeout(30):
            while 'vanished' not in await contents_of(app, cookie):
                pass

    assert (await contents_of(app, cookie))['vanished'] == 'begun'


@pytest.mark.parametrize('deletes', ['/clear_and_set', '/login'])
async def test_stream_of_deleted_session_is_dropped(
    app: Quart, client: Client, caplog: pytest.LogCaptureFixture, deletes: str
) -> None:
    """A stream whose session is deleted meanwhile cannot restore it: one line in the log."""
    value = cookie_of(await client.get('/set/c')).value
    begun = app.test_client()
    async with begun.request('/wait/one', headers={'Cookie': f'session={value}'}) as connection:
        await connection.send_complete()
        await connection.receive()
        await get_with_cookie(app, deletes, value)
        app.extensions['go_on'].set()
        await connection.receive()

    [line] = caplog.messages
    assert line.startswith('Session changes dropped')
    assert await contents_of(app, value) == {}


@in_memory
async def test_change_before_and_in_stream_is_dropped_once(
    app: Quart, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Changes of a deleted session by a view and its stream are one line in the log."""
    value = cookie_of(await client.get('/set/c')).value

    @app.get('/deleted')
    async def deleted() -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            session['b'] = 2
            yield 'ended'

        await get_with_cookie(app, '/clear_and_set', value)
        session['a'] = 2
        return parts()

    await get_with_cookie(app, '/deleted', value)

    [line] = caplog.messages
    assert line.startswith('Session changes dropped')
    assert await contents_of(app, value) == {}


@in_memory
async def test_streams_save_once(
    app: Quart, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that changes nothing needs no step more than a plain response; a change, one."""
    calls = Calls(app, monkeypatch)

    @app.get('/view_and_stream')
    async def view_and_stream() -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            yield str(session['a'])

        session['a'] = 'changed'
        return parts()

    for path, names in (
        ('/unused', ['read']),
        ('/contents', ['read']),
        ('/set/a', ['read', 'write']),
        ('/change/nothing', ['read']),
        ('/view_and_stream', ['read', 'write']),
        ('/change/set', ['read', 'write']),
        ('/change/clear', ['read', 'delete']),
    ):
        await client.get(path)
        assert calls.take() == names, path


@in_memory
async def test_body_stays_a_stream(app: Quart, client: Client) -> None:
    """Functions after the request may read, replace or wrap the body; its changes are stored."""

    def wrap(response: Any) -> Any:
        body = response.response

        async def upper() -> AsyncIterator[bytes]:
            async with body as parts:
                async for part in parts:
                    yield (part.encode() if isinstance(part, str) else part).upper()

        response.response = response.iterable_body_class(upper())
        return response

    async def read(response: Any) -> Any:
        data = await response.get_data()
        response.set_data(data + b'!')
        return response

    app.after_request(wrap)
    assert await text(client, '/change/set') == 'BEGUNENDED'
    assert (await session_contents(client))['b'] == 2

    app.after_request(read)
    assert await text(client, '/change/delete') == 'BEGUNENDED!'
    assert 'a' not in await session_contents(client)


@in_memory
async def test_receiver_reads_the_body_of_a_stream(app: Quart, client: Client) -> None:
    """A receiver of `request_finished` that reads a stream stores its changes."""

    async def read(*_: Any, response: Any, **__: Any) -> None:
        assert await response.get_data() == b'begunended'

    request_finished.connect(read, app)

    assert await text(client, '/change/set') == 'begunended'
    request_finished.disconnect(read, app)
    assert (await session_contents(client))['b'] == 2


async def test_store_that_fails_at_the_end_of_a_stream(
    fragile_server: FragileServer, caplog: pytest.LogCaptureFixture
) -> None:
    """If the store is down when a stream ends, the stream is whole and the log has one line."""
    app = make_sessions_app(**fragile_server.settings)

    @app.get('/stream')
    async def stream() -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            yield 'begun'
            fragile_server.stop()
            session['a'] = 1
            yield 'ended'

        return parts()

    async with app.test_app():
        client = app.test_client()
        await client.get('/set/c')

        assert await text(client, '/stream') == 'begunended'

    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith('Session not saved')


async def test_overridden_save_session_is_not_called_at_the_end(
    app: Quart, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `save_session` that uses the request and the response does not break a stream."""
    interface: Any = app.session_interface
    save_session = interface.save_session

    async def save(app: Quart, session: Any, response: Any) -> None:
        await save_session(app, session, response)
        response.headers['X-Path'] = request.path

    monkeypatch.setattr(interface, 'save_session', save)

    response = await client.get('/change/set')
    assert await response.get_data() == b'begunended'
    assert response.headers['X-Path'] == '/change/set'
    assert await session_contents(client) == {'a': 1, 'cart': ['x'], 'b': 2}


async def test_stream_that_is_canceled_twice_is_stored() -> None:
    """A server that stops may cancel a stream again while its changes are stored."""
    begun, done = asyncio.Event(), asyncio.Event()

    async def store() -> None:
        begun.set()
        await asyncio.sleep(0.01)
        done.set()

    async def send() -> None:
        async with StreamBody(IterableBody([b'x']), lambda: None, store):
            await asyncio.Event().wait()

    task = asyncio.create_task(send())
    await asyncio.sleep(0)
    task.cancel()
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()


async def test_stream_whose_end_is_canceled_is_reported(
    app: Quart, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the server stops before the changes are stored, the log has one line."""
    cookie = cookie_of(await app.test_client().get('/begin'))

    async def write(*args: Any, **kwargs: Any) -> Any:
        raise asyncio.CancelledError

    async with app.test_request_context('/', headers={'Cookie': f'session={cookie.value}'}):
        response: Any = Response(iter(['x']))
        interface: Any = app.session_interface
        await interface.save_session(app, current_session(), response)
        monkeypatch.setattr(interface.store, 'write', write)
        with pytest.raises(asyncio.CancelledError):
            async with response.response:
                session['a'] = 'lost'

    assert caplog.messages == ['The changes of a stream are lost: the server stopped']
