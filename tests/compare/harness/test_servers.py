import signal
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from quart_session_demo.compare.harness.servers import (
    Server,
    ServerCommand,
    ServerError,
    gunicorn,
    hypercorn,
    run_servers,
    signals_deferred,
)
from tests.processes import group, wait_until_gone

FLASK = ServerCommand(
    'Flask',
    gunicorn('quart_session_demo.compare.apps.lesson.flask_app:create_flask_app()'),
    {'QUART_SECRET_KEY': 'a key'},
)
QUART = ServerCommand('Quart', hypercorn('quart_session_demo:app'), {'QUART_SECRET_KEY': 'a key'})
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('deaf', flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, time
print('the child is', subprocess.Popen(['sleep', '60']).pid, flush=True)
time.sleep(60)
"""


def test_signal_that_ends_us_waits_until_a_started_process_is_known() -> None:
    started = []

    def start() -> None:
        with signals_deferred():
            signal.raise_signal(signal.SIGINT)
            started.append('a process')

    with pytest.raises(KeyboardInterrupt):
        start()

    assert started == ['a process']


def python(code: str) -> ServerCommand:
    return ServerCommand('Made up', (sys.executable, '-c', code))


def wait_for(server: Server, text: str) -> None:
    while text not in server.log_tail():
        server.check_alive(grace=0.02)


def test_running_gives_real_servers_and_leaves_none() -> None:
    with run_servers(FLASK, QUART) as servers:
        replies = [httpx.get(server.url + '/') for server in servers]

    assert [reply.headers['Server'] for reply in replies] == ['gunicorn', 'hypercorn-h11']
    assert {reply.text for reply in replies} == {'设置session成功'}
    for server in servers:
        wait_until_gone(group(server.process.pid))


def test_running_leaves_none_when_interrupted() -> None:
    with pytest.raises(KeyboardInterrupt), run_servers(QUART) as servers:
        raise KeyboardInterrupt

    for server in servers:
        wait_until_gone(group(server.process.pid))


def test_stop_kills_a_server_that_does_not_listen_to_sigterm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr('quart_session_demo.compare.harness.servers.STOP_SECONDS', 0.1)
    with Server(python(DEAF)) as server:
        wait_for(server, 'deaf')

    assert server.process.returncode == -signal.SIGKILL
    wait_until_gone(group(server.process.pid))


def test_stop_ends_what_the_server_started() -> None:
    with Server(python(PARENT)) as server:
        wait_for(server, 'the child is ')
        child = int(server.log_tail().split()[-1])

    wait_until_gone([child])


@pytest.mark.parametrize('serve', [gunicorn, hypercorn])
def test_running_says_why_a_server_did_not_start(serve: Callable[[str], tuple[str, ...]]) -> None:
    contender = ServerCommand('Ours', serve('no_such_module:app'))

    with (
        pytest.raises(ServerError, match=r'^Ours did not start \(exit status \d\);') as caught,
        run_servers(contender),
    ):
        pass

    assert 'no_such_module' in str(caught.value)


def test_check_alive_says_how_a_server_died() -> None:
    with run_servers(QUART) as (server,):
        server.check_alive()
        server.process.kill()

        with pytest.raises(ServerError, match=r'^Quart died \(SIGKILL\); the end of its log:\n'):
            server.check_alive(grace=10)


def test_log_tail_returns_the_last_lines() -> None:
    with Server(python("print('one')\nprint('two')\nprint('three')")) as server:
        server.process.wait()

        assert server.log_tail(2) == 'two\nthree'


def test_gunicorn_takes_its_options_from_nobody_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / 'gunicorn.conf.py').write_text('threads = 7', 'utf-8')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('GUNICORN_CMD_ARGS', '--threads 8')

    with run_servers(FLASK) as (server,):
        assert 'Using worker: sync' in server.log_tail()
