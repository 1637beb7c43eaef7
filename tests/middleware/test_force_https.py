"""Requests over http are redirected to https, to the same host and path."""

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quart import Quart, websocket

from quart_session_demo.config import ConfigError
from quart_session_demo.middleware import ForceHttpsMiddleware
from quart_session_demo.middleware.security_headers import HEADERS
from tests.conftest import make_app
from tests.middleware.asgi import call
from tests.serving import serving


def make_own_app() -> Quart:
    """Return an app that is not the demo, which redirects to https."""
    app = Quart('own')

    @app.route('/', methods=['GET', 'POST'])
    async def index() -> str:
        return 'secure'

    @app.websocket('/ws')
    async def ws() -> None:
        await websocket.accept()

    app.asgi_app = ForceHttpsMiddleware(app.asgi_app)  # type: ignore[method-assign]
    return app


async def redirected(host: str = 'example.com', **scope: Any) -> tuple[int, str | None]:
    """Return the status and Location of the response to a request over http."""
    headers = [(b'host', host.encode('latin1'))]
    [start, *_] = await call(make_own_app(), 'http', **{'headers': headers, **scope})
    location = dict(start['headers']).get(b'location')
    return start['status'], None if location is None else location.decode('ascii')


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'POST', 'DELETE'])
async def test_redirect_repeats_the_method(method: str) -> None:
    """The status is 308, so that a client sends the method and the body again."""
    client = make_own_app().test_client()

    send = getattr(client, method.lower())
    response = await send('/?a=b', headers={'Host': 'example.com'})

    assert response.status_code == 308
    assert response.headers['Location'] == 'https://example.com/?a=b'
    assert response.headers['Cache-Control'] == 'no-store'


async def test_https_reaches_the_app() -> None:
    """A request over https is not redirected."""
    response = await make_own_app().test_client().get('/', scheme='https')

    assert (response.status_code, await response.get_data(as_text=True)) == (200, 'secure')


@pytest.mark.parametrize(
    ('host', 'expected'),
    [
        ('example.com:8000', 'example.com'),
        ('example.com:80', 'example.com'),
        ('127.0.0.1:8000', '127.0.0.1'),
        ('[::1]:8000', '[::1]'),
        ('[::1]', '[::1]'),
        ('WWW.example.com', 'WWW.example.com'),
    ],
)
async def test_port_is_dropped(host: str, expected: str) -> None:
    """The port of http cannot be that of https."""
    assert await redirected(host, raw_path=b'/') == (308, f'https://{expected}/')


@pytest.mark.parametrize(
    'host',
    [
        '',
        ' ',
        'example.com/',
        'example.com:x',
        'example.com:0',
        'user@evil.example',
        'a b',
        'a\\b',
        'a?b',
        'a#b',
        '::1',
        'caf\xe9.example',
    ],
)
async def test_invalid_host_returns_400(host: str) -> None:
    """A host that is no host is not the target of a redirect."""
    assert await redirected(host) == (400, None)


@pytest.mark.parametrize('hosts', [[], [b'a.example', b'b.example']])
async def test_missing_or_ambiguous_host_returns_400(hosts: list[bytes]) -> None:
    """Without a host, or with two, it is not known where to redirect to."""
    assert await redirected(headers=[(b'host', host) for host in hosts]) == (400, None)


@pytest.mark.parametrize(
    ('path', 'query', 'expected'),
    [
        (b'/a%2Fb/%E6%97%A5', b'x=%26&y=[1]', '/a%2Fb/%E6%97%A5?x=%26&y=[1]'),
        (b'/a?', b'', '/a?'),
        (b'//evil.example', b'', '//evil.example'),
        (b'/\\evil.example', b'', '/%5Cevil.example'),
        (b'.evil.example', b'', '/.evil.example'),
        (b'@evil.example', b'', '/@evil.example'),
        (b':1@evil.example', b'', '/:1@evil.example'),
        (b'http://evil.example/x', b'y', '/x?y'),
        (b'http://evil.example', b'', '/'),
        (b'*', b'', '/*'),
        (b'/a\r\nSet-Cookie: x', b'\r\n', '/a%0D%0ASet-Cookie:%20x?%0D%0A'),
        (b'/\xff', b'\xff', '/%FF?%FF'),
        (b'/%zz', b'%', '/%zz?%'),
        (b'/#a', b'#', '/%23a?%23'),
    ],
)
async def test_path_and_query_stay_the_same(path: bytes, query: bytes, expected: str) -> None:
    """Path and query are as the client sent them, and cannot change the host or add a header."""
    status, location = await redirected(raw_path=path, query_string=query)

    assert (status, location) == (308, f'https://example.com{expected}')


@given(
    st.lists(
        st.sampled_from(
            [b'/', b'.evil', b'@', b':', b'\\', b'http:', b'[', b'?', b'#', b'\r\n', b'\xff']
        )
    ),
    st.binary(max_size=4),
)
@settings(max_examples=150, derandomize=True, deadline=None, database=None)
def test_no_target_leads_to_another_host(parts: list[bytes], query: bytes) -> None:
    """Any target gives 400, or a redirect to the same host without characters of a header."""
    status, location = asyncio.run(redirected(raw_path=b''.join(parts), query_string=query))

    if location is None:
        assert status == 400
    else:
        assert re.fullmatch(r'https://example\.com/[!-~]*', location)
        assert urlsplit(location).netloc == 'example.com'


