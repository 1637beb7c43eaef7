"""Read the headers in which proxies describe the requests that they receive."""

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from werkzeug.sansio.utils import host_is_trusted

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: The headers that are read. What each describes is in `forwarded_values`.
HEADERS = (
    b'x-forwarded-for',
    b'x-forwarded-proto',
    b'x-forwarded-host',
    b'x-forwarded-port',
    b'forwarded',
)
_SCHEMES = {'http': 'http', 'https': 'https', 'ws': 'http', 'wss': 'https'}
_DEFAULT_PORTS = {'http': 80, 'https': 443}

# Text between commas or semicolons, which do not separate anything within quotes.
_ELEMENT = re.compile(r'(?:[^",]+|"[^"]*")+')
_PAIR = re.compile(r'(?:[^";]+|"[^"]*")+')
_PARAMETER = re.compile(r'([\w!#$%&\'*+.^`|~-]+)=(?:"([^"]*)"|([^\s"]+))', re.ASCII)
_NODE = re.compile(r'(?:\[([^][]+)\]|([^][:]+))(?::(?:(\d{1,5})|_[\w.-]+))?', re.ASCII)


def forwarded_values(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, list[str]]:
    """Return what the proxies report, each list in the order in which they added to it.

    Args:
        headers: The headers of a request.

    Returns:
        The values of `for`, `proto`, `host` and `port`. A name without values is missing. Those of
        `Forwarded` (RFC 7239) count only in a request without `X-Forwarded-*`; then `for`, `proto`
        and `host` have a value for each proxy, which is empty where it reports none.
    """
    texts: dict[bytes, list[str]] = {}
    for name, value in headers:
        if name.lower() in HEADERS:
            texts.setdefault(name.lower(), []).append(value.decode('latin1'))
    forwarded = ','.join(texts.pop(b'forwarded', ()))
    found = {}
    for header, lines in texts.items():
        # RFC 9110, 5.6.1.2: empty elements of a list do not count.
        values = [part.strip() for part in ','.join(lines).split(',') if part.strip()]
        if values:
            found[header.decode().removeprefix('x-forwarded-')] = values
    if found or not forwarded:
        return found
    elements = _parse_forwarded(forwarded)
    return {
        name: [element.get(name, '') for element in elements] for name in ('for', 'proto', 'host')
    }


def _parse_forwarded(text: str) -> list[dict[str, str]]:
    """Return the parameters of each element; none for an element that is malformed."""
    # No address, host or scheme contains a quote or a backslash. NUL makes the element malformed.
    text = re.sub(r'\\["\\]', '\0', text)
    if text.count('"') % 2:
        # A client can leave a quote open, on the left of what the proxies add. It must not hide it.
        text = text.replace('"', '\0', 1)
    elements = [element for element in _ELEMENT.findall(text) if element.strip()]
    return [_parse_element(element) for element in elements]


def _parse_element(text: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for pair in _PAIR.findall(text):
        if not pair.strip():
            continue
        match = _PARAMETER.fullmatch(pair.strip())
        if match is None or match[1].lower() in parameters:
            return {}
        name, quoted, token = match.groups()
        parameters[name.lower()] = token if quoted is None else quoted.replace('\\', '')
    return parameters


def parse_address(text: str) -> Address | None:
    """Return an IP address, with the IPv4 address for one that is mapped to IPv6, or None."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, 'ipv4_mapped', None) or address


def parse_network(text: str) -> Network:
    """Return an address or network, with the IPv4 network for one that is mapped to IPv6.

    Raises:
        ValueError: It is none, or a network with bits of an address in it (`10.0.0.1/8`).
    """
    network = ip_network(text)
    mapped = getattr(network.network_address, 'ipv4_mapped', None)
    return ip_network((int(mapped), network.prefixlen - 96)) if mapped else network


def parse_node(text: str) -> tuple[Address, int] | None:
    """Return the address and port of a client, such as `192.0.2.1:80` or `[2001:db8::1]`.

    The port is 0 if it is missing or hidden (RFC 7239, 6). The result is None for something else
    than an address, such as `unknown` or a hidden name. The zone of an IPv6 address has no meaning
    on another machine, so such an address is none either.
    """
    match = _NODE.fullmatch(text)
    host, port = (match[1] or match[2], int(match[3] or 0)) if match else (text, 0)
    address = None if '%' in host or port > 65535 else parse_address(host)
    return None if address is None else (address, port)


def parse_scheme(text: str) -> str | None:
    """Return `http` or `https`, also for the schemes of websockets, or None."""
    return _SCHEMES.get(text.lower())


def parse_port(text: str) -> int | None:
    """Return the number of a port, or None."""
    port = int(text) if re.fullmatch('[0-9]{1,5}', text) else 0
    return port if 0 < port < 65536 else None


def parse_host(text: str) -> str | None:
    """Return a host, with its port if there is one, or None."""
    return text if host_is_trusted(text) else None


def replace_port(host: str, port: int, scheme: str) -> str:
    """Return a host with another port, without one if it is the default of `http` or `https`."""
    host = re.sub(':[0-9]+$', '', host)
    return host if port == _DEFAULT_PORTS[scheme] else f'{host}:{port}'
