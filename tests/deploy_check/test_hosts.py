"""`check-deploy` finds a host in the settings that users cannot reach."""

from collections.abc import Callable
from typing import Any

import pytest
from quart import Quart

from quart_session_demo.deploy_check import check_settings
from quart_session_demo.middleware import TrustedHostMiddleware
from tests.deploy_check.apps import demo_app, found, own_app

UNREACHABLE = {'server-name-unreachable': 'error'}
ONLY = {'server-name-only': 'warning'}
PORT = {'server-name-port': 'warning'}

#: A name, and what is found about it where no proxy is trusted and no host named.
NAMES = [
    ('example.com', ONLY),
    ('Example.COM', ONLY),
    ('xn--bcher-kva.example', ONLY),
    ('example.com:8443', ONLY),
    ('example.com:443', PORT),
    ('example.com:80', PORT),
    ('example.com.', UNREACHABLE),
    ('.example.com', UNREACHABLE),
    ('a..b', UNREACHABLE),
    ('my_host', UNREACHABLE),
    ('bücher.example', UNREACHABLE),
    ('example.com:0443', UNREACHABLE),
    ('x' * 64 + '.example', UNREACHABLE),
    ('localhost', UNREACHABLE),
    ('localhost:5000', UNREACHABLE),
    ('app.localhost', UNREACHABLE),
    ('127.0.0.1:8000', UNREACHABLE),
    ('[::]:8000', UNREACHABLE),
    ('[::1]:8000', UNREACHABLE),
]


@pytest.mark.parametrize('make_app', [demo_app, own_app])
@pytest.mark.parametrize(('name', 'expected'), NAMES)
def test_server_name_is_checked(
    make_app: Callable[..., Quart], name: str, expected: dict[str, str]
) -> None:
    """A `SERVER_NAME` with which users get no page is an error, and any other a warning."""
    assert found(make_app(SERVER_NAME=name)) == expected


@pytest.mark.parametrize(
    ('name', 'host', 'http', 'https'),
    [
        ('Example.COM', 'example.com', 200, 200),
        ('example.com:443', 'example.com', 404, 200),
        ('example.com:80', 'example.com', 200, 404),
        ('example.com:8443', 'example.com:8443', 200, 200),
        ('example.com:8443', 'example.com', 404, 404),
        ('example.com.', 'example.com', 404, 404),
        ('my_host', 'my_host', 404, 404),
        ('bücher.example', 'xn--bcher-kva.example', 404, 404),
        ('example.com', 'www.example.com', 404, 404),
    ],
)
@pytest.mark.filterwarnings('ignore:Current server name')
async def test_quart_serves_the_hosts_that_the_check_expects(
    name: str, host: str, http: int, https: int
) -> None:
    """Quart returns 404 for the names with a finding, depending on port and scheme."""
    client = own_app(SERVER_NAME=name).test_client()

    for scheme, status in (('http', http), ('https', https)):
        response = await client.get('/', scheme=scheme, headers={'Host': host})
        assert response.status_code == status


@pytest.mark.parametrize(
    ('config', 'expected'),
    [
        ({'SERVER_NAME': 'example.com', 'TRUSTED_HOSTS': ['example.com']}, {}),
        ({'SERVER_NAME': 'Example.com', 'TRUSTED_HOSTS': ['example.com']}, {}),
        ({'SERVER_NAME': 'example.com', 'TRUSTED_HOSTS': ['.example.com']}, ONLY),
        ({'SERVER_NAME': 'example.com', 'TRUSTED_HOSTS': ['example.com', 'other.example']}, ONLY),
        ({'SERVER_NAME': 'example.com', 'TRUSTED_HOSTS': ['other.example']}, UNREACHABLE),
        ({'SERVER_NAME': 'example.com:8443', 'TRUSTED_HOSTS': ['example.com']}, ONLY),
        ({'TRUSTED_HOSTS': ['example.com']}, {}),
    ],
    ids=str,
)
def test_server_name_agrees_with_trusted_hosts(
    config: dict[str, Any], expected: dict[str, str]
) -> None:
    """A name that is the only trusted host is right; trusted hosts without pages are found."""
    assert found(demo_app(**config)) == expected

    app = own_app(**config)
    app.asgi_app = TrustedHostMiddleware(app.asgi_app, config['TRUSTED_HOSTS'])  # type: ignore[method-assign]
    assert found(app) == expected


