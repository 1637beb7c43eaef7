"""`/health` and `/health/ready` are answered without the app."""

import json
from typing import Any

import pytest
from quart import Quart
from quart.testing.connections import WebsocketResponseError

from quart_session_demo.middleware import HealthMiddleware
from quart_session_demo.sessions import CookieSessionInterface
from tests.middleware.asgi import call


async def test_health_returns_json(app: Quart) -> None:
    """`/health` returns 200 with a JSON object."""
    response = await app.test_client().get('/health')

    assert response.status_code == 200
    assert response.content_type == 'application/json'
    assert json.loads(await response.get_data(as_text=True)) == {'status': 'ok'}


async def test_health_sends_no_body_to_head(app: Quart) -> None:
    """HEAD `/health` returns 200 without a body."""
    response = await app.test_client().head('/health')

    assert response.status_code == 200
    assert response.content_type == 'application/json'
    assert await response.get_data() == b''


@pytest.mark.parametrize('method', ['post', 'put', 'delete', 'options', 'patch'])
async def test_health_refuses_other_methods(app: Quart, method: str) -> None:
    """Other methods than GET and HEAD return 405."""
    response = await getattr(app.test_client(), method)('/health')

    assert response.status_code == 405
    assert response.headers['Allow'] == 'GET, HEAD'


@pytest.mark.parametrize('cookie', [None, 'valid', 'session=forged', 'session=', '=;\x80, session'])
async def test_health_opens_no_session(app: Quart, cookie: str | None) -> None:
    """`/health` neither opens a session nor sets a cookie, with any cookie."""
    opened = []

    class RecordingInterface(CookieSessionInterface):
        async def open_session(self, *args: Any) -> Any:
            opened.append(args)
            return await super().open_session(*args)

    app.session_interface = RecordingInterface()
    client = app.test_client(use_cookies=False)
    if cookie == 'valid':
        cookie = (await client.get('/')).headers['Set-Cookie'].partition(';')[0]
    opened.clear()

    response = await client.get('/health', headers={'Cookie': cookie} if cookie else {})

    assert response.status_code == 200
    assert 'Vary' not in response.headers
    assert 'Set-Cookie' not in response.headers
    assert opened == []
    await client.get('/get_session/')
    assert len(opened) == 1


@pytest.mark.parametrize('path', ['/health/', '/healthy', '/health/other', '/x/health'])
async def test_health_passes_other_paths_on(app: Quart, path: str) -> None:
    """A similar path is passed on to the app."""
    assert (await app.test_client().get(path)).status_code == 404


@pytest.mark.parametrize('root_path', ['/sub', '/sub/', '/a/b'])
@pytest.mark.parametrize('path', ['/health', '/health/ready'])
async def test_health_works_below_a_root_path(app: Quart, root_path: str, path: str) -> None:
    """Below a server's root path, health checks work with and without it."""
    whole = root_path.rstrip('/') + path

    for address in (path, whole):
        [start, body] = await call(app.asgi_app, 'http', root_path=root_path, path=address)
        assert (start['status'], json.loads(body['body'])) == (200, {'status': 'ok'})


@pytest.mark.parametrize('path', ['/subhealth', '/other/health', '/sub/sub/health', '/sub'])
async def test_health_passes_other_paths_below_a_root_path_on(app: Quart, path: str) -> None:
    """A similar path below a root path is passed on to the app."""
    start, *_ = await call(app.asgi_app, 'http', root_path='/sub', path=path)

    assert start['status'] == 404


async def test_health_passes_websockets_on(app: Quart) -> None:
    """A websocket to `/health` is passed on to the app."""
    with pytest.raises(WebsocketResponseError) as refused:
        async with app.test_client().websocket('/health') as websocket:
            await websocket.receive()

    assert refused.value.response.status_code == 404


@pytest.mark.parametrize(('ready', 'status'), [(True, 200), (False, 503)])
async def test_ready_asks_what_the_app_depends_on(ready: bool, status: int) -> None:
    """`/health/ready` of any app returns 503 while `is_ready` is false; `/health` does not."""

    async def is_ready() -> bool:
        return ready

    app = Quart('own')
    app.asgi_app = HealthMiddleware(app.asgi_app, is_ready)  # type: ignore[method-assign]
    client = app.test_client()

    assert (await client.get('/health/ready')).status_code == status
    assert (await client.get('/health')).status_code == 200


async def test_ready_needs_no_store_for_cookie_sessions(app: Quart) -> None:
    """With sessions in the cookie `/health/ready` returns 200."""
    assert (await app.test_client().get('/health/ready')).status_code == 200


async def test_health_needs_no_is_ready() -> None:
    """An app that depends on nothing is ready when it serves."""
    app = Quart('own')
    app.asgi_app = HealthMiddleware(app.asgi_app)  # type: ignore[method-assign]

    assert (await app.test_client().get('/health/ready')).status_code == 200