@pytest.mark.parametrize('path', [b'http://[', b'http://\xff/'])
async def test_malformed_target_returns_400(path: bytes) -> None:
    """A target that is neither a path nor a URL has no address to redirect to."""
    assert (await redirected(raw_path=path))[0] == 400


@pytest.mark.parametrize('scope', [{}, {'raw_path': None}, {'raw_path': b''}])
async def test_server_may_lack_the_encoded_path(scope: dict[str, Any]) -> None:
    """Without `raw_path`, which is optional, the decoded path is encoded."""
    status, location = await redirected(path='/日 %?', **scope)

    assert (status, location) == (308, 'https://example.com/%E6%97%A5%20%25%3F')


async def test_websocket_without_tls_is_rejected() -> None:
    """A websocket over ws gets 403, and one over wss reaches its view."""
    headers = [(b'host', b'example.com')]
    over_ws, over_wss = [
        await call(make_own_app(), 'websocket', path='/ws', scheme=scheme, headers=headers)
        for scheme in ('ws', 'wss')
    ]

    assert over_ws[0]['status'] == 403
    assert over_wss[0]['type'] == 'websocket.accept'


async def test_server_without_websocket_responses_closes() -> None:
    """A server that cannot send a response to a handshake is asked to close the websocket."""
    [event] = await call(make_own_app(), 'websocket', path='/ws', extensions={})

    assert event['type'] == 'websocket.close'


async def test_demo_redirects_and_answers_health_checks() -> None:
    """The setting redirects pages and errors, and not the health checks."""
    client = make_app(FORCE_HTTPS=True).test_client()

    for path in ('/', '/missing/', '/playground/'):
        response = await client.get(path)
        assert response.headers['Location'] == f'https://localhost{path}'
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        assert 'Set-Cookie' not in response.headers
    for path in ('/health', '/health/ready'):
        assert (await client.get(path)).status_code == 200
    assert (await client.get('/', scheme='https')).status_code == 200


async def test_redirect_goes_to_trusted_hosts_only() -> None:
    """With `TRUSTED_HOSTS`, a forged host gets 400 and no redirect."""
    client = make_app(FORCE_HTTPS=True, TRUSTED_HOSTS=['example.com']).test_client()

    assert (await client.get('/', headers={'Host': 'example.com'})).status_code == 308
    assert (await client.get('/', headers={'Host': 'evil.example'})).status_code == 400


async def test_trusted_proxy_ends_the_redirects() -> None:
    """With `TRUSTED_PROXIES`, a request that reached the proxy over https is not redirected."""
    client = make_app(FORCE_HTTPS=True, TRUSTED_PROXIES=1).test_client()

    assert (await client.get('/', headers={'X-Forwarded-Proto': 'https'})).status_code == 200
    assert (await client.get('/', headers={'X-Forwarded-Proto': 'http'})).status_code == 308


@pytest.mark.parametrize(
    'target',
    ['head / HTTP/1.1', 'head /health HTTP/1.1', 'GET http://[ HTTP/1.1', 'OPTIONS * HTTP/1.1'],
)
async def test_hypercorn_logs_no_error(target: str, caplog: pytest.LogCaptureFixture) -> None:
    """On a real server an unusual request gets a response, and no traceback in the log."""
    caplog.set_level('INFO')
    app = make_app(FORCE_HTTPS=True, TRUSTED_PROXIES=1)
    async with serving(app, errorlog='-') as port:
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(f'{target}\r\nHost: example.com\r\nConnection: close\r\n\r\n'.encode())
        response = await reader.read()
        writer.close()
        await writer.wait_closed()

    assert int(response.split()[1]) in (200, 308, 400)
    assert 'Traceback' not in caplog.text


@pytest.mark.parametrize('value', ['yes', 1, None, 'True'])
def test_invalid_setting_is_one_line(value: Any) -> None:
    """The setting is true or false."""
    with pytest.raises(ConfigError, match=r'^FORCE_HTTPS is .*: set it to true or false$'):
        make_app(FORCE_HTTPS=value)


def test_production_needs_trusted_proxies() -> None:
    """In production the app does not start without `TRUSTED_PROXIES`: it would serve no page."""
    with pytest.raises(ConfigError) as error:
        make_app(PRODUCTION=True, FORCE_HTTPS=True)

    message = str(error.value)
    assert message.startswith('FORCE_HTTPS ')
    assert 'TRUSTED_PROXIES' in message
    assert '\n' not in message
    make_app(PRODUCTION=True, FORCE_HTTPS=True, TRUSTED_PROXIES=1)
    make_app(PRODUCTION=True, FORCE_HTTPS=False)


def test_wrong_proxies_are_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong `TRUSTED_PROXIES` is reported as wrong, and not as missing too."""
    monkeypatch.setenv('QUART_PRODUCTION', 'true')
    monkeypatch.setenv('QUART_FORCE_HTTPS', 'true')
    monkeypatch.setenv('QUART_TRUSTED_PROXIES', '127.0.0.1')

    with pytest.raises(ConfigError, match=r'^QUART_TRUSTED_PROXIES [^;]*$'):
        make_app()
