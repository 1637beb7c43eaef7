"""The addresses that the starter serves."""

import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from quart_session_demo.serve import listener
from tests.serve.conftest import COMMAND, SERVE_APP, Start, environment

pytestmark = pytest.mark.e2e


def test_default_address_serves_both_families(start: Start) -> None:
    """IPv4 and IPv6 clients are served, and each is seen under its usual address."""
    started = start()

    assert httpx.get(f'http://127.0.0.1:{started.port}').json()['client'] == '127.0.0.1'
    assert httpx.get(f'http://[::1]:{started.port}').json()['client'] == '::1'


def test_default_address_is_ipv4_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without IPv6 serves IPv4 alone."""
    monkeypatch.setattr(socket, 'has_dualstack_ipv6', lambda: False)

    with listener.bind(None, 0) as found:
        assert found.family == socket.AF_INET
        assert found.getsockname()[0] == '0.0.0.0'  # noqa: S104


@pytest.mark.parametrize('processes', [1, 2])
def test_bind_chooses_the_address(start: Start, processes: int) -> None:
    """`--bind` serves one address alone, and PORT does not count."""
    started = start('tests.apps.serve_app:app', '--bind=127.0.0.1:0', processes=processes, PORT='1')

    assert started.get().json()['client'] == '127.0.0.1'
    with pytest.raises(httpx.ConnectError):
        httpx.get(f'http://[::1]:{started.port}')


@pytest.mark.parametrize('processes', [1, 2])
def test_address_taken_during_the_start_is_one_line(processes: int) -> None:
    """A program that listens on the address before the app has started is reported in one line."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(('127.0.0.1', 0))
        _, port = other.getsockname()
        with subprocess.Popen(
            [*COMMAND, SERVE_APP, f'--processes={processes}', f'--bind=127.0.0.1:{port}'],
            env=environment(START_SECONDS='0.5'),
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr
            assert process.stderr.readline() == 'starting\n'
            other.listen()
            lines = process.stderr.readlines()

    assert process.returncode == 1
    assert lines == [
        'Error: another program listens on this address: choose another one with PORT or --bind\n'
    ]


@pytest.mark.parametrize('processes', [1, 2])
def test_unix_socket_is_served(start: Start, processes: int, tmp_path: Path) -> None:
    """A Unix socket is served, whose clients have no address. (Quart shows `<local>`.)"""
    path = tmp_path / 'app.sock'
    start('tests.apps.serve_app:app', f'--bind=unix:{path}', processes=processes)

    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), timeout=60) as client:
        response = client.get('http://app/')

    assert response.json()['client'] == '<local>'