@pytest.mark.parametrize(
    ('name', 'expected'), [('example.com:443', {}), ('example.com:80', UNREACHABLE)]
)
def test_port_depends_on_trusted_proxies(name: str, expected: dict[str, str]) -> None:
    """An app that trusts its proxy gets https, where the port of http has no page."""
    app = demo_app(SERVER_NAME=name, TRUSTED_HOSTS=['example.com'], TRUSTED_PROXIES=1)

    assert found(app) == expected


@pytest.mark.filterwarnings('ignore:Current server name')
@pytest.mark.parametrize('host', ['example.com', 'www.example.com'])
async def test_app_with_subdomains_is_right(host: str) -> None:
    """An app with routes for subdomains needs the setting: nothing is found if each has a page."""
    app = Quart('own', subdomain_matching=True)
    app.config.update(own_app(SERVER_NAME='example.com').config)
    app.asgi_app = TrustedHostMiddleware(app.asgi_app, ['.example.com'])  # type: ignore[method-assign]

    @app.get('/', subdomain='<name>')
    @app.get('/')
    async def index(name: str = '') -> str:
        return name

    assert (await app.test_client().get('/', headers={'Host': host})).status_code == 200
    assert found(app) == {}


@pytest.mark.filterwarnings('ignore:Current server name')
@pytest.mark.parametrize('name', ['example.com', 'example.com:8443'])
async def test_app_with_pages_at_a_subdomain_only_is_reachable(name: str) -> None:
    """An app that has no page at the name itself is served at its subdomain."""
    app = Quart('own', subdomain_matching=True, static_folder=None)
    app.config.update(own_app(SERVER_NAME=name).config)

    @app.get('/', subdomain='www')
    async def index() -> str:
        return 'index'

    for host, status in ((f'www.{name}', 200), (name, 404)):
        response = await app.test_client().get('/', headers={'Host': host})
        assert response.status_code == status
    [finding] = check_settings(app)
    assert (finding.id, finding.level) == ('server-name-only', 'warning')
    assert f'another host than www.{name},' in finding.message


def test_message_names_the_host_that_browsers_request() -> None:
    """The finding about an international name shows the form that browsers send."""
    [finding] = check_settings(own_app(SERVER_NAME='bücher.example'))

    assert 'browsers request xn--bcher-kva.example instead' in finding.message
    assert 'QUART_' not in finding.message


@pytest.mark.parametrize(
    'name', ['https://example.com', 'example.com/path', '', '"example.com"', 5]
)
def test_invalid_server_name_of_own_app_is_found(name: Any) -> None:
    """A value that is no host is invalid in an own app; the demo app does not start with it."""
    assert found(own_app(SERVER_NAME=name)) == {'setting-invalid': 'error'}


@pytest.mark.parametrize('make_app', [demo_app, own_app])
@pytest.mark.parametrize(
    ('domain', 'is_refused'),
    [
        ('example.com', False),
        ('.example.com', False),
        ('www.example.com', True),
        ('ample.com', True),
        ('other.example', True),
    ],
)
def test_cookie_domain_agrees_with_the_host(
    make_app: Callable[..., Quart], domain: str, is_refused: bool
) -> None:
    """A cookie for a domain that does not include the app's host is an error."""
    config = {'SESSION_COOKIE_DOMAIN': domain, 'SESSION_COOKIE_NAME': '__Secure-session'}

    assert ('cookie-domain' in found(make_app(SERVER_NAME='example.com', **config))) is is_refused
    assert 'cookie-domain' not in found(make_app(**config))


def test_cookie_domain_agrees_with_trusted_hosts() -> None:
    """Without `SERVER_NAME`, the domain must include each trusted host."""
    hosts = ['example.com', 'example.org']

    assert 'cookie-domain' in found(demo_app(TRUSTED_HOSTS=hosts, SESSION_COOKIE_DOMAIN=hosts[0]))
