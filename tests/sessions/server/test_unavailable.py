"""A session that cannot be read, wherever it is first looked into."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import Quart, abort, render_template_string, request, session, stream_with_context
from quart.typing import TestClientProtocol as Client

from quart_session_demo import create_app
from quart_session_demo.sessions.server.store import new_session_id
from tests.conftest import KEY
from tests.serving import serving

COOKIE = {'Cookie': f'session={new_session_id()}'}


@pytest.fixture
def app() -> Quart:
    # Nothing listens there.
    app = create_app(
        {
            'SECRET_KEY': KEY,
            'SESSION_TYPE': 'redis',
            'SESSION_REDIS_URL': 'redis://127.0.0.1:1',
            'PROPAGATE_EXCEPTIONS': False,
        }
    )

    @app.get('/alone')
    async def alone() -> str:
        return 'alone'

    @app.get('/abort/<int:status>')
    async def refuse(status: int) -> str:
        abort(status)

    @app.get('/breaks')
    async def breaks() -> str:
        raise ArithmeticError

    @app.get('/stream')
    async def stream() -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            yield 'begun'
            yield str(session.get('username'))

        return parts()

    @app.get('/plain_stream')
    async def plain_stream() -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            yield 'whole'

        return parts()

    @app.get('/tojson')
    async def to_json() -> str:
        return await render_template_string('{{ session|tojson }}')

    @app.teardown_request
    async def look_at_the_end(error: BaseException | None) -> None:
        if 'teardown' in request.args:
            session.get('username')

    return app


@pytest.fixture
def client(app: Quart) -> Client:
    return app.test_client(use_cookies=False)


async def status(client: Client, path: str) -> int:
    response = await client.get(path, headers=COOKIE)
    if response.status_code == 503:
        assert int(response.headers['Retry-After']) > 0
        assert response.headers['Vary'] == 'Cookie'
    return int(response.status_code)


def assert_no_traceback_but_of(caplog: pytest.LogCaptureFixture, *errors: type) -> None:
    assert caplog.records
    assert tuple(record.exc_info[0] for record in caplog.records if record.exc_info) == errors


@pytest.mark.parametrize('kind', ['async', 'sync'])
@pytest.mark.parametrize(
    ('path', 'handled', 'errors'),
    [
        ('/nowhere', 404, ()),
        ('/abort/418', 418, ()),
        ('/breaks', 500, (ArithmeticError,)),
        ('/breaks', Exception, ()),
    ],
)
async def test_error_page_that_is_the_first_to_look_becomes_503(
    app: Quart,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    path: str,
    handled: Any,
    errors: tuple[type, ...],
) -> None:
    if kind == 'async':

        @app.errorhandler(handled)
        async def page(error: Exception) -> tuple[str, int]:
            return f'Sorry, {session.get("username")}', 404

    else:

        @app.errorhandler(handled)
        def sync_page(error: Exception) -> tuple[str, int]:
            return f'Sorry, {session.get("username")}', 404

    assert await status(client, path) == 503
    assert_no_traceback_but_of(caplog, *errors)


async def test_error_page_that_does_not_look_stays_as_it_is(client: Client) -> None:
    assert await status(client, '/nowhere') == 404
    assert await status(client, '/abort/418') == 418
    assert await status(client, '/breaks') == 500


async def test_view_that_looks_and_answers_an_error_is_503(app: Quart, client: Client) -> None:
    @app.get('/catches')
    async def catches() -> tuple[str, int]:
        try:
            return str(session['username']), 200
        except Exception:
            return 'Log in first', 403

    assert await status(client, '/catches') == 503


async def test_teardown_that_looks_leaves_the_response_as_it_is(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ('/alone', '/plain_stream'):
        response = await client.get(f'{path}?teardown', headers=COOKIE)

        assert response.status_code == 200
        assert await response.get_data(as_text=True) in ('alone', 'whole')
    assert_no_traceback_but_of(caplog)


async def test_json_of_the_whole_session_is_503(client: Client) -> None:
    assert await status(client, '/tojson') == 503


async def test_stream_that_looks_too_late_is_cut_off(app: Quart) -> None:
    head = f'GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {COOKIE["Cookie"]}\r\n\r\n'
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(head.encode())

        received = await reader.read()

        writer.close()

    assert b'begun' in received
    # Without the last chunk the client knows that something is missing.
    assert b'None' not in received
    assert not received.endswith(b'0\r\n\r\n')
