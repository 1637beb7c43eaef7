"""An unreachable store: 503 wherever the session is used, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import (
    Quart,
    abort,
    jsonify,
    render_template_string,
    request,
    session,
    stream_with_context,
)

from quart_session_demo.sessions.server.store import new_session_id
from quart_session_demo.sessions.tracking import current_session
from tests.apps.json_providers import PROVIDERS
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import get_with_cookie, signed_id
from tests.serving import serving

SESSION_ID = signed_id(new_session_id())


@pytest.fixture
def app(unreachable_store: dict[str, Any]) -> Quart:
    app = make_sessions_app(**unreachable_store)

    @app.get('/abort/<int:status>')
    async def refuse(status: int) -> str:
        abort(status)

    @app.get('/fails')
    async def fails() -> str:
        raise ArithmeticError

    @app.get('/stream')
    async def stream() -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            yield 'begun'
            yield str(session.get('username'))

        return parts()

    @app.get('/unused_stream')
    async def unused_stream() -> Any:
        @stream_with_context
        async def parts() -> AsyncIterator[str]:
            yield 'whole'

        return parts()

    @app.get('/tojson')
    async def to_json() -> str:
        return await render_template_string('{{ session|tojson }}')

    @app.get('/jsonify')
    async def json_response() -> Any:
        return jsonify([current_session()])

    @app.get('/returned')
    async def returned() -> Any:
        return current_session()

    @app.teardown_request
    async def read_at_teardown(error: BaseException | None) -> None:
        if 'teardown' in request.args:
            session.get('username')

    return app


async def status_of(app: Quart, path: str) -> int:
    """Return the status of the response for a user with a session, and check a 503's headers."""
    response = await get_with_cookie(app, path, SESSION_ID)
    if response.status_code == 503:
        assert int(response.headers['Retry-After']) > 0
        assert response.headers['Vary'] == 'Cookie'
    return int(response.status_code)


def assert_tracebacks(caplog: pytest.LogCaptureFixture, *errors: type) -> None:
    """Assert that something was logged, with the tracebacks of these errors only."""
    assert caplog.records
    assert tuple(record.exc_info[0] for record in caplog.records if record.exc_info) == errors


@pytest.mark.parametrize('kind', ['async', 'sync'])
@pytest.mark.parametrize(
    ('path', 'handled', 'errors'),
    [
        ('/nowhere', 404, ()),
        ('/abort/418', 418, ()),
        ('/fails', 500, (ArithmeticError,)),
        ('/fails', Exception, ()),
    ],
)
async def test_error_handler_that_uses_session_is_503(
    app: Quart,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    path: str,
    handled: Any,
    errors: tuple[type, ...],
) -> None:
    """An error handler that is the first to use the session returns 503, without a traceback."""
    if kind == 'async':

        @app.errorhandler(handled)
        async def page(error: Exception) -> tuple[str, int]:
            return f'Sorry, {session.get("username")}', 404

    else:

        @app.errorhandler(handled)
        def sync_page(error: Exception) -> tuple[str, int]:
            return f'Sorry, {session.get("username")}', 404

    assert await status_of(app, path) == 503
    assert_tracebacks(caplog, *errors)


@pytest.mark.parametrize(
    ('path', 'status'), [('/nowhere', 404), ('/abort/418', 418), ('/fails', 500), ('/unused', 200)]
)
async def test_response_without_session_stays(app: Quart, path: str, status: int) -> None:
    """A response that does not use the session is sent as it is."""
    assert await status_of(app, path) == status


async def test_view_that_catches_and_fails_is_503(app: Quart) -> None:
    """A view that catches the error and returns an error of its own becomes 503."""

    @app.get('/catches')
    async def catches() -> tuple[str, int]:
        try:
            return str(session['username']), 200
        except Exception:
            return 'Log in first', 403

    assert await status_of(app, '/catches') == 503


@pytest.mark.parametrize(('path', 'text'), [('/unused', 'unused'), ('/unused_stream', 'whole')])
async def test_teardown_that_uses_session_changes_nothing(
    app: Quart, caplog: pytest.LogCaptureFixture, path: str, text: str
) -> None:
    """A teardown that uses the session changes no response and logs no traceback."""
    response = await get_with_cookie(app, f'{path}?teardown', SESSION_ID)

    assert response.status_code == 200
    assert await response.get_data(as_text=True) == text
    assert_tracebacks(caplog)


async def test_json_of_whole_session_is_503(app: Quart) -> None:
    """JSON of the whole session returns 503, although an encoder calls no method of a dict."""
    for provider in PROVIDERS.values():
        app.json = provider(app)
        for path in ('/tojson', '/jsonify', '/returned'):
            assert await status_of(app, path) == 503


async def test_late_use_in_stream_cuts_it_off(app: Quart) -> None:
    """A stream that uses the session after it began is cut off, so that the client notices."""
    cookie = f'session={SESSION_ID}'
    head = f'GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n'
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(head.encode())

        received = await reader.read()

        writer.close()

    assert b'begun' in received
    assert b'None' not in received
    # The last chunk, which ends a whole response.
    assert not received.endswith(b'0\r\n\r\n')
