"""`/health` is answered before the app is."""

import json
from typing import Any

import pytest
from quart import Quart
from quart.testing.connections import WebsocketResponseError

from quart_session_demo.sessions import CookieSessionInterface


async def test_health_answers_with_json(app: Quart) -> None:
    response = await app.test_client().get('/health')

    assert response.status_code == 200
    assert response.content_type == 'application/json'
    assert json.loads(await response.get_data(as_text=True)) == {'status': 'ok'}


async def test_health_answers_head_without_a_body(app: Quart) -> None:
    response = await app.test_client().head('/health')

    assert response.status_code == 200
    assert response.content_type == 'application/json'
    assert await response.get_data() == b''


@pytest.mark.parametrize('method', ['post', 'put', 'delete', 'options', 'patch'])
async def test_health_refuses_other_methods(app: Quart, method: str) -> None:
    response = await getattr(app.test_client(), method)('/health')

    assert response.status_code == 405
    assert response.headers['Allow'] == 'GET, HEAD'


@pytest.mark.parametrize('cookie', [None, 'valid', 'session=forged', 'session=', '=;\x80, session'])
async def test_health_opens_no_session_whatever_cookie_comes(
    app: Quart, cookie: str | None
) -> None:
    opened = []

    class Watched(CookieSessionInterface):
        async def open_session(self, *args: Any) -> Any:
            opened.append(args)
            return await super().open_session(*args)

    app.session_interface = Watched()
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
async def test_health_leaves_other_paths_to_the_app(app: Quart, path: str) -> None:
    assert (await app.test_client().get(path)).status_code == 404


async def test_health_leaves_websockets_to_the_app(app: Quart) -> None:
    with pytest.raises(WebsocketResponseError) as refused:
        async with app.test_client().websocket('/health') as websocket:
            await websocket.receive()

    assert refused.value.response.status_code == 404
