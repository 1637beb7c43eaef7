"""Changes after the response's headers: what cannot be stored is one warning, and nothing else is.

What only sessions on a server promise is in `tests/sessions/server/test_streams.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader
from quart import (
    Quart,
    Response,
    after_this_request,
    copy_current_request_context,
    flash,
    request_finished,
    send_file,
    session,
    stream_template,
    stream_with_context,
)
from quart.typing import TestClientProtocol as Client

from quart_session_demo.sessions.tracking import LATE_CHANGE, current_session
from tests.conftest import session_contents
from tests.sessions.conftest import each_kind

#: Each changes the session after the response, and is added to an app by its name.
LATE_CHANGES: dict[str, Callable[[Quart], None]] = {}


def late_change(add: Callable[[Quart], None]) -> Callable[[Quart], None]:
    LATE_CHANGES[add.__name__] = add
    return add


def change(target: Any = session) -> None:
    """Change a session in several ways."""
    target['late'] = True
    target.update(later=True)
    target.pop('late')
    target.permanent = True


@late_change
def background_task(app: Quart) -> None:
    @app.get('/late')
    async def view() -> str:
        @copy_current_request_context
        async def task() -> None:
            await app.extensions['responded'].wait()
            change()

        app.add_background_task(task)
        return 'started'


@late_change
def task_with_captured_session(app: Quart) -> None:
    @app.get('/late')
    async def view() -> str:
        captured = current_session()

        async def task() -> None:
            await app.extensions['responded'].wait()
            change(captured)

        app.background_tasks.add(asyncio.create_task(task()))
        return 'started'


@late_change
def function_at_teardown(app: Quart) -> None:
    @app.get('/late')
    async def view() -> str:
        return ''

    @app.teardown_request
    async def teardown(error: BaseException | None) -> None:
        change()


@late_change
def receiver_of_request_finished(app: Quart) -> None:
    @app.get('/late')
    async def view() -> str:
        return ''

    async def receive(*_: Any, **__: Any) -> None:
        change()

    app.extensions['receiver'] = receive
    request_finished.connect(receive, app)


#: Each is a stream that changes the session.
STREAMS: dict[str, Callable[[], Any]] = {}


def stream(make: Callable[[], Any]) -> Callable[[], Any]:
    STREAMS[make.__name__] = make
    return make


@stream
def stream_with_its_context() -> Any:
    @stream_with_context
    async def parts() -> AsyncIterator[str]:
        yield 'begun'
        change()
        yield 'ended'

    return parts()


@stream
def stream_with_captured_session() -> Any:
    captured = current_session()

    async def parts() -> AsyncIterator[str]:
        yield 'begun'
        change(captured)
        yield 'ended'

    return parts()


@stream
def stream_that_is_not_async() -> Any:
    captured = current_session()

    def parts() -> Iterator[str]:
        yield 'begun'
        change(captured)
        yield 'ended'

    return parts()


@stream
def stream_that_ends_with_a_change() -> Any:
    captured = current_session()

    async def parts() -> AsyncIterator[str]:
        try:
            yield 'begun'
            yield 'ended'
        finally:
            change(captured)

    return Response(parts(), headers={'X-Test': '1'})


def take_messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged since the last call."""
    messages = caplog.messages
    caplog.clear()
    return messages


async def finish_background_tasks(app: Quart) -> None:
    app.extensions['responded'].set()
    await asyncio.gather(*app.background_tasks)
    app.extensions['responded'].clear()


@pytest.fixture
def app(app: Quart) -> Quart:
    # Background tasks wait for it.
    app.extensions['responded'] = asyncio.Event()
    return app


async def client_with_session(app: Quart) -> Client:
    client = app.test_client()
    async with client.session_transaction() as written:
        written['a'] = 1
    return client


@each_kind
@pytest.mark.parametrize('known', [False, True], ids=['new', 'known'])
@pytest.mark.parametrize('name', LATE_CHANGES)
async def test_late_change_is_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture, name: str, known: bool
) -> None:
    """Several changes after the response are one warning for each request, and are not stored."""
    LATE_CHANGES[name](app)
    client = await client_with_session(app) if known else app.test_client()
    # Functions at teardown run for the transaction too.
    take_messages(caplog)

    for _ in range(2):
        assert (await client.get('/late')).status_code == 200
        await finish_background_tasks(app)
        assert take_messages(caplog) == [LATE_CHANGE]

    contents = (await (await client.get('/contents')).get_json()) or {}
    assert contents == ({'a': 1} if known else {})


