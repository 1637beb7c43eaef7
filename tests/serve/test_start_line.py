"""The address of the playground, which each server prints when it has started."""

import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from quart_session_demo.middleware.start_line import DELAY_SECONDS
from tests.conftest import KEY
from tests.serve.conftest import Launch, Start, Started

pytestmark = pytest.mark.e2e

APP = 'quart_session_demo:app'
HYPERCORN = (sys.executable, '-m', 'hypercorn', APP, '--bind')


def lines(started: Started) -> list[str]:
    """Return the lines about the playground."""
    return [line for line in started.log.splitlines() if 'playground/' in line]


def wait_for_others() -> None:
    """Wait until another process would have printed its line."""
    time.sleep(10 * DELAY_SECONDS)


@pytest.mark.parametrize('workers', ['0', '1', '2'])
def test_hypercorn_prints_the_path(launch: Launch, workers: str) -> None:
    """Under Hypercorn one line has the path, also with several workers."""
    started = launch([*HYPERCORN, '127.0.0.1:0', '--workers', workers], QUART_SECRET_KEY=KEY)

    started.wait_for('Running on', int(workers) or 1)
    started.wait_for('Playground')
    wait_for_others()
    started.stop()

    assert lines(started) == ['Playground: /playground/']


def test_starter_prints_the_address(start: Start) -> None:
    """The starter prints the address with the port that it has bound."""
    started = start(APP, QUART_SECRET_KEY=KEY)

    started.wait_for('Playground')

    assert lines(started) == [f'Playground: http://127.0.0.1:{started.port}/playground/']
    assert started.get('/playground/').status_code == 200


def test_several_processes_print_one_line(start: Start) -> None:
    """Of several processes only the first prints the line, and no process that replaces one."""
    started = start(APP, '--bind=127.0.0.1:0', processes=2, QUART_SECRET_KEY=KEY)

    started.wait_for('Playground')
    started.send(signal.SIGHUP)
    started.wait_for('Running on', 4)
    wait_for_others()

    assert lines(started) == [f'Playground: http://127.0.0.1:{started.port}/playground/']


def test_unix_socket_prints_the_path(start: Start, tmp_path: Path) -> None:
    """On a Unix socket, which no browser opens, the line has the path alone."""
    started = start(APP, f'--bind=unix:{tmp_path / "app.sock"}', QUART_SECRET_KEY=KEY)

    started.wait_for('Playground')

    assert lines(started) == ['Playground: /playground/']


def test_taken_address_prints_no_line(launch: Launch) -> None:
    """A server that starts the app, and then cannot use its address, prints no line."""
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, '-m', 'uvicorn', APP, '--port', port]
        started = launch(command, QUART_SECRET_KEY=KEY)
        assert started.process.wait(60) != 0

    # Hypercorn binds its address before the app starts.
    assert 'Application startup complete' in started.log
    assert 'address already in use' in started.log
    assert lines(started) == []
