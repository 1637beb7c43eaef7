"""What each signal does to a starter with one process."""

import os
import signal
import subprocess
import time

import pytest

from tests.processes import wait_until, wait_until_gone
from tests.serve.conftest import COMMAND, SERVE_APP, Start, environment

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize('processes', [1, 2])
def test_other_signals_do_nothing(start: Start, processes: int) -> None:
    """SIGUSR1 and SIGUSR2 do nothing, nor does SIGHUP with one process."""
    started = start(processes=processes)
    pids = started.pids()

    for number in (signal.SIGUSR1, signal.SIGUSR2):
        started.send(number)
        for pid in pids:
            os.kill(pid, number)
    if processes == 1:
        started.send(signal.SIGHUP)

    assert started.get().status_code == 200
    assert started.pids() == pids
    assert started.stop() == 0


@pytest.mark.parametrize('processes', [1, 2])
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_repeated_signal_does_not_change_the_status(
    start: Start, processes: int, number: signal.Signals
) -> None:
    """Further signals until the process has ended change nothing; the status is 0."""
    started = start(processes=processes)

    deadline = time.monotonic() + 20
    while started.process.poll() is None and time.monotonic() < deadline:
        started.send(number)
        time.sleep(0.005)

    assert started.process.returncode == 0
    assert 'Traceback' not in started.log


@pytest.mark.parametrize('processes', [1, 2])
def test_quit_ends_at_once(start: Start, processes: int) -> None:
    """SIGQUIT ends all processes without waiting for requests; the status is 131."""
    started = start(processes=processes)
    pids = started.pids()
    connection = started.connect('GET /wait/600 HTTP/1.1\nHost: a\n\n')
    wait_until(lambda: any(started.get().json()['in_flight'] for _ in range(20)))

    status = started.stop(signal.SIGQUIT)

    # Reset, or closed without a response.
    try:
        received = connection.recv(65536)
    except ConnectionResetError:
        received = b''
    assert received == b''
    assert status == 128 + signal.SIGQUIT
    wait_until_gone(pids)


def test_started_programs_ignore_no_signal(start: Start) -> None:
    """A program that the app starts does not inherit what the starter ignores."""
    mask = int(start().get('/signals').text, 16)

    ignored = {number for number in signal.valid_signals() if mask >> (number - 1) & 1}
    assert not ignored & {signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM}


def test_ignored_hangup_stays_ignored(start: Start) -> None:
    """Under nohup, SIGHUP restarts no process."""
    started = start(processes=2, command=('nohup', *COMMAND))
    pids = started.pids()

    started.send(signal.SIGHUP)
    for pid in pids:
        os.kill(pid, signal.SIGHUP)

    assert started.get().status_code == 200
    assert started.pids() == pids
    assert started.stop() == 0


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize('processes', ['1', '2'])
def test_signal_ends_an_app_that_starts(processes: str, number: signal.Signals) -> None:
    """SIGTERM and SIGINT while the app starts end it with status 0."""
    process = subprocess.Popen(
        [*COMMAND, SERVE_APP, '--processes', processes],
        env=environment(START_SECONDS='600'),
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stderr
        assert process.stderr.readline() == b'starting\n'

        process.send_signal(number)

        assert process.stderr.read() == b''
        assert process.wait() == 0
