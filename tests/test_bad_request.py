"""A malformed request is the client's fault, and not a fault of ours."""

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
