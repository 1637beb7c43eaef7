"""Which hosts are this machine, for the findings of stores."""

from ipaddress import ip_address


def is_local(host: str) -> bool:
    """Return whether a host, or the folder of a Unix socket, is on this machine."""
    if host == 'localhost' or host.startswith('/'):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
