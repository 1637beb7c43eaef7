"""Which headers a response keeps when its session cannot be saved or read."""

import random
from typing import Any

import pytest
from quart import Quart, Response, session

from quart_session_demo.sessions import CookieSessionInterface
from quart_session_demo.sessions.limits import SaveRefusal
from quart_session_demo.sessions.redis import RedisSessionInterface
from quart_session_demo.sessions.server.store import new_session_id
from quart_session_demo.sessions.tracking import current_session
from tests.conftest import KEY, signed_id

# Random, so that it stays large when it is compressed.
TOO_LARGE = random.Random(1).randbytes(4000).hex()  # noqa: S311
UNSTORABLE = {1, 2}

DROPPED_HEADERS = {
    'Age': '60',
    'Alt-Svc': 'h3=":443"',
    'CDN-Cache-Control': 'max-age=60',
    'Clear-Site-Data': '"cookies"',
    'Content-Disposition': 'attachment',
    'Content-Encoding': 'gzip',
    'ETag': '"1"',
    'HX-Location': '/next',
    'HX-Redirect': '/next',
    'HX-Refresh': 'true',
    'HX-Trigger': 'stored',
    'Last-Modified': 'Tue, 24 Nov 2026 00:00:00 GMT',
    'Link': '</next>; rel=preload',
    'Location': '/next',
    'Refresh': '0; url=/next',
    'SourceMap': '/map',
    'Turbo-Location': '/next',
    'WWW-Authenticate': 'Basic',
    'X-Accel-Redirect': '/files/1',
    'X-Sendfile': '/files/1',
}
KEPT_HEADERS = {
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Allow-Origin': 'https://example.com',
    'Content-Security-Policy': "default-src 'self'",
    'Content-Security-Policy-Report-Only': "default-src 'none'",
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=()',
    'Referrer-Policy': 'no-referrer',
    'Strict-Transport-Security': 'max-age=31536000',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'X-Permitted-Cross-Domain-Policies': 'none',
    'X-Request-ID': '1f8c',
}


def failing_app(status: int) -> Quart:
    """Return an app whose view `/` becomes this error after it set many headers."""
    app = Quart('errors')
    app.config.update({'SECRET_KEY': KEY, 'PROPAGATE_EXCEPTIONS': False})
    app.session_interface = CookieSessionInterface()
    if status == 503:
        # Nothing listens there.
        app.config['SESSION_REDIS_URL'] = 'redis://127.0.0.1:1'
        app.session_interface = RedisSessionInterface(app)  # type: ignore[assignment]

    @app.get('/')
    async def view() -> Response:
        if status != 503:
            session['value'] = TOO_LARGE if status == 413 else UNSTORABLE
        return Response('stored', 201, {**DROPPED_HEADERS, **KEPT_HEADERS})

    @app.after_request
    async def use_session_and_set_cookies(response: Response) -> Response:
        session.get('value')
        response.set_cookie('first', '1')
        response.set_cookie('second', '2')
        response.headers.add('Vary', 'Accept')
        return response

    return app


async def get_error(status: int) -> Any:
    cookie = {'Cookie': f'session={signed_id(new_session_id())}'}
    client = failing_app(status).test_client(use_cookies=False)
    response = await client.get('/', headers=cookie if status == 503 else {})
    assert response.status_code == status
    return response


@pytest.mark.parametrize('status', [413, 500, 503])
async def test_error_drops_headers_that_act_on_the_client(status: int) -> None:
    """An error carries no header that redirects, clears, caches or describes the lost content."""
    response = await get_error(status)

    assert [name for name in DROPPED_HEADERS if name in response.headers] == []
    assert response.headers['Cache-Control'] == 'no-store'
    assert response.mimetype == 'text/html'


@pytest.mark.parametrize('status', [413, 500, 503])
async def test_error_keeps_security_headers_and_cookies(status: int) -> None:
    """An error keeps the app's security, CORS and Vary headers, and its other cookies."""
    response = await get_error(status)

    assert {name: response.headers.get(name) for name in KEPT_HEADERS} == KEPT_HEADERS
    assert sorted(response.vary) == ['Accept', 'Cookie']
    assert [cookie.partition(';')[0] for cookie in response.headers.getlist('Set-Cookie')] == [
        'first=1',
        'second=2',
    ]


@pytest.mark.parametrize(('status', 'retry_after'), [(413, None), (500, None), (503, '5')])
async def test_error_length_is_that_of_its_own_text(status: int, retry_after: str | None) -> None:
    """An error has its own Content-Length, and Retry-After only if a retry can help."""
    response = await get_error(status)

    assert int(response.headers['Content-Length']) == len(await response.get_data(as_text=False))
    assert response.headers.get('Retry-After') == retry_after


@pytest.mark.parametrize('view_status', [200, 404])
async def test_refused_save_is_reported_as_object(view_status: int) -> None:
    """A changed session that is too large has its size and the limit in `session.refusal`."""
    app = Quart('refusal')
    app.secret_key = KEY
    interface = app.session_interface = CookieSessionInterface()
    async with app.test_request_context('/'):
        session['value'] = TOO_LARGE
        current: Any = session
        await interface.save_session(app, current_session(), Response('', view_status))

        assert current.refusal.limit == app.config['MAX_COOKIE_SIZE'] == 4093
        assert 4093 < current.refusal.size < 2 * len(TOO_LARGE)
        assert isinstance(current.refusal, SaveRefusal)


async def test_saved_session_has_no_refusal() -> None:
    """A session that was stored, or only not refreshed, has no refusal."""
    app = Quart('refusal')
    app.config.update({'SECRET_KEY': KEY, 'MAX_COOKIE_SIZE': 1})
    interface = app.session_interface = CookieSessionInterface()
    serializer = interface.get_signing_serializer(app)
    assert serializer is not None
    cookie = serializer.dumps({'a': 1, '_permanent': True})
    async with app.test_request_context('/', headers={'Cookie': f'session={cookie!s}'}):
        current: Any = session
        await interface.save_session(app, current_session(), Response(''))

        assert current['a'] == 1
        assert current.refusal is None
