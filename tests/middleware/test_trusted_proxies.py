"""The headers of trusted proxies, and of nobody else, describe the client's request."""

import asyncio
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quart import Quart, request, websocket
from werkzeug.sansio.utils import host_is_trusted

from quart_session_demo.config import ConfigError
from quart_session_demo.middleware import TrustedProxiesMiddleware
from quart_session_demo.middleware.forwarded import HEADERS
from tests.conftest import make_app
from tests.middleware.asgi import call

PROXY = '10.0.0.1'
TRUSTED = ['10.0.0.0/24', '2001:db8::1']
CLIENT = '192.0.2.1'
ORIGINAL = ((PROXY, 5000), 'http', 'app:8000')


async def seen(
    headers: dict[str, str] | list[tuple[str, str]],
    trusted: Any = TRUSTED,
    peer: Any = (PROXY, 5000),
    type_: str = 'http',
    host: str = 'app:8000',
) -> tuple[Any, ...]:
    """Return the client, scheme and host that an app sees behind a proxy with these headers."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    sent = [(name.lower().encode(), value.encode('latin1')) for name, value in pairs]
    middleware = TrustedProxiesMiddleware(app, trusted)
    await call(middleware, type_, client=peer, headers=[(b'host', host.encode()), *sent])
    [scope] = scopes
    [sent_host] = [value.decode() for name, value in scope['headers'] if name == b'host']
    return scope['client'], scope['scheme'], sent_host


@pytest.mark.parametrize(
    ('headers', 'expected'),
    [
        ({'X-Forwarded-For': CLIENT}, ((CLIENT, 0), 'http', 'app:8000')),
        ({'X-Forwarded-For': f'{CLIENT}:80'}, ((CLIENT, 80), 'http', 'app:8000')),
        ({'X-Forwarded-For': '[2001:DB8::2]:80'}, (('2001:db8::2', 80), 'http', 'app:8000')),
        ({'X-Forwarded-For': '2001:db8::2'}, (('2001:db8::2', 0), 'http', 'app:8000')),
        ({'X-Forwarded-For': '[2001:db8::2]'}, (('2001:db8::2', 0), 'http', 'app:8000')),
        ({'X-Forwarded-For': f'::ffff:{CLIENT}'}, ((CLIENT, 0), 'http', 'app:8000')),
        ({'X-Forwarded-Proto': 'HTTPS'}, ((PROXY, 5000), 'https', 'app:8000')),
        ({'X-Forwarded-Proto': 'wss'}, ((PROXY, 5000), 'https', 'app:8000')),
        ({'X-Forwarded-Host': 'example.com'}, ((PROXY, 5000), 'http', 'example.com')),
        ({'X-Forwarded-Host': '[::1]:8443'}, ((PROXY, 5000), 'http', '[::1]:8443')),
        ({'X-Forwarded-Port': '8443'}, ((PROXY, 5000), 'http', 'app:8443')),
        ({'X-Forwarded-Port': '80'}, ((PROXY, 5000), 'http', 'app')),
        (
            {
                'X-Forwarded-For': CLIENT,
                'X-Forwarded-Proto': 'https',
                'X-Forwarded-Host': 'example.com:81',
                'X-Forwarded-Port': '443',
            },
            ((CLIENT, 0), 'https', 'example.com'),
        ),
        (
            {'X-Forwarded-Host': '[::1]', 'X-Forwarded-Port': '81'},
            ((PROXY, 5000), 'http', '[::1]:81'),
        ),
        (
            {'Forwarded': f'for={CLIENT};proto=https;host=example.com;by=10.0.0.1'},
            ((CLIENT, 0), 'https', 'example.com'),
        ),
        (
            {'Forwarded': ' FOR=1.2.3.4 , For="[2001:db8::2]:80" ; PROTO="https";Host="\\a.b:81";'},
            (('2001:db8::2', 80), 'https', 'a.b:81'),
        ),
        ({'Forwarded': f'for="{CLIENT}:_hidden"'}, ((CLIENT, 0), 'http', 'app:8000')),
        ({'Forwarded': f'for={CLIENT};x="a,b;\\"c"'}, ((CLIENT, 0), 'http', 'app:8000')),
    ],
)
async def test_trusted_headers_describe_the_client(
    headers: dict[str, str], expected: tuple[Any, ...]
) -> None:
    """Client, scheme, host and port are those in the headers of a trusted proxy."""
    assert await seen(headers) == expected


@pytest.mark.parametrize(
    'headers',
    [
        {'X-Forwarded-For': 'unknown'},
        {'X-Forwarded-For': '_hidden'},
        {'X-Forwarded-For': f'"{CLIENT}"'},
        {'X-Forwarded-For': '[]'},
        {'X-Forwarded-For': '[::1'},
        {'X-Forwarded-For': '::1]:80'},
        {'X-Forwarded-For': '192.0.2.1.5'},
        {'X-Forwarded-For': '192.0.2.256'},
        {'X-Forwarded-For': f'{CLIENT}:99999'},
        {'X-Forwarded-For': f'{CLIENT}:x'},
        {'X-Forwarded-For': 'fe80::1%eth0'},
        {'X-Forwarded-For': 'caf\xe9'},
        {'X-Forwarded-For': '\xb9.1.1.1'},
        {'X-Forwarded-For': ''},
        {'X-Forwarded-For': ' , ,'},
        {'X-Forwarded-Proto': 'javascript'},
        {'X-Forwarded-Proto': 'https:'},
        {'X-Forwarded-Proto': '\xe9'},
        {'X-Forwarded-Host': 'a b'},
        {'X-Forwarded-Host': 'evil.example/'},
        {'X-Forwarded-Host': 'user@evil.example'},
        {'X-Forwarded-Host': 'example.com:0'},
        {'X-Forwarded-Host': 'example.com:99999'},
        {'X-Forwarded-Host': '\xe9.example'},
        {'X-Forwarded-Host': '::1'},
        {'X-Forwarded-Port': '0'},
        {'X-Forwarded-Port': '99999'},
        {'X-Forwarded-Port': '-1'},
        {'X-Forwarded-Port': 'x'},
        {'X-Forwarded-Port': '\xb2'},
        {'X-Forwarded-Port': '9' * 5000},
        {'X-Forwarded-Server': 'example.com', 'X-Forwarded-Prefix': '/x'},
        {'Forwarded': ''},
        {'Forwarded': 'for'},
        {'Forwarded': 'for=;proto='},
        {'Forwarded': f'for={CLIENT} proto=https'},
        {'Forwarded': f'for={CLIENT};for={CLIENT}'},
        {'Forwarded': f'for="{CLIENT}'},
        {'Forwarded': f'for={CLIENT}"'},
        {'Forwarded': f'for = {CLIENT}'},
        {'Forwarded': 'for=unknown;proto=ftp;host="a\\"b"'},
        {'Forwarded': '\xe9=1'},
    ],
)
async def test_malformed_values_are_ignored(headers: dict[str, str]) -> None:
    """A value that is malformed or hidden changes nothing."""
    assert await seen(headers) == ORIGINAL


FORGED = {
    'X-Forwarded-For': '6.6.6.6',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Port': '6666',
}


@pytest.mark.parametrize(
    'peer',
    [
        ('10.0.1.1', 5000),
        ('::1', 5000),
        ('<local>', 0),
        ('', 0),
        ('/run/app.sock', None),
        None,
    ],
)
@pytest.mark.parametrize(
    'headers', [FORGED, {'Forwarded': 'for=6.6.6.6;proto=https;host=evil.example'}]
)
async def test_other_peoples_headers_are_ignored(headers: dict[str, str], peer: Any) -> None:
    """The headers of a client that is no trusted proxy change nothing."""
    assert await seen(headers, peer=peer) == (peer, 'http', 'app:8000')


async def test_ignored_proxy_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The first ignored headers are one line with the address of who sent them, and no value."""
    middleware = TrustedProxiesMiddleware(_ignore_request, TRUSTED)
    headers = [(b'x-forwarded-for', CLIENT.encode())]

    await call(middleware, 'http', client=('172.17.0.1', 5000))
    assert caplog.messages == []
    for _ in range(2):
        await call(middleware, 'http', client=('172.17.0.1', 5000), headers=headers)

    assert caplog.messages == [
        'Proxy headers from 172.17.0.1 are ignored: if a proxy of yours has this address, check '
        'TRUSTED_PROXIES (reported once)'
    ]


