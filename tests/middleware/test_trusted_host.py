"""Requests for hosts that are not in `TRUSTED_HOSTS` are refused, as Flask refuses them."""

import asyncio
from typing import Any

import pytest
from flask import Flask, redirect, request
from quart import Quart, websocket
from quart import redirect as quart_redirect
from quart import request as quart_request
from quart.typing import ResponseReturnValue

from quart_session_demo.middleware import (
    HealthMiddleware,
    SecurityHeadersMiddleware,
    TrustedHostMiddleware,
)
from quart_session_demo.middleware.security_headers import HEADERS
from tests.conftest import make_app
from tests.middleware.asgi import call
from tests.serving import serving

HOSTS = ['example.com', '.example.org', 'bücher.example', '127.0.0.1']


def make_own_app(trusted_hosts: list[str] | None) -> Quart:
    """Return an app that is not the demo, whose redirect contains the request's host."""
    app = Quart('own')

    @app.get('/')
    async def index() -> ResponseReturnValue:
        return quart_redirect(f'{quart_request.host_url}next')

    @app.websocket('/ws')
    async def ws() -> None:
        await websocket.accept()

    app.asgi_app = TrustedHostMiddleware(app.asgi_app, trusted_hosts)  # type: ignore[method-assign]
    return app


@pytest.mark.parametrize(
    ('host', 'status'),
    [
        ('example.com', 302),
        ('example.com:8000', 302),
        ('example.com:443', 302),
        ('example.org', 302),
        ('www.example.org', 302),
        ('a.b.example.org:80', 302),
        ('xn--bcher-kva.example', 302),
        ('127.0.0.1:8000', 302),
        ('www.example.com', 400),
        ('evil.example', 400),
        ('evilexample.org', 400),
        ('example.com.evil.example', 400),
        ('example.com@evil.example', 400),
        ('example.com:evil', 400),
        ('example.com:0', 400),
        ('example.com:65536', 400),
        ('10.1.2.3:8000', 400),
        ('[::1]:8000', 400),
        ('example.com/', 400),
        ('example.com, evil.example', 400),
        ('.example.org', 400),
        ('..example.org', 400),
        ('', 400),
    ],
)
async def test_host_is_trusted_as_in_flask(host: str, status: int) -> None:
    """Quart returns the status that Flask returns, and redirects to no other host."""
    flask = Flask('own')
    flask.config['TRUSTED_HOSTS'] = HOSTS
    flask.add_url_rule('/', view_func=lambda: redirect(f'{request.host_url}next'))
    expected = flask.test_client().get('/', headers={'Host': host})

    response = await make_own_app(HOSTS).test_client().get('/', headers={'Host': host})

    assert response.status_code == expected.status_code == status
    assert ('Location' in response.headers) == (status == 302)


@pytest.mark.parametrize(('trusted_hosts', 'status'), [(None, 302), (HOSTS, 400)])
async def test_without_the_setting_every_host_is_trusted(
    trusted_hosts: list[str] | None, status: int
) -> None:
    """`TRUSTED_HOSTS` is None by default, and then no host is refused."""
    client = make_own_app(trusted_hosts).test_client()

    assert (await client.get('/', headers={'Host': 'evil.example'})).status_code == status


@pytest.mark.parametrize(
    ('handshake', 'status'),
    [
        ('GET / HTTP/1.1\r\nHost: example.com', 302),
        ('GET / HTTP/1.1\r\nHost: evil.example', 400),
        ('GET http://example.com/ HTTP/1.1\r\nHost: evil.example', 400),
        ('GET / HTTP/1.0\r\nX-No: host', 400),
        ('WEBSOCKET example.com', 101),
        ('WEBSOCKET evil.example', 400),
    ],
)
async def test_hypercorn_refuses_untrusted_hosts(handshake: str, status: int) -> None:
    """On a real server requests and websockets for another host get 400, also without a host."""
    handshake = handshake.replace(
        'WEBSOCKET',
        'GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nHost:',
    )
    async with serving(make_own_app(HOSTS)) as port:
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(f'{handshake}\r\n\r\n'.encode())
        status_line = await reader.readline()
        writer.close()
        await writer.wait_closed()

    assert int(status_line.split()[1]) == status


@pytest.mark.parametrize('extensions', [{}, None])
async def test_server_without_websocket_responses_closes(extensions: dict[str, Any] | None) -> None:
    """A server that cannot send a response to a handshake is asked to close the websocket."""
    headers = [(b'host', b'evil.example')]

    sent = await call(
        make_own_app(HOSTS), 'websocket', path='/ws', headers=headers, extensions=extensions
    )

    assert [event['type'] for event in sent] == ['websocket.close']


@pytest.mark.parametrize(
    ('hosts', 'status'),
    [
        (['example.com', 'evil.example'], 400),
        (['evil.example', 'example.com'], 400),
        (['example.com', 'example.com'], 302),
        ([], 400),
    ],
)
async def test_different_hosts_are_refused(hosts: list[str], status: int) -> None:
    """Of two hosts, which Granian and httptools accept, none is trusted."""
    headers = [(b'host', host.encode()) for host in hosts]

    [start, *_] = await call(make_own_app(HOSTS), 'http', path='/', headers=headers)

    assert start['status'] == status


@pytest.mark.parametrize('path', ['/health', '/health/ready'])
async def test_platform_probes_by_address(path: str) -> None:
    """A health check may name any host, such as the machine's address; pages may not."""
    client = make_app(TRUSTED_HOSTS=['example.com']).test_client()

    assert (await client.get(path, headers={'Host': '10.1.2.3:8000'})).status_code == 200
    assert (await client.get('/', headers={'Host': '10.1.2.3:8000'})).status_code == 400


async def test_refusal_names_the_setting_and_opens_no_session() -> None:
    """The 400 names `TRUSTED_HOSTS`, has the security headers, and sets no cookie."""
    client = make_app(TRUSTED_HOSTS=['example.com']).test_client()

    response = await client.get('/', headers={'Host': 'evil.example'})

    assert response.status_code == 400
    assert 'TRUSTED_HOSTS' in await response.get_data(as_text=True)
    assert 'evil' not in await response.get_data(as_text=True)
    assert 'Set-Cookie' not in response.headers
    assert 'Vary' not in response.headers
    assert {name: response.headers[name] for name in HEADERS} == HEADERS


async def test_own_app_has_health_check_around_it() -> None:
    """Any app can combine the middleware: the health check is outside the trusted hosts."""
    app = make_own_app(['example.com'])
    app.asgi_app = SecurityHeadersMiddleware(HealthMiddleware(app.asgi_app))  # type: ignore[method-assign]
    client = app.test_client()

    assert (await client.get('/health', headers={'Host': '10.1.2.3'})).status_code == 200
    assert (await client.get('/', headers={'Host': '10.1.2.3'})).status_code == 400
    assert (await client.get('/', headers={'Host': 'example.com'})).status_code == 302
