"""Several processes on one socket: shared, replaced, and restarted one by one."""

import os
import signal
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.processes import wait_until, wait_until_gone
from tests.serve.conftest import Start, Started

pytestmark = pytest.mark.e2e


def test_all_processes_serve(start: Start) -> None:
    """Each process serves requests on the same port, and knows how many there are."""
    started = start(processes=3)

    served = set()

    def is_complete() -> bool:
        response = started.get().json()
        served.add(response['pid'])
        return served == started.pids() and response['concurrency'] == '3'

    wait_until(is_complete)
    assert len(served) == 3


def test_killed_process_is_replaced(start: Start) -> None:
    """A killed process is replaced; the others serve meanwhile, and the pause grows."""
    started = start(processes=2)
    pauses = []

    for number in range(1, 4):
        killed = min(started.pids())
        os.kill(killed, signal.SIGKILL)
        started.wait_for('(SIGKILL): another one starts in', number)
        killed_at = time.monotonic()
        assert started.get().status_code == 200
        started.wait_for('Running on', 2 + number)
        pauses.append(time.monotonic() - killed_at)

    assert 'another one starts in 0 s' in started.log
    assert 'another one starts in 2 s' in started.log
    assert pauses[2] > 2
    assert len(started.pids()) == 2
    assert started.stop() == 0


def test_terminated_process_is_replaced(start: Start) -> None:
    """SIGTERM to one process alone ends it; the others and its replacement serve all clients."""
    started = start(processes=2)

    os.kill(min(started.pids()), signal.SIGTERM)
    started.wait_for('(status 0): another one starts in 0 s')
    started.wait_for('Running on', 3)

    for _ in range(10):
        assert httpx.get(started.url).status_code == 200
    assert started.stop() == 0


def test_refused_process_is_started_later(start: Start) -> None:
    """If the system starts no process for now, the supervisor tries again after a pause."""
    started = start(processes=2, command=(sys.executable, '-m', 'tests.apps.refused_process'))

    os.kill(min(started.pids()), signal.SIGKILL)
    started.wait_for('A new process ended ([Errno 11] refused): another one starts in 1 s')
    assert httpx.get(started.url).status_code == 200
    started.wait_for('Running on', 3)

    assert started.stop() == 0


def test_hangup_replaces_processes_one_by_one(start: Start) -> None:
    """SIGHUP replaces each process, starts one before it stops another, and loses no request."""
    started = start(processes=2)
    old = started.pids()
    numbers = set()
    with httpx.Client(headers={'Connection': 'close'}, timeout=60) as client:
        started.send(signal.SIGHUP)

        def is_replaced() -> bool:
            assert client.get(started.url).status_code == 200
            pids = started.pids()
            numbers.add(len(pids))
            return len(pids) == 2 and not pids & old

        wait_until(is_replaced)

    assert numbers <= {2, 3}
    assert started.log.count('after_serving') == 2
    assert started.stop() == 0


@pytest.fixture
def changing(start: Start, tmp_path: Path) -> tuple[Started, Path]:
    """Return a starter with two processes, and the module of its app, which can be changed."""
    folder = tmp_path / 'changing'
    folder.mkdir()
    module = folder / 'changing_app.py'
    module.write_text('from tests.apps.serve_app import app\n')
    path = f'{ROOT}{os.pathsep}{folder}'
    return start('changing_app:app', processes=2, PYTHONPATH=path), module


def test_failed_restart_leaves_the_old_processes(changing: tuple[Started, Path]) -> None:
    """If the new code does not start after SIGHUP, the old processes serve on."""
    started, module = changing
    pids = started.pids()
    module.write_text('raise SystemExit("the new code is broken")\n')

    started.send(signal.SIGHUP)
    started.wait_for('did not start (status 1): the others are not restarted')

    assert started.log.count('the new code is broken') == 1
    assert started.pids() == pids
    assert started.get().status_code == 200
    assert started.stop() == 0


def test_supervisor_ends_when_nothing_starts(changing: tuple[Started, Path]) -> None:
    """If all processes ended and none starts again, the status is 1."""
    started, module = changing
    module.write_text('raise SystemExit("the new code is broken")\n')

    for pid in started.pids():
        os.kill(pid, signal.SIGKILL)

    assert started.process.wait(60) == 1
    assert started.log.count('the new code is broken') == 3


def test_processes_end_with_the_supervisor(start: Start) -> None:
    """If the supervisor is killed, its processes finish their requests and end."""
    started = start(processes=2)
    pids = started.pids()
    connections = [started.connect('GET /wait/1 HTTP/1.1\nHost: a\n\n') for _ in range(10)]

    started.stop(signal.SIGKILL)

    for connection in connections:
        assert connection.recv(65536).startswith(b'HTTP/1.1 200')
    wait_until_gone(pids)
