"""Bind the socket that the processes share."""

import socket

from hypercorn.config import Config

from quart_session_demo.serve.settings import ServeError


def bind(address: str | None, port: int) -> socket.socket:
    """Return a bound socket, which does not listen yet.

    Args:
        address: As Hypercorn's `--bind`: `HOST:PORT`, `unix:PATH` or `fd://NUMBER`. None is every
            address of this machine.
        port: The port if there is no address.

    Raises:
        ServeError: The address cannot be used. The message names it and what to do.
    """
    if address == '':
        # Hypercorn would serve every address, on port 8000.
        raise ServeError('--bind is empty: set it to an address, or remove it')
    try:
        if address is None:
            return _every_address(port)
        config = Config()
        config.bind = [address]
        [listener] = config.create_sockets().insecure_sockets
    except (OSError, OverflowError, UnicodeError, ValueError) as error:
        problem = getattr(error, 'strerror', None) or error
        name, remedy = (f'PORT {port}', 'PORT') if address is None else (address, '--bind')
        raise ServeError(
            f'{name} cannot be used ({problem}): choose another one with {remedy}'
        ) from None
    return listener


def _every_address(port: int) -> socket.socket:
    is_dualstack = socket.has_dualstack_ipv6()
    listener = socket.socket(socket.AF_INET6 if is_dualstack else socket.AF_INET)
    # A restarted server can use the port, although connections of the old one still close.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if is_dualstack:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(('::' if is_dualstack else '0.0.0.0', port))  # noqa: S104
    return listener