async def _ignore_request(scope: Any, receive: Any, send: Any) -> None:
    """Do nothing."""


@pytest.mark.parametrize('peer', ['::ffff:10.0.0.1', '2001:db8::1', '2001:DB8:0::1', '10.0.0.255'])
async def test_proxy_is_recognized_in_each_form(peer: str) -> None:
    """The address of a proxy is compared as an address, and not as a text."""
    assert (await seen(FORGED, peer=(peer, 5000)))[0] == ('6.6.6.6', 0)


async def test_mapped_network_matches_ipv4() -> None:
    """A network of IPv4 addresses may be written in IPv6."""
    trusted = ['::ffff:10.0.0.0/120']

    assert (await seen(FORGED, trusted))[0] == ('6.6.6.6', 0)
    assert (await seen(FORGED, trusted, peer=('10.0.1.1', 1)))[0] == ('10.0.1.1', 1)


@pytest.mark.parametrize(
    ('client', 'scheme', 'expected'),
    [
        # The client's own values are on the left of what the proxy appends.
        (f'6.6.6.6, {CLIENT}', 'http, https', (CLIENT, 'https')),
        (f'6.6.6.6, {CLIENT}', 'https', (CLIENT, 'https')),
        # Of two trusted proxies the inner one appends the address of the outer one.
        (f'6.6.6.6, {CLIENT}, 10.0.0.2', 'ftp, https, http', (CLIENT, 'https')),
        (f'6.6.6.6, {CLIENT}, 10.0.0.2', 'https', (CLIENT, 'https')),
        (f'{CLIENT}, 10.0.0.3, 10.0.0.2', 'http, https', (CLIENT, 'https')),
        # What is on the left of an unknown address is not trusted.
        ('6.6.6.6, unknown, 10.0.0.2', 'https', (PROXY, 'https')),
        # A client in the trusted network.
        ('10.0.0.9', 'https', ('10.0.0.9', 'https')),
        ('10.0.0.9, 10.0.0.2', 'https', ('10.0.0.9', 'https')),
    ],
)
async def test_addresses_are_read_from_the_right(
    client: str, scheme: str, expected: tuple[str, str]
) -> None:
    """The client is the last address that is no trusted proxy, and the scheme is at its place."""
    found = await seen({'X-Forwarded-For': client, 'X-Forwarded-Proto': scheme})

    assert (found[0][0], found[1]) == expected


