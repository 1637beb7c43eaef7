"""Every response of the app has the security headers."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from quart import Quart, Response, send_file, session
from quart.testing.connections import WebsocketResponseError

from quart_session_demo import create_app
from quart_session_demo.config import ConfigError
from quart_session_demo.middleware import SecurityHeadersMiddleware
from quart_session_demo.middleware.security_headers import HEADERS
from tests.conftest import KEY, ROOT
from tests.serving import serving

YEAR = 'max-age=31536000; includeSubDomains'


@pytest.fixture
def app() -> Quart:
    # Without TESTING, which raises a view's error instead of returning 500.
    app = create_app({'SECRET_KEY': KEY})

    @app.get('/fails/')
    async def fails() -> str:
        raise RuntimeError('on purpose')

    @app.get('/too-large/')
    async def too_large() -> str:
        session['text'] = KEY.join(map(str, range(2000)))
        return 'not seen'

    @app.get('/file/')
    async def file() -> Response:
        return await send_file(ROOT / 'LICENSE')

    @app.get('/streamed/')
    async def streamed() -> AsyncIterator[bytes]:
        async def parts() -> AsyncIterator[bytes]:
            yield b'part'

        return parts()

    @app.get('/own/')
    async def own() -> tuple[str, dict[str, str]]:
        return 'own', {'content-security-policy': 'sandbox', 'Referrer-Policy': 'no-referrer'}

    return app


@pytest.mark.parametrize(
    ('method', 'path', 'status'),
    [
        ('GET', '/', 200),
        ('HEAD', '/', 200),
        ('OPTIONS', '/', 200),
        ('GET', '/health', 200),
        ('POST', '/health', 405),
        ('GET', '/get_session', 308),
        ('GET', '/missing/', 404),
        ('GET', '/static/missing', 404),
        ('POST', '/', 405),
        ('GET', '/too-large/', 413),
        ('GET', '/fails/', 500),
        ('GET', '/file/', 200),
        ('GET', '/streamed/', 200),
    ],
)
async def test_headers_are_on_every_response(
    app: Quart, method: str, path: str, status: int
) -> None:
    """Success, redirect, error, file and stream have each header once."""
    response = await getattr(app.test_client(), method.lower())(path)

    assert response.status_code == status
    for name, value in HEADERS.items():
        assert response.headers.getlist(name) == [value]


async def test_headers_are_on_a_rejected_websocket(app: Quart) -> None:
    """The response that rejects a websocket has the headers too."""
    with pytest.raises(WebsocketResponseError) as refused:
        async with app.test_client().websocket('/missing/') as websocket:
            await websocket.receive()

    for name, value in HEADERS.items():
        assert refused.value.response.headers.getlist(name) == [value]


async def test_headers_of_a_view_are_not_replaced(app: Quart) -> None:
    """A header that the view sets stays as it is, and is sent once."""
    headers = (await app.test_client().get('/own/')).headers

    assert headers.getlist('Content-Security-Policy') == ['sandbox']
    assert headers.getlist('Referrer-Policy') == ['no-referrer']
    assert headers.getlist('X-Content-Type-Options') == ['nosniff']


def test_policy_allows_nothing_inline() -> None:
    """The content security policy allows no inline code and no frame."""
    directives = HEADERS['Content-Security-Policy'].split('; ')

    assert {"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(directives)
    assert 'unsafe' not in HEADERS['Content-Security-Policy']


@pytest.mark.parametrize(
    ('config', 'expected'),
    [
        ({}, None),
        ({'PRODUCTION': True}, YEAR),
        ({'PRODUCTION': True, 'STRICT_TRANSPORT_SECURITY': None}, None),
        ({'STRICT_TRANSPORT_SECURITY': 'max-age=60'}, 'max-age=60'),
    ],
)
async def test_hsts_is_sent_in_production_or_if_set(
    config: dict[str, object], expected: str | None
) -> None:
    """HSTS is sent in production by default, and with the value that is set."""
    app = create_app({'SECRET_KEY': KEY, **config})

    for path in ('/', '/missing/', '/health'):
        headers = (await app.test_client().get(path)).headers
        assert headers.get('Strict-Transport-Security') == expected


@pytest.mark.parametrize('value', ['true', '31536000', '', 'max-age=1\r\nX: y', 'max-age=-1', 'a'])
def test_wrong_hsts_value_is_refused(value: str) -> None:
    """A value that is not one of the header stops the start with one line."""
    with pytest.raises(ConfigError, match=r'^STRICT_TRANSPORT_SECURITY is [^\n]*max-age=31536000'):
        create_app({'STRICT_TRANSPORT_SECURITY': value})


async def test_any_app_can_be_wrapped() -> None:
    """An own app gets the headers, and HSTS with the value that it gives."""
    app = Quart('own')
    app.asgi_app = SecurityHeadersMiddleware(  # type: ignore[method-assign]
        app.asgi_app, hsts=YEAR
    )

    headers = (await app.test_client().get('/')).headers

    assert headers['Strict-Transport-Security'] == YEAR
    assert headers['X-Content-Type-Options'] == 'nosniff'


@pytest.mark.parametrize(
    ('data', 'status'),
    [
        (b'no request\r\n\r\n', 400),
        # Hypercorn limits what it has to store of headers that have not ended.
        (b'GET / HTTP/1.1\r\nHost: localhost\r\nX: ' + b'x' * 30000, 431),
    ],
    ids=['400', '431'],
)
async def test_errors_of_hypercorn_itself_have_no_headers(
    app: Quart, data: bytes, status: int
) -> None:
    """Hypercorn's own 400 and 431 do not pass the middleware, and have no body."""
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(data)
        response = await reader.read()
        writer.close()
        await writer.wait_closed()

    head, _, body = response.partition(b'\r\n\r\n')
    assert head.startswith(b'HTTP/1.1 %d' % status)
    assert [name for name in HEADERS if name.lower().encode() in head.lower()] == []
    assert body == b''
