"""Use the client address, scheme, host and port that a trusted proxy reports."""

import logging
from collections.abc import Collection
from typing import cast

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    Scope,
    WWWScope,
)

from quart_session_demo.middleware.forwarded import (
    HEADERS,
    Address,
    forwarded_values,
    parse_address,
    parse_host,
    parse_network,
    parse_node,
    parse_port,
    parse_scheme,
    replace_port,
)
from quart_session_demo.middleware.host import request_host

LOGGER = logging.getLogger(__name__)


class TrustedProxiesMiddleware:
    """Middleware that obeys the `X-Forwarded-*` or `Forwarded` headers of trusted proxies.

    It reads `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`, or `Forwarded` (RFC 7239) in a
    request that has none of them. Others' headers and malformed values are ignored. A proxy must
    set or remove each of these headers: what it passes on unchanged, a client can choose.

    The app does not see the headers. Some of what they contain may be forged, and Quart's
    `request.access_route` and a second middleware would believe it.
    """

    def __init__(self, app: ASGIFramework, trusted_proxies: Collection[str] | int | None) -> None:
        """Wrap an app.

        Args:
            app: The app.
            trusted_proxies: The addresses and networks of the proxies; or the number of proxies
                between the clients and the app, where nobody else can reach the app and their
                addresses are not known or are Unix sockets. None changes no request.

        Raises:
            ValueError: The list or number is invalid.
        """
        self.app = app
        self._has_warned = False
        self.hops = trusted_proxies if isinstance(trusted_proxies, int) else None
        # Python reads a number as an address, and bytes as a list of numbers.
        is_list = isinstance(trusted_proxies, Collection) and all(
            isinstance(entry, str) for entry in trusted_proxies
        )
        is_valid = trusted_proxies is None or is_list or (self.hops or 0) > 0
        if isinstance(trusted_proxies, str | bool) or not is_valid:
            raise ValueError(
                f'trusted_proxies is {trusted_proxies!r}: set it to a list of IP addresses and '
                'networks, or to the number of proxies'
            )
        self.is_off = trusted_proxies is None
        addresses = () if isinstance(trusted_proxies, int) else trusted_proxies or ()
        self.networks = [parse_network(address) for address in addresses]

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Call the app with a scope that describes the client's request to the first proxy."""
        if scope['type'] != 'lifespan' and not self.is_off:
            scope = self._client_scope(scope)
        await self.app(scope, receive, send)

    def _client_scope(self, scope: WWWScope) -> WWWScope:
        headers = [header for header in scope['headers'] if header[0].lower() not in HEADERS]
        changed = cast(WWWScope, {**scope, 'headers': headers})
        values = forwarded_values(scope['headers'])
        place = self._place(scope, values)
        if place:
            _apply(changed, place, values)
        elif values and not self._has_warned:
            # The proxy's address may be missing, and each page redirects to itself. A client that
            # sends such headers causes one line, too.
            self._has_warned = True
            LOGGER.warning(
                'Proxy headers from %s are ignored: if a proxy of yours has this address, check '
                'TRUSTED_PROXIES (reported once)',
                _peer(scope) or 'an unknown address',
            )
        return changed

    def _place(self, scope: WWWScope, values: dict[str, list[str]]) -> int:
        """Return which value from the right describes the client's request; 0 for none."""
        if self.hops is not None:
            # Fewer values: the request has not passed all proxies, and anybody may have sent it.
            return self.hops if any(len(found) >= self.hops for found in values.values()) else 0
        peer = parse_address(_peer(scope))
        if peer is None or not self._trusts(peer):
            return 0
        place = 1
        # Each proxy appends the address of its client, so that the last one is the most reliable.
        for text in reversed(values.get('for', [])[1:]):
            node = parse_node(text)
            if node is None or not self._trusts(node[0]):
                break
            place += 1
        return place

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def _peer(scope: WWWScope) -> str:
    return (scope.get('client') or ('',))[0]


def _apply(scope: WWWScope, place: int, values: dict[str, list[str]]) -> None:
    """Change a scope to what the proxies report at a place from the right."""

    def value(name: str) -> str:
        found = values.get(name) or ['']
        # A proxy that replaces a header instead of appending to it leaves fewer values.
        return found[-place] if place <= len(found) else found[-1]

    if node := parse_node(value('for')):
        scope['client'] = (str(node[0]), node[1])
    if scheme := parse_scheme(value('proto')):
        scope['scheme'] = scheme if scope['type'] == 'http' else scheme.replace('http', 'ws')
    host = parse_host(value('host')) or parse_host(request_host(scope) or '')
    if host and (port := parse_port(value('port'))):
        host = replace_port(host, port, parse_scheme(scope['scheme']) or 'http')
    if host:
        others = [header for header in scope['headers'] if header[0].lower() != b'host']
        scope['headers'] = [(b'host', host.encode()), *others]
