"""Check that users can reach the app at the hosts that its settings name."""

import re
import warnings
from collections.abc import Collection, Iterator
from ipaddress import ip_address
from typing import cast

from hypercorn.typing import HTTPScope
from quart import Quart
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadHost
from werkzeug.sansio.utils import host_is_trusted

from quart_session_demo.deploy_check.middleware_chain import find_middleware
from quart_session_demo.deploy_check.proxies import trusts_proxies
from quart_session_demo.middleware import TrustedHostMiddleware
from quart_session_demo.sessions.base import Finding

NEVER_SERVED = Finding(
    'server-name-unreachable',
    'error',
    'Every page returns an error, because QUART_SERVER_NAME is {host}, {reason}',
    'Remove it, or set it to the host in the addresses of the pages',
)
SCHEME = Finding(
    'server-name-port',
    'warning',
    'Every page returns 404 if the app gets requests for {host} over {scheme}, because of the '
    'port in QUART_SERVER_NAME',
    'Remove the port from it',
)
ONLY_HOST = Finding(
    'server-name-only',
    'warning',
    'Every page returns 404 for another host than {host}, because of QUART_SERVER_NAME',
    'Remove it or, if the app has no other host, set QUART_TRUSTED_HOSTS to that host, too',
)
COOKIE_DOMAIN = Finding(
    'cookie-domain',
    'error',
    'Browsers refuse the session cookie on {host}, because QUART_SESSION_COOKIE_DOMAIN is {domain}',
    'Remove it, or set it to a domain that includes the host',
)
FINDINGS = (
    NEVER_SERVED,
    SCHEME,
    ONLY_HOST,
    COOKIE_DOMAIN,
)


#: A request needs one, and does not read it.
_SCOPE = cast(HTTPScope, {})


def host_findings(app: Quart) -> Iterator[Finding]:
    """Yield which hosts of an app's settings users cannot reach."""
    middleware = find_middleware(app, TrustedHostMiddleware)
    trusted = middleware.trusted_hosts if middleware else None
    name: str | None = app.config['SERVER_NAME']
    if name is not None and any(app.url_map.iter_rules()) and not app.url_map.host_matching:
        yield from _server_name_findings(app, name, trusted)
    if domain := app.config['SESSION_COOKIE_DOMAIN']:
        hosts = (name,) if name else trusted or ()
        yield from _domain_findings(domain, hosts)


def _server_name_findings(
    app: Quart, name: str, trusted: Collection[str] | None
) -> Iterator[Finding]:
    host, port = _split(name)
    # Browsers leave these out. Others have a port that users must type.
    is_default_port = port in ('', '80', '443')
    hosts = _with_subdomains(app, host if is_default_port else f'{host}:{port}')
    served = {
        scheme: [requested for requested in hosts if _is_served(app, scheme, requested)]
        for scheme in ('http', 'https')
    }
    # An app may have no page without a subdomain.
    found = served['https'] or served['http'] or hosts
    host, requested = found[0].removesuffix(f':{port}'), found[0]
    if not any(served.values()) or (trusts_proxies(app) and not served['https']):
        instead = f'and browsers request {requested} instead'
        reason = 'which no request matches' if requested == name.lower() else instead
        yield NEVER_SERVED.fill(host=name, reason=reason)
    elif _is_loopback(host):
        yield NEVER_SERVED.fill(host=name, reason='which only this machine can request')
    elif trusted is not None and not any(host_is_trusted(one, trusted) for one in found):
        yield NEVER_SERVED.fill(host=name, reason='which QUART_TRUSTED_HOSTS refuses')
    elif port == '443' and not served['http'] and not trusts_proxies(app):
        yield SCHEME.fill(host=host, scheme='http')
    elif port == '80':
        yield SCHEME.fill(host=host, scheme='https')
    elif not is_default_port or trusted is None or not _all_served(app, trusted):
        yield ONLY_HOST.fill(host=requested)


def _with_subdomains(app: Quart, host: str) -> list[str]:
    """Return a host, and its subdomains that have routes."""
    subdomains = {rule.subdomain for rule in app.url_map.iter_rules() if rule.subdomain}
    return [host, *(f'{"www" if "<" in name else name}.{host}' for name in sorted(subdomains))]


def _all_served(app: Quart, hosts: Collection[str]) -> bool:
    """Return whether pages exist at each trusted host, and at the subdomains of one with a dot."""
    return all(_is_served(app, 'https', f'www{host}' if host[0] == '.' else host) for host in hosts)


def _is_served(app: Quart, scheme: str, host: str) -> bool:
    """Return whether a request for a host can match any page of an app."""
    headers = Headers({'Host': host})
    request = app.request_class(
        'GET', scheme, '/', b'', headers, '', '1.1', _SCOPE, send_push_promise=_send_push_promise
    )
    with warnings.catch_warnings():
        # Quart warns of another host than that of SERVER_NAME.
        warnings.simplefilter('ignore')
        try:
            adapter = app.create_url_adapter(request)
        except (BadHost, UnicodeError):
            return False
    return adapter is not None and any(
        rule.subdomain == adapter.subdomain or '<' in (rule.subdomain or '')
        for rule in app.url_map.iter_rules()
        if adapter.subdomain != '<invalid>'
    )


async def _send_push_promise(path: str, headers: Headers) -> None:
    """Do nothing: a request needs such a function."""


def _split(name: str) -> tuple[str, str]:
    """Return the host of a name as browsers request it, and the port or ''."""
    match = re.fullmatch(r'(\[.*\]|[^:]*)(?::(\d*))?', name)
    host, port = (match[1], match[2] or '') if match else (name, '')
    return _ascii(host.lower()).removesuffix('.'), port


def _ascii(host: str) -> str:
    try:
        return host.encode('idna').decode()
    except UnicodeError:
        return host


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host.strip('[]'))
    except ValueError:
        return host == 'localhost' or host.endswith('.localhost')
    return address.is_loopback or address.is_unspecified


def _domain_findings(domain: str, hosts: Collection[str]) -> Iterator[Finding]:
    suffix, _ = _split(domain.lstrip('.'))
    for name in hosts:
        host, _ = _split(name.removeprefix('.'))
        if host != suffix and not host.endswith(f'.{suffix}'):
            yield COOKIE_DOMAIN.fill(host=host, domain=suffix)
            return
