"""The servers that are measured, and how to start them."""

import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from app import WAIT
from events import EVENTS, STARTED, count_events
from lines import LINES

from quart_session_demo.compare.harness.servers import (
    START_SECONDS,
    Server,
    ServerCommand,
    ServerError,
)

#: Where the servers find this folder's app and the package.
PYTHONPATH = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[3])])
#: How often the file of events is read, in seconds.
INTERVAL = 0.02


@dataclass(frozen=True)
class ServerKind:
    """A server that is measured.

    Attributes:
        name: The name in the tables.
        line: The start command, with `{app}` in place of the app.
        concurrency: The value of `WEB_CONCURRENCY`.
        restarts: Whether SIGHUP replaces its processes while it serves.
    """

    name: str
    line: str
    concurrency: int = 2
    restarts: bool = False

    @property
    def processes(self) -> int:
        """How many processes run the app. Hypercorn runs it in its first process with 0 workers."""
        return self.concurrency or 1

    def command(self, app: str, **environment: str) -> ServerCommand:
        """Return how to start the server as a platform does: a shell runs the line."""
        variables = (
            'PORT={port}',
            f'WEB_CONCURRENCY={self.concurrency}',
            # The platform's programs are those of this Python.
            f'PATH={Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}',
        )
        line = self.line.replace('{app}', app)
        return ServerCommand(
            self.name,
            ('env', *variables, 'sh', '-c', line),
            {'PYTHONPATH': PYTHONPATH, **environment},
        )


SERVERS = (
    ServerKind('starter, 2 processes', LINES['starter'], restarts=True),
    ServerKind('starter, 1 process', LINES['starter'], concurrency=1),
    ServerKind('hypercorn --workers 2', LINES['hypercorn']),
    ServerKind('hypercorn --workers 0', LINES['hypercorn'], concurrency=0),
    ServerKind('gunicorn -k asgi', LINES['gunicorn'], restarts=True),
    ServerKind('uvicorn', LINES['uvicorn'], restarts=True),
    ServerKind('granian', LINES['granian'], restarts=True),
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

    def count(self, event: str) -> Counter[int]:
        """Return how often an event has happened, by process id."""
        return count_events(self._events, event)

    def wait_for(self, event: str, times: int) -> None:
        """Wait until an event has happened this many times.

        Raises:
            ServerError: The server exited, or it takes too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while (count := self.count(event).total()) < times:
            self._server.check_alive()
            if time.monotonic() > deadline:
                raise ServerError(f'{self._server.name}: {count} of {times} {event}')
            time.sleep(INTERVAL)

    def exit_status(self) -> int | None:
        """Return the status with which the server has exited, or None."""
        return self._server.process.poll()

    def wait_for_exit(self) -> int:
        """Wait until the server has exited, and return its status.

        Raises:
            ServerError: It takes too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while (status := self.exit_status()) is None:
            if time.monotonic() > deadline:
                raise ServerError(f'{self._server.name} does not exit')
            time.sleep(INTERVAL)
        return status


@contextmanager
def start_server(kind: ServerKind, **environment: str) -> Iterator[tuple[Server, RunningServer]]:
    """Start a server that runs the app, yield it at once, and stop it afterwards."""
    with tempfile.NamedTemporaryFile() as events:
        command = kind.command('app:app', **{EVENTS: events.name}, **environment)
        with Server(command) as server:
            yield server, RunningServer(server, kind.processes, Path(events.name))


@contextmanager
def run_server(kind: ServerKind, wait: float) -> Iterator[RunningServer]:
    """Start a server, yield it when all of its processes run the app, and stop it afterwards.

    Raises:
        ServerError: The server exited, or not all of its processes started.
    """
    with start_server(kind, **{WAIT: str(wait)}) as (server, running):
        server.wait_until_ready()
        running.wait_for(STARTED, kind.processes)
        yield running
