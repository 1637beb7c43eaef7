"""A malformed request is the client's fault, and not a fault of ours."""

import asyncio
from typing import Any

import pytest

from quart_session_demo import create_app
from tests.conftest import KEY


@pytest.mark.parametrize('host', ['..', 'a..b', 'a' * 64])
async def test_host_that_is_no_host_name_is_a_bad_request(
    caplog: pytest.LogCaptureFixture, host: str
) -> None:
    response = await create_app({'SECRET_KEY': KEY}).test_client().get('/', headers={'Host': host})

    assert response.status_code == 400
    assert 'Content-Security-Policy' in response.headers
    assert 'Set-Cookie' not in response.headers
    assert caplog.text == ''


@pytest.mark.parametrize('type_', ['http', 'websocket'])
async def test_query_that_is_no_utf8_is_a_bad_request(
    caplog: pytest.LogCaptureFixture, type_: str
) -> None:
    app = create_app({'SECRET_KEY': KEY})
    scope: Any = {
        **{'type': type_, 'path': '/get_session/', 'query_string': b'a=\xff', 'headers': []},
        **{'method': 'GET', 'http_version': '2', 'scheme': 'http', 'root_path': ''},
    }
    sent = []

    async def receive() -> Any:
        return {'type': f'{type_}.connect'}

    async def send(event: Any) -> None:
        sent.append(event)

    async with asyncio.timeout(30):
        await app(scope, receive, send)

    assert sent[0]['status'] == 400
    assert caplog.text == ''
