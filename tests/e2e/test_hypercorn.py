"""The lesson on Hypercorn, as a user serves it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus

import httpx
import pytest

from quart_session_demo.compare.harness.servers import Server, ServerCommand, hypercorn, run_servers

pytestmark = pytest.mark.e2e

LESSON = ServerCommand(
    'Hypercorn', hypercorn('quart_session_demo:app'), {'QUART_SECRET_KEY': 'a key for tests'}
)


@pytest.fixture(scope='module')
def server() -> Iterator[Server]:
    with run_servers(LESSON) as [server]:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """Yield a client with a cookie jar."""
    with httpx.Client(base_url=server.url) as client:
        yield client


WALK = [
    ('/get_session/', 200, '没有session数据'),
    ('/', 200, '设置session成功'),
    ('/get_session/', 200, 'zhiliao'),
    ('/del_session/pop/', 200, '删除session成功...'),
    ('/get_session/', 200, '没有session数据'),
    ('/del_session/pop/', 404, '没有session数据'),
    ('/', 200, '设置session成功'),
    ('/del_session/del/', 200, '删除session成功...'),
    ('/del_session/del/', 404, '没有session数据'),
    ('/browser_session/', 200, '设置session成功'),
    ('/get_session/', 200, 'zhiliao'),
    ('/del_session/', 200, '删除session成功...'),
    ('/get_session/', 200, '没有session数据'),
]


def test_hypercorn_serves_the_whole_lesson(client: httpx.Client) -> None:
    """Each route returns the lesson's text, and the session is there at the next."""
    for path, status, text in WALK:
        response = client.get(path)

        assert (response.status_code, response.text) == (status, text)
        assert response.headers['Content-Type'] == 'text/html; charset=utf-8'


def test_clients_have_separate_sessions(client: httpx.Client, server: Server) -> None:
    """A client without the cookie has no session."""
    client.get('/')

    assert httpx.get(f'{server.url}/get_session/').text == '没有session数据'


def test_head_has_no_body(client: httpx.Client) -> None:
    """HEAD sets the session, too, and has no body."""
    response = client.head('/')

    assert (response.status_code, response.content) == (200, b'')
    assert 'session' in client.cookies


@pytest.mark.parametrize(
    'value',
    [bytes(range(1, 9)), bytes(range(128, 256)), b'\xff.\xfe.\xfd', b'"\\777"', b'=' * 4096],
)
def test_any_bytes_are_accepted_as_a_cookie(server: Server, value: bytes) -> None:
    """Any bytes in a cookie give 400 or an empty session, and never 500."""
    request = (
        b'GET /get_session/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
        b'Cookie: session=' + value + b'\r\n\r\n'
    )
    with socket.create_connection(('127.0.0.1', server.port)) as connection:
        connection.sendall(request)
        response = b''.join(iter(lambda: connection.recv(65536), b''))

    # HTTP itself forbids some bytes; the others give an empty session.
    status = HTTPStatus(int(response.split()[1]))
    assert status in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST)
    if status is HTTPStatus.OK:
        assert response.endswith('没有session数据'.encode())


@pytest.mark.parametrize('workers', [1, 2])
def test_wrong_setting_ends_each_worker_with_one_line(workers: int) -> None:
    """With worker processes each prints the line, and the status is Hypercorn's 0."""
    result = subprocess.run(
        [
            sys.executable,
            '-m',
            'hypercorn',
            '--workers',
            str(workers),
            '--bind',
            '127.0.0.1:0',
            'quart_session_demo:app',
        ],
        env={**os.environ, 'QUART_SESSION_COOKIE_SECURE': 'no'},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0
    assert 1 <= result.stderr.count('\n') <= workers
    assert result.stderr.count('QUART_SESSION_COOKIE_SECURE') == result.stderr.count('\n')