async def test_several_header_lines_are_one_list() -> None:
    """A proxy may add a line of its own instead of appending to the client's."""
    headers = [
        ('X-Forwarded-For', '6.6.6.6'),
        ('X-Forwarded-Host', 'evil.example'),
        ('X-Forwarded-For', CLIENT),
        ('X-Forwarded-Host', 'example.com'),
    ]

    assert await seen(headers) == ((CLIENT, 0), 'http', 'example.com')
    elements = [('Forwarded', 'for=6.6.6.6'), ('Forwarded', f'for={CLIENT};proto=https')]
    assert await seen(elements) == ((CLIENT, 0), 'https', 'app:8000')


@pytest.mark.parametrize(
    'forged',
    ['"', 'for="', 'for="\\', 'for="\\"', 'x=\\', 'a"b"c', ';;=', '"\\\\', ',,', 'for="a"'],
)
@pytest.mark.parametrize('separator', [',', ', '])
async def test_client_cannot_hide_what_proxies_append(forged: str, separator: str) -> None:
    """A client's malformed `Forwarded` header does not change how the proxy's part is read."""
    header = f'{forged}{separator}for="{CLIENT}";proto=https'

    assert await seen({'Forwarded': header}) == ((CLIENT, 0), 'https', 'app:8000')


@given(
    st.lists(
        st.sampled_from([*'";,= \\\0[]:', 'for', 'proto', 'host', CLIENT, 'https']), max_size=9
    )
)
@settings(max_examples=150, derandomize=True, deadline=None, database=None)
def test_no_client_can_hide_what_proxies_append(parts: list[str]) -> None:
    """With any `Forwarded` header of a client, the proxy's part is read as the proxy wrote it."""
    header = f'{"".join(parts)}, for="[2001:db8::2]:80";proto=https;host="example.com:81"'

    found = asyncio.run(seen({'Forwarded': header}))

    assert found == (('2001:db8::2', 80), 'https', 'example.com:81')


