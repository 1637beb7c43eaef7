"""The app behind a real nginx and a real HAProxy with TLS, configured as in the documentation."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config

from quart_session_demo.compare.harness.servers import (
    Server,
    ServerCommand,
    hypercorn,
    run_servers,
)
from tests.conftest import KEY, make_app
from tests.processes import wait_until
from tests.proxies import Proxy
from tests.sessions.contract.test_lesson import WALK
from tests.sockets import HAS_IPV6

pytestmark = pytest.mark.e2e

APP = 'tests.apps.proxied_app:app'
#: An address of this machine that is no trusted proxy.
CLIENT = '127.0.0.2'
#: Where clients reach a proxy, and from which address.
ADDRESSES = [('127.0.0.1', CLIENT), *([('[::1]', '::1')] if HAS_IPV6 else [])]
SETTINGS = {
    'QUART_SECRET_KEY': KEY,
    'QUART_PRODUCTION': 'true',
    'QUART_PLAYGROUND': 'true',
    'QUART_TRUSTED_PROXIES': '["127.0.0.1"]',
    'QUART_FORCE_HTTPS': 'true',
}
FORGED = {
    'X-Forwarded-For': '6.6.6.6, 127.0.0.1',
    'X-Forwarded-Proto': 'http',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Port': '6666',
    'Forwarded': 'for=6.6.6.6;proto=http;host=evil.example',
}


@pytest.fixture(scope='module')
def server() -> Iterator[Server]:
    """Yield the app on Hypercorn."""
    with run_servers(ServerCommand('Hypercorn', hypercorn(APP), SETTINGS)) as [server]:
        yield server


Start = Callable[..., Proxy]


@pytest.fixture
def start_proxy(tmp_path: Path, certificate: Path) -> Iterator[Start]:
    """Yield a function that starts a proxy in front of an address."""
    with ExitStack() as running:

        def start(program: str, app: str, replacements: dict[str, str] | None = None) -> Proxy:
            folder = tmp_path / f'proxy-{len(list(tmp_path.iterdir()))}'
            folder.mkdir()
            return running.enter_context(Proxy(program, folder, certificate, app, replacements))

        yield start


@pytest.fixture
def proxy(proxy_program: str, start_proxy: Start, server: Server) -> Proxy:
    """Return a proxy in front of the app."""
    return start_proxy(proxy_program, f'127.0.0.1:{server.port}')


def client_of(proxy: Proxy, url: str | None = None, address: str = CLIENT) -> httpx.Client:
    """Return a client at an address of this machine."""
    transport = httpx.HTTPTransport(verify=proxy.tls_context(), local_address=address)
    return httpx.Client(base_url=url or proxy.url, transport=transport)


async def open_websocket(proxy: Proxy, **headers: str) -> str | int:
    """Return the first message of a websocket through the proxy, or the status of the rejection."""
    return await proxy.open_websocket('/ws', CLIENT, headers)


@pytest.mark.parametrize(('host', 'address'), ADDRESSES)
@pytest.mark.parametrize('headers', [{}, FORGED], ids=['plain', 'forged'])
def test_app_sees_the_client(
    proxy: Proxy, headers: dict[str, str], host: str, address: str
) -> None:
    """Scheme, host and client are the client's own, and no header of the client changes them."""
    url = f'https://{host}:{proxy.port}'
    with client_of(proxy, url, address) as client:
        found = client.get('/seen/?a=b', headers=headers).json()
        redirects = [client.get(path, headers=headers) for path in ('/redirect/', '/seen')]

    assert found == {
        'scheme': 'https',
        'secure': True,
        'client': address,
        'route': [address],
        'host': f'{host}:{proxy.port}',
        'url': f'{url}/seen/?a=b',
        'external': f'{url}/seen/',
    }
    assert {response.headers['Location'] for response in redirects} == {f'{url}/seen/'}


@pytest.mark.parametrize('headers', [{}, FORGED], ids=['plain', 'forged'])
async def test_websocket_has_the_scheme_wss(proxy: Proxy, headers: dict[str, str]) -> None:
    """A websocket with TLS is accepted, and has the scheme and address of the client's request."""
    address = f'127.0.0.1:{proxy.port}'

    message = await open_websocket(proxy, **headers)

    assert message == f'wss://{address}/ws wss://{address}/ {CLIENT}'


