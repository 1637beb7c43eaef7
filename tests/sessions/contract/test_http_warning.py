"""A Secure cookie that is set over plain http, where browsers ignore it, is logged once."""

from typing import Any

import pytest
from quart import abort, session
from quart.testing.connections import WebsocketResponseError

from tests.conftest import KEY, make_app
from tests.sessions.conftest import each_kind

pytestmark = each_kind

SECURE = {'SESSION_COOKIE_SECURE': True}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings about cookies over http."""
    return [text for text in caplog.messages if 'over http' in text]


async def test_secure_cookie_over_http_is_one_warning(
    store: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A site over plain http logs one warning that names both remedies, for any requests."""
    app = make_app(**store, **SECURE)

    for _ in range(3):
        response = await app.test_client().get('/', scheme='http')
        assert (response.status_code, '; Secure' in response.headers['Set-Cookie']) == (200, True)

    [warning] = warnings(caplog)
    assert 'use https' in warning
    assert 'TRUSTED_PROXIES' in warning
    assert not any(text in caplog.text for text in (KEY, response.headers['Set-Cookie'][:30]))


async def test_cookie_over_https_is_no_warning(
    store: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A Secure cookie over https logs nothing."""
    await make_app(**store, **SECURE).test_client().get('/', scheme='https')

    assert not warnings(caplog)


async def test_cookie_without_secure_over_http_is_no_warning(
    store: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A cookie that browsers store over http logs nothing."""
    await make_app(**store).test_client().get('/', scheme='http')

    assert not warnings(caplog)


@pytest.mark.parametrize('path', ['/get_session/', '/del_session/', '/health', '/missing/'])
async def test_request_without_cookie_over_http_is_no_warning(
    store: dict[str, Any], path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A response that sets no session cookie logs nothing."""
    await make_app(**store, **SECURE).test_client().get(path, scheme='http')

    assert not warnings(caplog)


async def test_partitioned_cookie_over_http_is_a_warning(
    store: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A Partitioned cookie is always Secure."""
    app = make_app(**store, SESSION_COOKIE_PARTITIONED=True)

    await app.test_client().get('/', scheme='http')

    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize(('scheme', 'expected'), [('ws', 1), ('wss', 0)])
async def test_rejected_websocket_over_http_is_a_warning(
    store: dict[str, Any], scheme: str, expected: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The cookie of a websocket's rejected handshake is one, too."""
    app = make_app(**store, **SECURE)

    @app.websocket('/ws')
    async def view() -> None:
        session['username'] = 'zhiliao'
        abort(403)

    with pytest.raises(WebsocketResponseError):
        async with app.test_client().websocket('/ws', scheme=scheme) as connection:
            await connection.receive()

    assert len(warnings(caplog)) == expected
