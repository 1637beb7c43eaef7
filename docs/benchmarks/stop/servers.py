"""The servers that are measured, and how to start them."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from app import EVENTS, STARTED, WAIT

from quart_session_demo.compare.harness.servers import (
    START_SECONDS,
    Server,
    ServerCommand,
    ServerError,
    gunicorn,
)

PYTHON = sys.executable
#: Hypercorn's defaults would cut requests off after 3 s, and refuse bursts.
HYPERCORN = (
    PYTHON,
    '-m',
    'hypercorn',
    'app:app',
    '--bind',
    '127.0.0.1:{port}',
    '--worker-class',
    'uvloop',
    '--graceful-timeout',
    '25',
    '--backlog',
    '2048',
    '--workers',
)


@dataclass(frozen=True)
class ServerKind:
    """A server that is measured.

    Attributes:
        name: The name in the tables.
        command: The command line, in which `{port}` stands for the port.
        processes: How many processes run the app.
        restarts: Whether SIGHUP replaces its processes while it serves.
    """

    name: str
    command: tuple[str, ...]
    processes: int = 2
    restarts: bool = False


def starter(processes: int) -> ServerKind:
    """Return this project's starter with a number of processes."""
    return ServerKind(
        f'starter, {processes} process{"es" if processes > 1 else ""}',
        (
            'env',
            'PORT={port}',
            PYTHON,
            '-m',
            'quart_session_demo.serve',
            'app:app',
            f'--processes={processes}',
        ),
        processes=processes,
        restarts=processes > 1,
    )


SERVERS = (
    starter(2),
    starter(1),
    ServerKind('hypercorn --workers 2', (*HYPERCORN, '2')),
    ServerKind('hypercorn --workers 0', (*HYPERCORN, '0'), processes=1),
    ServerKind('gunicorn -k asgi', gunicorn('app:app', '-k', 'asgi', '-w', '2'), restarts=True),
    ServerKind(
        'uvicorn',
        (
            PYTHON,
            '-m',
            'uvicorn',
            'app:app',
            '--port={port}',
            '--workers=2',
            '--no-access-log',
        ),
        restarts=True,
    ),
    ServerKind(
        'granian',
        (
            PYTHON,
            '-m',
            'granian',
            'app:app',
            '--port={port}',
            '--workers=2',
            '--interface=asgi',
        ),
        restarts=True,
    ),
)


class RunningServer:
    """A server that runs the app with all of its processes.

    Attributes:
        port: The port that it listens on.
        processes: How many processes run the app.
    """

    def __init__(self, server: Server, processes: int, events: Path) -> None:
        """Watch a server that was just started."""
        self.port = server.port
        self.processes = processes
        self._server = server
        self._events = events

    def pause(self) -> None:
        """Pause all processes of the server."""
        for process in self._processes():
            process.suspend()

    def resume(self) -> None:
        """Let all processes of the server go on."""
        for process in self._processes():
            process.resume()

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process group of the server, as a platform or honcho does."""
        os.killpg(self._server.process.pid, number)

    def signal_master(self, number: signal.Signals) -> None:
        """Send a signal to the process that was started."""
        os.kill(self._server.process.pid, number)

    def _processes(self) -> list[psutil.Process]:
        master = psutil.Process(self._server.process.pid)
        return [master, *master.children(recursive=True)]

    def wait_for(self, event: str, times: int) -> None:
        """Wait until an event of `app` has happened this many times.

        Raises:
            ServerError: The server exited, or it takes too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while (count := self._events.read_text().split().count(event)) < times:
            self._server.check_alive()
            if time.monotonic() > deadline:
                raise ServerError(f'{self._server.name}: {count} of {times} {event}')
            time.sleep(0.02)


@contextmanager
def run_server(kind: ServerKind, wait: float) -> Iterator[RunningServer]:
    """Start a server, yield it when all of its processes run the app, and stop it afterwards.

    Raises:
        ServerError: The server exited, or not all of its processes started.
    """
    with tempfile.NamedTemporaryFile() as events:
        environment = {
            'PYTHONPATH': str(Path(__file__).parent),
            EVENTS: events.name,
            WAIT: str(wait),
        }
        with Server(ServerCommand(kind.name, kind.command, environment)) as server:
            server.wait_until_ready()
            started = RunningServer(server, kind.processes, Path(events.name))
            started.wait_for(STARTED, kind.processes)
            yield started