def test_http_is_redirected_to_https(proxy: Proxy) -> None:
    """Pages over http are redirected, also with forged headers; health checks are not."""
    with client_of(proxy, proxy.http_url) as client:
        forged = {**FORGED, 'X-Forwarded-Proto': 'https', 'Forwarded': 'proto=https'}
        responses = [client.get('/seen/?a=b', headers=headers) for headers in ({}, forged)]
        health = client.get('/health')
        websocket = client.get(
            '/ws',
            headers={
                'Connection': 'Upgrade',
                'Upgrade': 'websocket',
                'Sec-WebSocket-Version': '13',
                'Sec-WebSocket-Key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
            },
        )

    for response in responses:
        assert response.status_code == 308
        assert response.headers['Location'] == 'https://127.0.0.1/seen/?a=b'
    assert health.status_code == 200
    assert websocket.status_code == 403


def test_lesson_works(proxy: Proxy, server: Server) -> None:
    """Each page of the lesson works with its Secure cookie, and no warning of http is logged."""
    with client_of(proxy) as client:
        for path, status, text, _ in WALK:
            response = client.get(path)

            assert (response.status_code, response.text) == (status, text)
        assert '; Secure' in client.get('/').headers['Set-Cookie']
    assert 'TRUSTED_PROXIES' not in server.log.tail()


def test_playground_accepts_its_own_forms(proxy: Proxy) -> None:
    """A form of the page itself is accepted, and that of a page on another site or port is not."""
    statuses = {}
    with client_of(proxy) as client:
        for origin in (proxy.url, 'https://127.0.0.1', 'https://evil.example'):
            response = client.post(
                '/playground/', data={'do': 'lesson'}, headers={**FORGED, 'Origin': origin}
            )
            statuses[origin] = response.status_code

    assert statuses == {proxy.url: 303, 'https://127.0.0.1': 403, 'https://evil.example': 403}


def test_headers_of_others_are_ignored(server: Server) -> None:
    """A client that reaches the app itself, and is no trusted proxy, cannot choose its scheme."""
    transport = httpx.HTTPTransport(local_address=CLIENT)
    with httpx.Client(base_url=server.url, transport=transport) as client:
        response = client.get('/seen/', headers={**FORGED, 'X-Forwarded-Proto': 'https'})

    assert response.status_code == 308
    assert response.headers['Location'] == 'https://127.0.0.1/seen/'


#: How a proxy of each kind can be configured otherwise.
OTHER_HEADERS = {
    'nginx, appended': (
        'nginx',
        {
            'Host              $http_host': 'Host internal:8000',
            'X-Forwarded-For   $remote_addr': 'X-Forwarded-For $proxy_add_x_forwarded_for',
            'X-Forwarded-Host  ""': 'X-Forwarded-Host $host',
            'X-Forwarded-Port  ""': 'X-Forwarded-Port $server_port',
        },
    ),
    'nginx, Forwarded': (
        'nginx',
        {
            'X-Forwarded-For   $remote_addr': 'X-Forwarded-For ""',
            'X-Forwarded-Proto $scheme': 'X-Forwarded-Proto ""',
            'Forwarded         ""': 'Forwarded "$http_forwarded, for=$remote_addr;proto=$scheme"',
        },
    ),
    'haproxy, appended': (
        'haproxy',
        {
            'http-request set-header X-Forwarded-For   %[src]': 'option forwardfor',
            'http-request del-header X-Forwarded-Host': (
                'http-request set-header X-Forwarded-Host %[req.hdr(host)]\n'
                '    http-request set-header Host internal:8000'
            ),
        },
    ),
    'haproxy, Forwarded': (
        'haproxy',
        {
            'http-request set-header X-Forwarded-For   %[src]': (
                'http-request add-header Forwarded '
                '"For=\\"[%[src]]:%[src_port]\\"; Proto=HTTPS"\n'
                '    http-request del-header X-Forwarded-For'
            ),
            'set-header X-Forwarded-Proto https if': 'del-header X-Forwarded-Proto if',
            'set-header X-Forwarded-Proto http  unless': 'del-header X-Forwarded-Proto unless',
            '    http-request del-header Forwarded\n': '',
        },
    ),
}