@each_kind
@pytest.mark.parametrize('name', STREAMS)
async def test_change_of_new_session_in_stream_is_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """A session that a stream begins is lost, which one warning reports."""

    @app.get('/stream')
    async def view() -> Any:
        return STREAMS[name]()

    client = app.test_client()
    response = await client.get('/stream')

    assert await response.get_data(as_text=True) == 'begunended'
    assert 'Set-Cookie' not in response.headers
    assert take_messages(caplog) == [LATE_CHANGE]
    assert await session_contents(client) == {}


@pytest.mark.parametrize('name', STREAMS)
async def test_stream_of_known_session_warns_or_is_stored(
    app: Quart, store: dict[str, Any], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """A stream's change of a known session is stored on a server; on the cookie it is a warning."""

    @app.get('/stream')
    async def view() -> Any:
        return STREAMS[name]()

    client = await client_with_session(app)
    response = await client.get('/stream')

    assert await response.get_data(as_text=True) == 'begunended'
    if store.get('SESSION_TYPE') == 'cookie':
        assert take_messages(caplog) == [LATE_CHANGE]
        assert await session_contents(client) == {'a': 1}
    else:
        assert take_messages(caplog) == []
        stored = {'a': 1, 'later': True, '_permanent': True}
        assert await session_contents(client) == stored


async def test_flash_in_streamed_template(
    app: Quart, store: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A flash that a streamed template shows is removed on a server; on the cookie it warns."""
    app.jinja_env.loader = DictLoader({'flash.html': 'Hi {{ get_flashed_messages()|join }}'})

    @app.get('/flash')
    async def make_flash() -> str:
        await flash('saved')
        return ''

    @app.get('/stream')
    async def view() -> Any:
        return await stream_template('flash.html')

    client = app.test_client()
    await client.get('/flash')

    response = await client.get('/stream')

    assert await response.get_data(as_text=True) == 'Hi saved'
    is_cookie = store.get('SESSION_TYPE') == 'cookie'
    assert take_messages(caplog) == ([LATE_CHANGE] if is_cookie else [])
    response = await client.get('/stream')
    assert await response.get_data(as_text=True) == ('Hi saved' if is_cookie else 'Hi ')
    # Without a flash nothing changes.
    assert take_messages(caplog) == ([LATE_CHANGE] if is_cookie else [])


async def test_requests_that_lose_nothing_are_silent(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """No request warns whose changes are stored, or whose stream or task only reads."""

    @app.get('/read_stream')
    async def read_stream() -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            yield f'{session.get("a")}{session.pop("missing", "")}'
            session.setdefault('a', 2)

        return parts()

    @app.get('/read_later')
    async def read_later() -> str:
        @copy_current_request_context
        async def task() -> None:
            assert dict(session) == {'a': 1}

        app.add_background_task(task)
        return ''

    @app.get('/file')
    async def file() -> Response:
        session['a'] = 1
        return await send_file(Path(__file__))

    @app.get('/changed_in_after_request')
    async def changed() -> str:
        @after_this_request
        def change_again(response: Any) -> Any:
            session['a'] = 1
            return response

        return ''

    @app.get('/empty')
    async def empty() -> Response:
        session['a'] = 1
        return Response(status=204)

    client = await client_with_session(app)
    for path in (
        '/read_stream',
        '/read_later',
        '/file',
        '/changed_in_after_request',
        '/empty',
        '/set/a',
        '/static/missing.css',
    ):
        assert (await client.get(path)).status_code in (200, 204, 404)
        assert (await client.head(path)).status_code in (200, 204, 404)
        await client.options(path)
        await finish_background_tasks(app)
        async with client.session_transaction() as written:
            written['a'] = 1

        assert take_messages(caplog) == [], path


@each_kind
async def test_handler_for_500_after_the_save_is_silent(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """The handler for 500 may change a session that was saved before: the change is stored."""

    @app.errorhandler(500)
    async def page(error: Exception) -> tuple[str, int]:
        session['handled'] = True
        return 'Sorry', 500

    failures = [ArithmeticError()]

    async def fail(*_: Any, **__: Any) -> None:
        if failures:
            raise failures.pop()

    request_finished.connect(fail, app)
    client = app.test_client()

    response = await client.get('/set/a')

    assert response.status_code == 500
    assert LATE_CHANGE not in take_messages(caplog)
    contents = await session_contents(client)
    assert contents == {'a': 'a', 'handled': True}


@each_kind
async def test_late_change_after_500_is_one_warning(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """After the handler for 500 another change is late, as after any response."""

    @app.get('/fails')
    async def fails() -> str:
        raise ArithmeticError

    @app.teardown_request
    async def teardown(error: BaseException | None) -> None:
        change()

    assert (await app.test_client().get('/fails')).status_code == 500
    assert take_messages(caplog).count(LATE_CHANGE) == 1