@given(
    st.dictionaries(
        st.sampled_from([name.decode() for name in HEADERS]),
        st.text(st.characters(max_codepoint=255)),
    )
)
@settings(max_examples=150, derandomize=True, deadline=None, database=None)
def test_any_header_gives_a_valid_request(headers: dict[str, str]) -> None:
    """Any bytes in the headers leave an address, a scheme of the web and a host."""
    (address, port), scheme, host = asyncio.run(seen(headers))

    ip_address(address)
    assert 0 <= port < 65536
    assert scheme in ('http', 'https')
    assert host_is_trusted(host)


async def test_forwarded_counts_only_without_the_other_headers() -> None:
    """A proxy that sets `X-Forwarded-*` does not know `Forwarded`, which a client may have sent."""
    headers = {'X-Forwarded-For': CLIENT, 'Forwarded': 'for=6.6.6.6;proto=https;host=evil.example'}

    assert await seen(headers) == ((CLIENT, 0), 'http', 'app:8000')


@pytest.mark.parametrize(
    ('hops', 'client', 'scheme', 'expected'),
    [
        (1, CLIENT, 'https', (CLIENT, 'https')),
        (1, f'6.6.6.6, {CLIENT}', 'http, https', (CLIENT, 'https')),
        (2, f'6.6.6.6, {CLIENT}, 10.0.0.2', 'https', (CLIENT, 'https')),
        (2, f'{CLIENT}, 10.0.0.2', 'https, http', (CLIENT, 'https')),
        # The request did not pass two proxies.
        (2, '6.6.6.6', 'https', (PROXY, 'http')),
        (3, '6.6.6.6, 10.0.0.2', 'https', (PROXY, 'http')),
        (10**30, '6.6.6.6', 'https', (PROXY, 'http')),
        (1, 'unknown', 'https', (PROXY, 'https')),
    ],
)
async def test_number_counts_from_the_right(
    hops: int, client: str, scheme: str, expected: tuple[str, str]
) -> None:
    """With a number, that value from the right counts; with fewer values none does."""
    headers = {'X-Forwarded-For': client, 'X-Forwarded-Proto': scheme}
    found = await seen(headers, hops)

    assert (found[0][0], found[1]) == expected


@pytest.mark.parametrize('peer', [None, ('', 0), ('anybody', 1)])
async def test_number_works_on_a_unix_socket(peer: Any) -> None:
    """With a number the proxy needs no address, which it has not on a Unix socket."""
    headers = {'X-Forwarded-For': CLIENT, 'X-Forwarded-Proto': 'https'}

    assert await seen(headers, 1, peer=peer) == ((CLIENT, 0), 'https', 'app:8000')


@pytest.mark.parametrize(
    ('proto', 'scheme'), [('https', 'wss'), ('http', 'ws'), ('wss', 'wss'), ('ws', 'ws')]
)
async def test_websocket_has_the_scheme_of_websockets(proto: str, scheme: str) -> None:
    """A websocket behind TLS has the scheme `wss`."""
    headers = {'X-Forwarded-Proto': proto, 'X-Forwarded-For': CLIENT}

    assert await seen(headers, type_='websocket') == ((CLIENT, 0), scheme, 'app:8000')


async def test_without_trusted_proxies_nothing_changes() -> None:
    """With None the app gets the very request, and may read the headers itself."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    headers = [(b'x-forwarded-for', b'6.6.6.6')]
    await call(TrustedProxiesMiddleware(app, None), 'http', headers=headers)

    assert scopes[0]['headers'] == headers


@pytest.mark.parametrize('peer', [PROXY, '10.0.1.1'])
async def test_app_does_not_see_the_headers(peer: str) -> None:
    """Quart's `access_route` cannot believe a forged address, as the headers are removed."""
    app = Quart('own')

    @app.get('/')
    async def index() -> dict[str, Any]:
        return {'route': request.access_route, 'headers': list(request.headers.keys())}

    app.asgi_app = TrustedProxiesMiddleware(app.asgi_app, TRUSTED)  # type: ignore[method-assign]
    headers = {**FORGED, 'X-Forwarded-For': f'6.6.6.6, {CLIENT}', 'Forwarded': 'for=6.6.6.6'}
    response = await app.test_client().get(
        '/', headers=headers, scope_base={'client': (peer, 5000)}
    )
    found = await response.get_json()

    assert found['route'] == [CLIENT if peer == PROXY else peer]
    assert not [name for name in found['headers'] if 'Forwarded' in name]


