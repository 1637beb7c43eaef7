"""Sockets of the tests: free ports, and what a server sends."""

import contextlib
import secrets
import socket


def _has_ipv6() -> bool:
    try:
        socket.create_server(('::1', 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


#: Whether this machine has the address ::1.
HAS_IPV6 = _has_ipv6()


def free_ports(count: int) -> list[int]:
    """Return different ports that are free on all addresses, IPv4 and IPv6.

    They are below those that the system gives to outgoing connections, which could take the port of
    a server that starts later.
    """
    host, family = ('::', socket.AF_INET6) if HAS_IPV6 else ('', socket.AF_INET)
    ports: list[int] = []
    while len(ports) < count:
        address = (host, 12_000 + secrets.randbelow(20_000))
        with (
            contextlib.suppress(OSError),
            socket.create_server(address, family=family, dualstack_ipv6=HAS_IPV6),
        ):
            if address[1] not in ports:
                ports.append(address[1])
    return ports


def free_port() -> int:
    """Return a port that is free on all addresses, IPv4 and IPv6."""
    return free_ports(1)[0]


def refuses(port: int) -> bool:
    """Return whether nothing accepts connections to a port."""
    try:
        socket.create_connection(('127.0.0.1', port)).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        # The connection was in the backlog of a server that stops right now.
        return False
    return False


def read_all(connection: socket.socket) -> bytes:
    """Return everything that is received until the connection is closed."""
    with connection.makefile('rb') as file:
        return file.read()
