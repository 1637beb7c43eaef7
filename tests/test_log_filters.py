"""Clients cannot forge log lines."""

import asyncio
import logging

import pytest

from quart_session_demo import create_app
from quart_session_demo.log_filters import handle_loop_exception
from tests.conftest import KEY


@pytest.mark.parametrize('path', ['/x%0aFORGED', '/x%0d%0aFORGED', '/x%e2%80%a8FORGED%1b%5b2J'])
async def test_path_with_line_break_is_escaped(caplog: pytest.LogCaptureFixture, path: str) -> None:
    """A path with control characters forges neither a log line nor a traceback line."""
    app = create_app({'SECRET_KEY': KEY})

    @app.get('/<name>')
    async def fails(name: str) -> str:
        raise ValueError(f'no such name: {name}')

    await app.test_client().get(path)

    first, *traceback = caplog.text.splitlines()
    assert 'Exception on request GET /x\\' in first
    assert 'FORGED' in first
    assert 'FORGED' in traceback[-1]
    assert all(line.startswith('    ') for line in traceback)
    assert '\x1b' not in caplog.text


def test_plain_message_is_unchanged(caplog: pytest.LogCaptureFixture) -> None:
    """A message without control characters is logged as it is."""
    create_app().logger.warning('%d of %s', 1, '会话')

    assert caplog.messages == ['1 of 会话']


async def test_wrong_logging_call_does_not_fail_the_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A logging call with wrong arguments is reported by logging, as usual."""
    app = create_app({'SECRET_KEY': KEY})
    # pytest's own handler would raise the error.
    monkeypatch.setattr(app.logger, 'propagate', False)
    monkeypatch.setattr(app.logger, 'handlers', [logging.StreamHandler()])

    @app.get('/logs')
    async def logs() -> str:
        app.logger.warning('%d users', 'some')
        return 'fine'

    response = await app.test_client().get('/logs')

    assert response.status_code == 200
    assert '--- Logging error ---' in capsys.readouterr().err


async def test_malformed_connection_is_logged_without_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An exception of a connection is one line, without what the client sent."""
    context = {
        'message': 'Unhandled exception in client_connected_cb',
        'exception': ValueError('cookie: secret'),
    }

    handle_loop_exception(asyncio.get_running_loop(), context)

    assert caplog.messages == ['A connection was malformed: ValueError']
    assert 'secret' not in caplog.text


async def test_other_loop_exception_is_logged_as_usual(caplog: pytest.LogCaptureFixture) -> None:
    """An exception of anything else is logged by asyncio, with its traceback."""
    context = {'message': 'Task failed', 'exception': ValueError('on purpose')}

    handle_loop_exception(asyncio.get_running_loop(), context)

    assert caplog.messages == ['Task failed']
    assert 'on purpose' in caplog.text


def test_filter_is_added_once() -> None:
    """Further apps do not add the filter of the shared logger again."""
    before = len(create_app().logger.filters)

    assert len(create_app().logger.filters) == before
