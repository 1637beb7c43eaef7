"""Check that the app trusts the proxies of its platform, and not the hosts of clients."""

from collections.abc import Iterator
from itertools import takewhile

from quart import Quart

from quart_session_demo.deploy_check.middleware_chain import find_middleware, middleware_chain
from quart_session_demo.middleware import (
    ForceHttpsMiddleware,
    TrustedHostMiddleware,
    TrustedProxiesMiddleware,
)
from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.platforms import Platform, find_platform

NOT_TRUSTED = Finding(
    'proxies-not-trusted',
    'warning',
    '{platform} sends requests through proxies, and the app trusts none: for it, each request is '
    'over http and from the address of a proxy',
    'Set QUART_TRUSTED_PROXIES to {number}{own}',
)
REDIRECT_LOOP = Finding(
    'https-redirect-loop',
    'error',
    '{platform} sends requests over http, and the app redirects these and trusts no proxy: each '
    'page redirects to itself forever',
    'Set QUART_TRUSTED_PROXIES to {number}{own}',
)
WRONG_ORDER = Finding(
    'https-redirect-order',
    'error',
    'Behind a proxy with TLS, each page redirects to itself forever: ForceHttpsMiddleware is '
    'around the middleware that obeys the proxy',
    'Wrap that middleware around ForceHttpsMiddleware',
)
NO_TRUSTED_HOSTS = Finding(
    'trusted-hosts-missing',
    'warning',
    'A client can choose the host of the links and redirects that the app builds, if a trusted '
    'proxy passes on its X-Forwarded-Host or Host',
    'Set QUART_TRUSTED_HOSTS to the hosts of the app{own}',
)
UNUSED = Finding(
    'setting-unused',
    'warning',
    'QUART_{name} has no effect, because no {middleware} around app.asgi_app has it',
    'Call add_middleware(app) after the settings, or wrap it: app.asgi_app = '
    '{middleware}(app.asgi_app{value})',
)
FINDINGS = (
    NOT_TRUSTED,
    REDIRECT_LOOP,
    WRONG_ORDER,
    NO_TRUSTED_HOSTS,
    UNUSED,
)

#: What is in front of an app that redirects to https on no known platform.
ANY_PROXY = Platform('A proxy with TLS', ())
#: The settings that our middleware obeys, and Quart not.
MIDDLEWARE: dict[
    str, type[TrustedProxiesMiddleware | TrustedHostMiddleware | ForceHttpsMiddleware]
] = {
    'FORCE_HTTPS': ForceHttpsMiddleware,
    'TRUSTED_PROXIES': TrustedProxiesMiddleware,
    'TRUSTED_HOSTS': TrustedHostMiddleware,
}
#: The middleware of other packages that obeys the headers of proxies: Hypercorn's and uvicorn's.
OTHER_MIDDLEWARE = (
    'ProxyFixMiddleware',
    'ProxyHeadersMiddleware',
)


def trusts_proxies(app: Quart) -> bool:
    """Return whether an app obeys the headers of any proxy."""
    return any(map(_obeys_proxies, middleware_chain(app)))


def _obeys_proxies(layer: object) -> bool:
    if isinstance(layer, TrustedProxiesMiddleware):
        return not layer.is_off
    return type(layer).__name__ in OTHER_MIDDLEWARE


def proxy_findings(app: Quart) -> Iterator[Finding]:
    """Yield what is unsafe about an app behind a proxy."""
    yield from _unused_settings(app)
    if not trusts_proxies(app):
        redirects = find_middleware(app, ForceHttpsMiddleware) is not None
        # Elsewhere, an app that redirects is behind a proxy, too.
        platform = find_platform() or (ANY_PROXY if redirects else None)
        # The setting may be used outside the app: the unused setting is reported.
        if platform and app.config.get('TRUSTED_PROXIES') is None:
            template = REDIRECT_LOOP if redirects else NOT_TRUSTED
            yield template.fill(
                platform=platform.name,
                number=platform.proxies or 'the number of its proxies, usually 1',
                own=_in_own_app(app, TrustedProxiesMiddleware),
            )
        return
    outer = takewhile(lambda layer: not _obeys_proxies(layer), middleware_chain(app))
    if any(isinstance(layer, ForceHttpsMiddleware) for layer in outer):
        yield WRONG_ORDER
    middleware = find_middleware(app, TrustedHostMiddleware)
    if app.config.get('TRUSTED_HOSTS') is None and not (middleware and middleware.trusted_hosts):
        yield NO_TRUSTED_HOSTS.fill(own=_in_own_app(app, TrustedHostMiddleware))


def _unused_settings(app: Quart) -> Iterator[Finding]:
    for name, middleware in MIDDLEWARE.items():
        layer = find_middleware(app, middleware)
        if app.config.get(name) and (layer is None or _has_no_value(layer)):
            value = '' if middleware is ForceHttpsMiddleware else f', app.config[{name!r}]'
            yield UNUSED.fill(name=name, middleware=middleware.__name__, value=value)


def _has_no_value(layer: object) -> bool:
    """Return whether middleware was made before its setting was there."""
    return (isinstance(layer, TrustedProxiesMiddleware) and layer.is_off) or (
        isinstance(layer, TrustedHostMiddleware) and layer.trusted_hosts is None
    )


def _in_own_app(app: Quart, middleware: type) -> str:
    """Return which middleware obeys a setting, where that is not always there."""
    return '' if find_middleware(app, middleware) else f', and use {middleware.__name__}'
