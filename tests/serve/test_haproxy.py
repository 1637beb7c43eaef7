"""Deployments behind a real HAProxy, with the configuration of docs/deployment.md."""

import socket
from contextlib import suppress
from pathlib import Path

import pytest

from tests.proxies import Proxy

pytestmark = [pytest.mark.e2e, pytest.mark.haproxy]


def test_headers_have_one_time_limit(tmp_path: Path, certificate: Path) -> None:
    """A client that never ends its headers gets 408, although it sends a byte again and again."""
    limits = {'timeout http-request 10s': 'timeout http-request 300ms'}
    received = b''
    with (
        Proxy('haproxy', tmp_path, certificate, '127.0.0.1:1', limits) as proxy,
        socket.create_connection(('127.0.0.1', proxy.http_port), timeout=0.05) as client,
    ):
        client.sendall(b'GET / HTTP/1.1\r\nA: ')
        while not received:
            client.sendall(b'a')
            with suppress(TimeoutError):
                received = client.recv(12)

    assert received == b'HTTP/1.1 408'
