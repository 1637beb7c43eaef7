"""How servers are started, watched and stopped."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from quart_session_demo.compare.harness import servers as servers_module
from quart_session_demo.compare.harness.servers import (
    KEY_VARIABLES,
    Server,
    ServerCommand,
    ServerError,
    clear_app_settings,
    gunicorn,
    hypercorn,
    random_key_environment,
    run_servers,
)
from quart_session_demo.signals import signals_deferred
from tests.compare.conftest import app_command
from tests.processes import group, wait_until_gone

FLASK = ServerCommand(
    'Flask',
    gunicorn('quart_session_demo.compare.apps.lesson.flask_app:create_flask_app()'),
    {'QUART_SECRET_KEY': 'a key'},
)
QUART = ServerCommand('Quart', hypercorn('quart_session_demo:app'), {'QUART_SECRET_KEY': 'a key'})


def wait_for(server: Server, text: str) -> None:
    """Wait until the server has printed a text."""
    while text not in server.log.tail():
        server.check_alive(grace=0.02)


def test_signal_is_deferred() -> None:
    """A signal during the start of a process is raised after the process is known."""
    started = []

    def start() -> None:
        with signals_deferred():
            signal.raise_signal(signal.SIGINT)
            started.append('a process')

    with pytest.raises(KeyboardInterrupt):
        start()

    assert started == ['a process']


def test_run_servers_starts_and_stops_both() -> None:
    """Both servers respond in the block, and none of their processes is left after it."""
    with run_servers(FLASK, QUART) as servers:
        responses = [httpx.get(server.url + '/') for server in servers]

    assert [response.headers['Server'] for response in responses] == ['gunicorn', 'hypercorn-h11']
    assert {response.text for response in responses} == {'设置session成功'}
    for server in servers:
        wait_until_gone(group(server.process.pid))


def test_run_servers_stops_on_interrupt() -> None:
    """Ctrl-C in the block stops the server."""
    with pytest.raises(KeyboardInterrupt), run_servers(QUART) as servers:
        raise KeyboardInterrupt

    for server in servers:
        wait_until_gone(group(server.process.pid))


def test_stop_kills_after_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ignores SIGTERM is killed."""
    monkeypatch.setattr(servers_module, 'STOP_SECONDS', 0.1)
    with Server(app_command('ignores_sigterm')) as server:
        wait_for(server, 'ready')

    assert server.process.returncode == -signal.SIGKILL
    wait_until_gone(group(server.process.pid))


def test_stop_ends_child_processes() -> None:
    """The processes that a server has started are stopped with it."""
    with Server(app_command('starts_child')) as server:
        wait_for(server, 'the child is ')
        child = int(server.log.tail().split()[-1])

    wait_until_gone([child])


@pytest.mark.parametrize('serve', [gunicorn, hypercorn])
def test_failed_start_shows_the_log(serve: Callable[[str], tuple[str, ...]]) -> None:
    """A server that does not start is an error with its name, exit status and log."""
    command = ServerCommand('Ours', serve('no_such_module:app'))

    with (
        pytest.raises(ServerError, match=r'^Ours did not start \(exit status \d\);') as caught,
        run_servers(command),
    ):
        pass

    assert 'no_such_module' in str(caught.value)


def test_check_alive_shows_the_signal() -> None:
    """A server that was killed is an error with the name of the signal."""
    with run_servers(QUART) as (server,):
        server.check_alive()
        server.process.kill()

        with pytest.raises(ServerError, match=r'^Quart died \(SIGKILL\); the end of its log:\n'):
            server.check_alive(grace=10)


def test_log_tail_returns_the_last_lines() -> None:
    """Only the last lines of a log are returned."""
    with Server(ServerCommand('Printer', ('printf', r'one\ntwo\nthree\n'))) as server:
        server.process.wait()

        assert server.log.tail(2) == 'two\nthree'


def test_gunicorn_ignores_other_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither gunicorn.conf.py nor GUNICORN_CMD_ARGS has an effect."""
    (tmp_path / 'gunicorn.conf.py').write_text('threads = 7', 'utf-8')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('GUNICORN_CMD_ARGS', '--threads 8')

    with run_servers(FLASK) as (server,):
        assert 'Using worker: sync' in server.log.tail()


def test_random_key_leaves_the_users_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """All variables get the same key, except those that the user has set."""
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('SECRET_KEY', "the user's")

    environment = random_key_environment()

    assert environment.keys() == {'FLASK_SECRET_KEY', 'QUART_SECRET_KEY'}
    assert len(set(environment.values())) == 1


def test_clear_app_settings_removes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of Flask and Quart are removed from the environment, nothing else is."""
    monkeypatch.setattr(os, 'environ', {'FLASK_A': '1', 'QUART_B': '2', 'PATH': '3'})

    clear_app_settings()

    assert os.environ == {'PATH': '3'}
