"""No client forges a line of the log."""

import logging

import pytest

from quart_session_demo import create_app
from tests.conftest import KEY


@pytest.mark.parametrize('path', ['/x%0aFORGED', '/x%0d%0aFORGED', '/x%e2%80%a8FORGED%1b%5b2J'])
async def test_path_of_a_failed_request_forges_no_line(
    caplog: pytest.LogCaptureFixture, path: str
) -> None:
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


def test_plain_message_is_logged_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    create_app().logger.warning('%d of %s', 1, '会话')

    assert caplog.messages == ['1 of 会话']


async def test_wrong_call_of_the_logger_is_logged_and_harms_no_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app({'SECRET_KEY': KEY})
    # pytest's own handler would raise it.
    monkeypatch.setattr(app.logger, 'propagate', False)
    monkeypatch.setattr(app.logger, 'handlers', [logging.StreamHandler()])

    @app.get('/logs')
    async def logs() -> str:
        app.logger.warning('%d visitors', 'some')
        return 'fine'

    response = await app.test_client().get('/logs')

    assert response.status_code == 200
    assert '--- Logging error ---' in capsys.readouterr().err
