"""The lesson as a user serves it, and the one line that a wrong setting ends in."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus

import httpx
import pytest

from quart_session_demo.compare.harness.servers import Server, ServerCommand, hypercorn, run_servers

LESSON = ServerCommand(
    'Hypercorn', hypercorn('quart_session_demo:app'), {'QUART_SECRET_KEY': 'a key for tests'}
)


@pytest.fixture(scope='module')
def server() -> Iterator[Server]:
    with run_servers(LESSON) as [server]:
        yield server


@pytest.fixture
def browser(server: Server) -> Iterator[httpx.Client]:
    """Return a client with a cookie jar."""
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


def test_hypercorn_serves_the_whole_lesson(browser: httpx.Client) -> None:
    for path, status, text in WALK:
        reply = browser.get(path)

        assert (reply.status_code, reply.text) == (status, text)
        assert reply.headers['Content-Type'] == 'text/html; charset=utf-8'


def test_hypercorn_keeps_visitors_apart(browser: httpx.Client, server: Server) -> None:
    browser.get('/')

    assert httpx.get(f'{server.url}/get_session/').text == '没有session数据'


def test_hypercorn_sends_no_body_to_head(browser: httpx.Client) -> None:
    reply = browser.head('/')

    assert (reply.status_code, reply.content) == (200, b'')
    assert 'session' in browser.cookies


@pytest.mark.parametrize(
    'value',
    [bytes(range(1, 9)), bytes(range(128, 256)), b'\xff.\xfe.\xfd', b'"\\777"', b'=' * 4096],
)
def test_hypercorn_takes_any_bytes_for_a_cookie(server: Server, value: bytes) -> None:
    request = (
        b'GET /get_session/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
        b'Cookie: session=' + value + b'\r\n\r\n'
    )
    with socket.create_connection(('127.0.0.1', server.port)) as connection:
        connection.sendall(request)
        reply = b''.join(iter(lambda: connection.recv(65536), b''))

    # HTTP itself forbids some bytes; what it lets through is an empty session.
    status = HTTPStatus(int(reply.split()[1]))
    assert status in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST)
    if status is HTTPStatus.OK:
        assert reply.endswith('没有session数据'.encode())


@pytest.mark.parametrize(
    'command',
    [
        ('hypercorn', '--workers', '0', '--bind', '127.0.0.1:0', 'quart_session_demo:app'),
        ('quart', '--app', 'quart_session_demo', 'routes'),
        ('quart_session_demo',),
    ],
    ids=' '.join,
)
def test_wrong_settings_end_in_one_line(command: tuple[str, ...]) -> None:
    result = subprocess.run(
        [sys.executable, '-m', *command],
        env={
            **os.environ,
            'QUART_SESSION_COOKIE_SECURE': 'no',
            'QUART_PERMANENT_SESSION_LIFETIME': 'ten',
            'QUART_SECRET_KEY_FALLBACKS': 'never-shown',
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert result.stdout == ''
    assert result.stderr.count('\n') == 1
    for part in ('COOKIE_SECURE', 'LIFETIME', 'FALLBACKS'):
        assert part in result.stderr
    assert 'never-shown' not in result.stderr


@pytest.mark.parametrize('workers', [1, 2])
def test_wrong_settings_end_in_one_line_a_worker_and_status_0(workers: int) -> None:
    result = subprocess.run(
        [
            *(sys.executable, '-m', 'hypercorn', '--workers', str(workers)),
            *('--bind', '127.0.0.1:0', 'quart_session_demo:app'),
        ],
        env={**os.environ, 'QUART_SESSION_COOKIE_SECURE': 'no'},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0
    assert 1 <= result.stderr.count('\n') <= workers
    assert result.stderr.count('QUART_SESSION_COOKIE_SECURE') == result.stderr.count('\n')
