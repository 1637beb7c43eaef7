"""Start the starter, and stop what is running at the end of the test."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import ROOT
from tests.processes import wait_until

SERVE_APP = 'tests.apps.serve_app:app'
COMMAND = (sys.executable, '-m', 'quart_session_demo.serve')


def environment(**variables: str) -> dict[str, str]:
    """Return this environment with these variables, and any free port."""
    return {**os.environ, 'PYTHONPATH': str(ROOT), 'PORT': '0', **variables}


@dataclass(frozen=True)
class Started:
    """A starter that runs an app.

    Attributes:
        process: The starter.
        log_file: What it and its processes print.
        stack: Closes connections at the end of the test.
    """

    process: subprocess.Popen[bytes]
    log_file: Path
    stack: ExitStack

    @property
    def log(self) -> str:
        """What was printed until now."""
        return self.log_file.read_text('utf-8', 'replace')

    @property
    def port(self) -> int:
        """The port, which is known after the start."""
        return int(re.findall(r'Running on http://\S+:(\d+)', self.log)[0])

    @property
    def url(self) -> str:
        """The address of the app."""
        return f'http://127.0.0.1:{self.port}'

    def wait_for(self, text: str, count: int = 1) -> None:
        """Wait until the log contains a text this many times."""
        wait_until(lambda: self.log.count(text) >= count or self.process.poll() is not None)
        assert self.log.count(text) >= count, self.log

    def pids(self) -> set[int]:
        """Return the processes that the supervisor has started and that still run."""
        pids = set()
        for child in psutil.Process(self.process.pid).children():
            # It may end meanwhile.
            with suppress(psutil.NoSuchProcess):
                if child.status() != psutil.STATUS_ZOMBIE:
                    pids.add(child.pid)
        return pids

    def connect(self, request: str) -> socket.socket:
        """Return a connection, on which these lines were sent."""
        connection = socket.create_connection(('127.0.0.1', self.port), timeout=60)
        self.stack.enter_context(connection)
        connection.sendall(request.replace('\n', '\r\n').encode())
        return connection

    def get(self, path: str = '/') -> httpx.Response:
        """Return the response to a request on a new connection."""
        return httpx.get(f'{self.url}{path}', timeout=60)

    def wait_in_flight(self, count: int) -> None:
        """Wait until the one process of the app has this many requests to `/wait/`."""
        wait_until(lambda: self.get().json()['in_flight'] == count)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the starter alone."""
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to the starter, and return its exit status."""
        self.send(number)
        return self.process.wait(60)


Start = Callable[..., Started]
Launch = Callable[..., Started]


@pytest.fixture
def start(launch: Launch) -> Start:
    """Return a function that starts an app with these options and environment variables."""

    def start(
        app: str = SERVE_APP,
        *options: str,
        processes: int = 1,
        command: tuple[str, ...] = COMMAND,
        **variables: str,
    ) -> Started:
        started = launch([*command, app, f'--processes={processes}', *options], **variables)
        started.wait_for('Running on', processes)
        return started

    return start


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Yield a function that starts a command, in a process group of its own."""

    def launch(command: list[str], *, pass_fds: tuple[int, ...] = (), **variables: str) -> Started:
        log_file = tmp_path / f'{len(list(tmp_path.iterdir()))}.log'
        with log_file.open('wb') as log:
            process = subprocess.Popen(
                command,
                env=environment(**{'DRAIN_SECONDS': '0.1', **variables}),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        stack.callback(end, process)
        return Started(process, log_file, stack)

    with ExitStack() as stack:
        yield launch


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a starter and its processes."""
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children():
            child.kill()
    process.kill()
    process.wait()
    if process.stderr:
        process.stderr.close()
