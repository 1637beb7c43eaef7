"""Validate the settings about hosts, proxies and https."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from ipaddress import ip_interface, ip_network
from typing import Any

from werkzeug.sansio.utils import host_is_trusted

from quart_session_demo.sessions.validators import safe_repr

_EVERYBODY = tuple(map(ip_network, ('0.0.0.0/0', '::/0', '::ffff:0:0/96')))


def validate_trusted_hosts(value: Any) -> str | None:
    """Require a list of hosts that Werkzeug's `host_is_trusted` can match, or None."""
    # A string would be read as a list of its characters, and an empty list trusts every host.
    if value is None or (isinstance(value, list | tuple) and value and all(map(_is_host, value))):
        return None
    return (
        f'is {safe_repr(value)}: set it to a list of hosts in lower case, in JSON ["example.com"] '
        'or, with all its subdomains, [".example.com"], or to null'
    )


def _is_host(value: Any) -> bool:
    if not isinstance(value, str) or value != value.lower():
        return False
    try:
        host = value.removeprefix('.').encode('idna').decode()
    except UnicodeError:
        return False
    return host_is_trusted(host, [value])


def validate_hsts(value: Any) -> str | None:
    """Require a value of the Strict-Transport-Security header (RFC 6797, 6.1), or None."""
    if value is None or (
        isinstance(value, str)
        and re.fullmatch(r'max-age=\d{1,10}(; *includeSubDomains)?(; *preload)?', value, re.ASCII)
    ):
        return None
    return (
        f'is {safe_repr(value)}: set it to the header, such as "max-age=31536000; '
        'includeSubDomains", or to null to send none'
    )


def validate_trusted_proxies(value: Any) -> str | None:
    """Require a list of IP addresses and networks, a number of proxies, or None."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return None
    remedy = (
        'set it to a list of IP addresses and networks, in JSON ["127.0.0.1", "10.0.0.0/8"], to '
        'the number of proxies in front of the app, such as 1, or to null to trust none'
    )
    if not isinstance(value, list | tuple) or not value:
        return f'is {safe_repr(value)}: {remedy}'
    for entry in value:
        if problem := _network_problem(entry):
            return f'contains {safe_repr(entry)}, {problem}'
    return None


def _network_problem(value: Any) -> str | None:
    remedy = (
        'write an address such as 127.0.0.1 or a network such as 10.0.0.0/8 or, instead of a list, '
        'the number of proxies'
    )
    # Python accepts numbers as addresses, and zones, which mean nothing here.
    if not isinstance(value, str) or '%' in value:
        return f'which is not an IP address: {remedy}'
    try:
        network = ip_interface(value).network
    except ValueError:
        return f'which is not an IP address: {remedy}'
    if network in _EVERYBODY:
        return 'which trusts everybody: instead of a list, write the number of proxies, such as 1'
    try:
        ip_network(value)
    except ValueError:
        address = value.partition('/')[0]
        return (
            f'which is an address in a network: write {network} for the network, or {address} for '
            'the address'
        )
    return None


def validate_https(
    config: Mapping[str, Any], name: Callable[[str], str], invalid: Collection[str]
) -> Iterator[str]:
    """Yield the error of a redirect to https that would never end.

    Args:
        config: The config of an app in production.
        name: Returns the name under which the user set a setting.
        invalid: Settings that are wrong by themselves, which are not compared.
    """
    if (
        config['FORCE_HTTPS'] is True
        and config['TRUSTED_PROXIES'] is None
        and 'TRUSTED_PROXIES' not in invalid
    ):
        yield (
            f'{name("FORCE_HTTPS")} is true without {name("TRUSTED_PROXIES")}, so that behind a '
            'proxy with TLS every page would redirect to itself forever: set '
            f'{name("TRUSTED_PROXIES")} to the addresses or the number of the proxies'
        )
