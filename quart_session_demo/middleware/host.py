"""Read and validate the host of a request."""

from hypercorn.typing import WWWScope


def request_host(scope: WWWScope) -> str | None:
    """Return the `Host` header of a request, or None if it has none or several different ones."""
    # It may be missing in HTTP/1.0. Some servers accept several (RFC 9112, 3.2, forbids them), of
    # which Quart uses the first and a cache perhaps another. Neither is trusted.
    hosts = {value for name, value in scope['headers'] if name.lower() == b'host'}
    return hosts.pop().decode('latin1') if len(hosts) == 1 else None