@pytest.mark.parametrize(
    'variant',
    [
        pytest.param(name, marks=getattr(pytest.mark, program))
        for name, (program, _) in OTHER_HEADERS.items()
    ],
)
@pytest.mark.parametrize(
    'forwarded', ['for=6.6.6.6;proto=http;host=evil.example', 'for="', 'for="\\', 'x', '']
)
async def test_other_configurations_work(
    start_proxy: Start, server: Server, variant: str, forwarded: str
) -> None:
    """The proxies may append to the client's headers, or send `Forwarded` instead."""
    program, replacements = OTHER_HEADERS[variant]
    proxy = start_proxy(program, f'127.0.0.1:{server.port}', replacements)
    # A proxy that sends `Forwarded` removes the others, and one that sends them `Forwarded`.
    headers = {**FORGED, 'Forwarded': forwarded}

    with client_of(proxy) as client:
        found = client.get('/seen/', headers=headers).json()

    assert (found['client'], found['external']) == (CLIENT, f'{proxy.url}/seen/')
    message = await open_websocket(proxy, **headers)
    assert message == f'wss://127.0.0.1:{proxy.port}/ws wss://127.0.0.1:{proxy.port}/ {CLIENT}'


@pytest.mark.nginx
@pytest.mark.haproxy
@pytest.mark.parametrize('proto', ['$http_x_forwarded_proto', '"$http_x_forwarded_proto, $scheme"'])
def test_client_is_known_behind_two_proxies(start_proxy: Start, server: Server, proto: str) -> None:
    """The inner proxy appends to the headers of the outer one, which has the certificate."""
    inner = start_proxy(
        'nginx',
        f'127.0.0.1:{server.port}',
        {
            'X-Forwarded-For   $remote_addr': 'X-Forwarded-For $proxy_add_x_forwarded_for',
            'X-Forwarded-Proto $scheme': f'X-Forwarded-Proto {proto}',
        },
    )
    outer = start_proxy('haproxy', f'127.0.0.1:{inner.http_port}')

    with client_of(outer) as client:
        found = client.get('/seen/', headers=FORGED).json()

    assert (found['client'], found['external']) == (CLIENT, f'{outer.url}/seen/')


@pytest.mark.nginx
@pytest.mark.parametrize(
    ('name', 'options', 'reads_host'),
    [
        ('uvicorn', (), False),
        ('uvicorn', ('--no-proxy-headers',), True),
        ('granian', ('--interface', 'asgi'), True),
    ],
    ids=['uvicorn', 'uvicorn without its own', 'granian'],
)
async def test_other_servers_work(
    start_proxy: Start, name: str, options: tuple[str, ...], reads_host: bool
) -> None:
    """uvicorn, which obeys `X-Forwarded-For` and `-Proto` itself, and Granian work too."""
    command = (sys.executable, '-m', name, *options, '--port', '{port}', APP)
    with run_servers(ServerCommand(name, command, SETTINGS)) as [server]:
        proxy = start_proxy('nginx', f'127.0.0.1:{server.port}')
        other = start_proxy(
            'nginx', f'127.0.0.1:{server.port}', OTHER_HEADERS['nginx, appended'][1]
        )
        with client_of(proxy) as client:
            found = client.get('/seen/?a=b', headers=FORGED).json()
        with client_of(proxy, proxy.http_url) as client:
            redirect = client.get('/a%2Fb?c=%26', headers=FORGED)
        with client_of(other) as client:
            with_other_headers = client.get('/seen/', headers=FORGED).json()
        message = await open_websocket(proxy, **FORGED)

    assert (found['client'], found['url']) == (CLIENT, f'{proxy.url}/seen/?a=b')
    assert found['route'] == [CLIENT]
    assert redirect.headers['Location'] == 'https://127.0.0.1/a%2Fb?c=%26'
    address = f'127.0.0.1:{proxy.port}'
    assert message == f'wss://{address}/ws wss://{address}/ {CLIENT}'
    # uvicorn changes the address of the proxy, so that it is not known to be one.
    host = f'127.0.0.1:{other.port}' if reads_host else 'internal:8000'
    expected = ('https', CLIENT, host)
    assert tuple(with_other_headers[key] for key in ('scheme', 'client', 'host')) == expected


async def test_number_works_on_a_unix_socket(
    proxy_program: str, start_proxy: Start, tmp_path: Path
) -> None:
    """A proxy that connects to a Unix socket has no address: the app trusts one proxy."""
    path = tmp_path / 'app.sock'
    config = Config()
    config.bind = [f'unix:{path}']
    config.errorlog = None
    stop = asyncio.Event()
    app: Any = make_app(TRUSTED_PROXIES=1, FORCE_HTTPS=True)
    task = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
    try:
        await asyncio.to_thread(wait_until, path.exists)
        proxy = start_proxy(
            proxy_program, f'unix:{path}' if proxy_program == 'nginx' else f'unix@{path}'
        )
        with client_of(proxy) as client:
            response = await asyncio.to_thread(client.get, '/playground', headers=FORGED)
    finally:
        stop.set()
        await task

    assert response.headers['Location'] == f'{proxy.url}/playground/'
