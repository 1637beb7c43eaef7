"""Ignore `Upgrade: h2c`, which Hypercorn has no setting for."""

import h11
from hypercorn import protocol
from hypercorn.protocol.h11 import H11Protocol


class _Protocol(H11Protocol):
    async def _check_protocol(self, event: h11.Request) -> None:
        # Many proxies pass the upgrade on, and what follows it without reading it. A client could
        # then send requests with the proxy's address, and with forged `X-Forwarded-*` headers.
        # RFC 9113, 3.1, has no such upgrade any more. HTTP/2 without it, which a proxy may use, has
        # this method.
        if event.method == b'PRI':
            await super()._check_protocol(event)


def ignore_h2c() -> None:
    """Respond to requests for this upgrade as if they asked for none."""
    protocol.H11Protocol = _Protocol  # type: ignore[attr-defined]