async def test_any_quart_app_builds_its_addresses() -> None:
    """In an app that is not the demo, URLs, redirects and websockets have the client's scheme."""
    app = Quart('own')

    @app.get('/page/')
    async def page() -> dict[str, Any]:
        return {'url': request.url, 'secure': request.is_secure, 'client': request.remote_addr}

    @app.websocket('/ws')
    async def ws() -> None:
        await websocket.send(f'{websocket.url} {websocket.remote_addr}')

    app.asgi_app = TrustedProxiesMiddleware(app.asgi_app, 1)  # type: ignore[method-assign]
    client = app.test_client()
    headers = {**FORGED, 'X-Forwarded-Host': 'example.com', 'X-Forwarded-Port': '443'}

    redirect = await client.get('/page', headers=headers)
    found = await (await client.get('/page/', headers=headers)).get_json()
    async with client.websocket('/ws', headers=headers) as connection:
        text = await connection.receive()

    assert redirect.headers['Location'] == 'https://example.com/page/'
    assert found == {'url': 'https://example.com/page/', 'secure': True, 'client': '6.6.6.6'}
    assert text == 'wss://example.com/ws 6.6.6.6'


@pytest.mark.parametrize('name', ['X-Forwarded-For', 'X-Forwarded-Host', 'Forwarded'])
@pytest.mark.parametrize(
    'part', ['10.0.0.2,', '"', 'for="a,b";', '\\"', ',', ';', ' ', 'for=10.0.0.2,']
)
async def test_huge_header_is_read_in_linear_time(name: str, part: str) -> None:
    """A header that is larger than servers accept is read without a quadratic search."""
    await seen({name: part * (2**18 // len(part))})


@pytest.mark.parametrize(
    ('value', 'remedy'),
    [
        ('127.0.0.1', 'JSON'),
        ('*', 'number of proxies'),
        (True, 'number of proxies'),
        (False, 'null'),
        (0, 'null'),
        (-1, 'number of proxies'),
        (1.0, 'number of proxies'),
        ([], 'null'),
        ({'127.0.0.1': 1}, 'list'),
        (['localhost'], 'write an address'),
        (['*'], 'the number of proxies'),
        (['unix'], 'the number of proxies'),
        ([''], 'write an address'),
        ([1], 'write an address'),
        ([None], 'write an address'),
        (['127.0.0.1:80'], 'write an address'),
        (['127.0.0.1/33'], 'write an address'),
        (['fe80::1%eth0'], 'write an address'),
        (['127.0.0.1', '10.0.0.1/8'], '10.0.0.0/8 for the network, or 10.0.0.1'),
        (['2001:db8::1/32'], '2001:db8::/32 for the network, or 2001:db8::1'),
        (['0.0.0.0/0'], 'number of proxies'),
        (['::/0'], 'number of proxies'),
        (['::ffff:0:0/96'], 'number of proxies'),
    ],
)
def test_invalid_setting_is_one_line(value: Any, remedy: str) -> None:
    """The error of the start names `TRUSTED_PROXIES`, and what to do."""
    with pytest.raises(ConfigError) as error:
        make_app(TRUSTED_PROXIES=value)

    assert str(error.value).startswith('TRUSTED_PROXIES ')
    assert remedy in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    'value', [None, 1, 2, ['127.0.0.1'], ('10.0.0.0/8', '::1'), ['fd00::/8', '10.0.0.0/255.0.0.0']]
)
def test_valid_setting_is_accepted(value: Any) -> None:
    """Addresses, networks, a number and None are accepted."""
    assert make_app(TRUSTED_PROXIES=value).config['TRUSTED_PROXIES'] == value


@pytest.mark.parametrize(
    'value',
    [
        '127.0.0.1',
        b'127.0.0.1',
        True,
        0,
        -1,
        1.0,
        [1],
        [None],
        [b'\x7f\x00\x00\x01'],
        ['localhost'],
        ['10.0.0.1/8'],
    ],
)
def test_invalid_argument_is_refused(value: Any) -> None:
    """In any app, the class refuses a value that it cannot use."""
    with pytest.raises(ValueError, match=r'trusted_proxies|IPv4|host bits'):
        TrustedProxiesMiddleware(Quart('own').asgi_app, value)
