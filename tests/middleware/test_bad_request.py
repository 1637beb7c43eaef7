"""Malformed requests are answered with 400."""

import pytest
from quart import Quart

from quart_session_demo import create_app
from quart_session_demo.middleware import BadRequestMiddleware
from tests.conftest import KEY
from tests.middleware.asgi import call


@pytest.mark.parametrize('host', ['..', 'a..b', 'a' * 64])
async def test_invalid_host_returns_400(caplog: pytest.LogCaptureFixture, host: str) -> None:
    """A `Host` that is not a host name returns 400, without a session and without a log line."""
    response = await create_app({'SECRET_KEY': KEY}).test_client().get('/', headers={'Host': host})

    assert response.status_code == 400
    assert 'Content-Security-Policy' in response.headers
    assert 'Set-Cookie' not in response.headers
    assert caplog.text == ''


@pytest.mark.parametrize('type_', ['http', 'websocket'])
async def test_invalid_query_returns_400(caplog: pytest.LogCaptureFixture, type_: str) -> None:
    """A query that is not valid UTF-8 returns 400, also for a websocket."""
    app = create_app({'SECRET_KEY': KEY})

    sent = await call(app, type_, query_string=b'a=\xff')

    assert sent[0]['status'] == 400
    assert caplog.text == ''


@pytest.mark.parametrize('path', ['', 'http://['])
async def test_invalid_target_returns_400(path: str) -> None:
    """A request target that is neither a path nor a URL returns 400."""
    sent = await call(create_app({'SECRET_KEY': KEY}), 'http', path=path)

    assert sent[0]['status'] == 400


@pytest.mark.parametrize(('query', 'status'), [(b'a=\xff', 400), (b'a=b', 404)])
async def test_any_app_can_be_wrapped(query: bytes, status: int) -> None:
    """Around an own app only the malformed request is answered here."""
    wrapped = BadRequestMiddleware(Quart('own').asgi_app)

    assert (await call(wrapped, 'http', query_string=query))[0]['status'] == status
