"""`check-deploy` finds a platform whose proxies are not trusted, and what proxies pass on."""

from collections.abc import Callable
from typing import Any

import pytest
from hypercorn.middleware import ProxyFixMiddleware
from quart import Quart

from quart_session_demo.deploy_check import check_settings
from quart_session_demo.middleware import (
    BadRequestMiddleware,
    ForceHttpsMiddleware,
    TrustedHostMiddleware,
    TrustedProxiesMiddleware,
    add_middleware,
)
from quart_session_demo.sessions.platforms import PLATFORMS
from tests.deploy_check.apps import demo_app, found, own_app

NOT_TRUSTED = {'proxies-not-trusted': 'warning'}
NO_HOSTS = {'trusted-hosts-missing': 'warning'}


@pytest.fixture
def heroku(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the check on Heroku, as far as it can see."""
    monkeypatch.setenv('DYNO', 'web.1')


@pytest.mark.parametrize('make_app', [demo_app, own_app])
@pytest.mark.parametrize(
    'variable', [variable for platform in PLATFORMS for variable in platform.variables]
)
def test_platform_without_trusted_proxies_is_found(
    make_app: Callable[..., Quart], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a platform, an app that trusts no proxy has a warning, and elsewhere none."""
    app = make_app()
    assert found(app) == {}

    monkeypatch.setenv(variable, '')
    assert found(app) == {}

    monkeypatch.setenv(variable, 'x')
    assert found(app) == NOT_TRUSTED


def test_remedy_has_the_number_of_proxies(heroku: None) -> None:
    """The remedy is a value for the platform, and names the middleware that an own app needs."""
    [demo], [own] = check_settings(demo_app()), check_settings(own_app())

    assert demo.message.startswith('Heroku sends')
    assert demo.remedy == 'Set QUART_TRUSTED_PROXIES to 1'
    assert own.remedy == 'Set TRUSTED_PROXIES to 1, and use TrustedProxiesMiddleware'


@pytest.mark.parametrize(
    ('config', 'expected'),
    [
        ({'TRUSTED_PROXIES': 1}, NO_HOSTS),
        ({'TRUSTED_PROXIES': ['10.0.0.0/8']}, NO_HOSTS),
        ({'TRUSTED_PROXIES': 1, 'TRUSTED_HOSTS': ['example.com']}, {}),
        ({'TRUSTED_HOSTS': ['example.com']}, NOT_TRUSTED),
    ],
    ids=str,
)
def test_trusted_proxies_need_trusted_hosts(
    config: dict[str, Any], expected: dict[str, str], heroku: None
) -> None:
    """A trusted proxy may pass on a host that a client chose, unless hosts are limited."""
    assert found(demo_app(**config)) == expected

    app = own_app(**config)
    if hosts := config.get('TRUSTED_HOSTS'):
        app.asgi_app = TrustedHostMiddleware(app.asgi_app, hosts)  # type: ignore[method-assign]
    if proxies := config.get('TRUSTED_PROXIES'):
        wrapped = TrustedProxiesMiddleware(app.asgi_app, proxies)
        app.asgi_app = BadRequestMiddleware(wrapped)  # type: ignore[method-assign]
    assert found(app) == expected


def test_middleware_that_trusts_nobody_is_found(heroku: None) -> None:
    """The middleware without a proxy is as if it was not there."""
    app = own_app()
    app.asgi_app = TrustedProxiesMiddleware(app.asgi_app, None)  # type: ignore[method-assign]

    assert found(app) == NOT_TRUSTED


def test_middleware_of_another_package_trusts_proxies(heroku: None) -> None:
    """Hypercorn's middleware, which obeys proxies too, is recognized."""
    app = own_app()
    app.asgi_app = ProxyFixMiddleware(app.asgi_app, mode='legacy')  # type: ignore[method-assign]

    assert found(app) == NO_HOSTS


@pytest.mark.parametrize('name', ['TRUSTED_PROXIES', 'TRUSTED_HOSTS'])
def test_setting_without_its_middleware_is_found(name: str) -> None:
    """Quart does not read these settings: in an own app they need the middleware."""
    app = own_app(**{name: ['10.0.0.1']})

    [finding] = check_settings(app)

    assert (finding.id, finding.level) == ('setting-unused', 'warning')
    assert finding.message.startswith(f'{name} has no effect')


def test_middleware_before_its_settings_is_found() -> None:
    """`add_middleware` reads the settings once: what is set later has no effect."""
    app = own_app(STRICT_TRANSPORT_SECURITY='max-age=31536000; includeSubDomains')
    add_middleware(app)
    app.config.update(FORCE_HTTPS=True, TRUSTED_HOSTS=['example.com'], TRUSTED_PROXIES=1)

    findings = check_settings(app)
    assert [(finding.id, finding.message.split()[0]) for finding in findings] == [
        ('setting-unused', name) for name in ('FORCE_HTTPS', 'TRUSTED_PROXIES', 'TRUSTED_HOSTS')
    ]


def test_redirect_without_a_platform_that_never_ends_is_found() -> None:
    """On a server of one's own, the redirect needs a trusted proxy too."""
    app = own_app()
    app.asgi_app = ForceHttpsMiddleware(app.asgi_app)  # type: ignore[method-assign]

    [finding] = check_settings(app)

    assert finding.id == 'https-redirect-loop'
    assert finding.message.startswith('A proxy with TLS sends requests over http')


def test_redirect_that_never_ends_is_found(heroku: None) -> None:
    """On a platform, a redirect to https without a trusted proxy is an error."""
    app = own_app()
    app.asgi_app = ForceHttpsMiddleware(app.asgi_app)  # type: ignore[method-assign]

    assert found(app) == {'https-redirect-loop': 'error'}


async def test_redirect_around_trusted_proxies_is_found() -> None:
    """The redirect to https must get the scheme that the proxy reports, or it never ends."""
    app = own_app(TRUSTED_HOSTS=['example.com'])
    inner = TrustedHostMiddleware(app.asgi_app, ['example.com'])
    headers = {'Host': 'example.com', 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '192.0.2.1'}

    async def status() -> int:
        return (await app.test_client().get('/', headers=headers)).status_code

    app.asgi_app = ForceHttpsMiddleware(TrustedProxiesMiddleware(inner, 1))  # type: ignore[method-assign]
    assert (await status(), found(app)) == (308, {'https-redirect-order': 'error'})

    app.asgi_app = TrustedProxiesMiddleware(ForceHttpsMiddleware(inner), 1)  # type: ignore[method-assign]
    assert (await status(), found(app)) == (200, {})


def test_https_setting_without_its_middleware_is_found() -> None:
    """An own app that sets `FORCE_HTTPS` needs the middleware, which gets no value."""
    [finding] = check_settings(own_app(FORCE_HTTPS=True))

    assert (finding.id, finding.level) == ('setting-unused', 'warning')
    assert finding.remedy == (
        'Call add_middleware(app) after the settings, or wrap it: app.asgi_app = '
        'ForceHttpsMiddleware(app.asgi_app)'
    )
    assert found(own_app(FORCE_HTTPS=False)) == {}


def test_warning_does_not_stop_the_release(heroku: None) -> None:
    """The `release:` line, without `--strict`, passes in an app that trusts no proxy."""
    result = demo_app().test_cli_runner().invoke(args=['check-deploy'])

    assert result.exit_code == 0
    assert 'warning proxies-not-trusted: ' in result.output
