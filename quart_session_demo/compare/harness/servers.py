"""Real servers, started as a user would start them and stopped whatever happens (POSIX)."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

HOST = '127.0.0.1'
START_SECONDS = 60
STOP_SECONDS = 10
# How long a server may take to end, after it broke off a connection.
GRACE = 2
LOG_LINES = 12
TERMINATION_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOG_BYTES = 10_000
# Any answer to it, 404 too, says that a server is ready: browsers ask for it unbidden.
READY_PATH = '/favicon.ico'


class ServerError(Exception):
    """A server did not start, or died: which one, how it ended, and the end of its log."""


@dataclass(frozen=True)
class ServerCommand:
    """How to start a server.

    Attributes:
        name: What reports and errors call it.
        command: The command line, in which `{port}` stands for the port to listen on.
        environment: Variables set on top of this process's own.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def gunicorn(app: str, *options: str) -> tuple[str, ...]:
    """Return the command line that serves a WSGI app, `module:app`, on gunicorn."""
    return _serve(
        'gunicorn',
        # Not gunicorn.conf.py: each server is what its name says.
        *('--config', os.devnull),
        # It would be one file in the home folder for every gunicorn at once.
        '--no-control-socket',
        *options,
        app,
    )


def hypercorn(app: str, *options: str) -> tuple[str, ...]:
    """Return the command line that serves an ASGI app, `module:app`, on Hypercorn."""
    return _serve('hypercorn', '--workers', '0', *options, app)


def _serve(server: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, '-m', server, '--bind', f'{HOST}:{{port}}', *arguments)


class Server:
    """A contender's process, in a process group of its own; `with` stops it.

    Attributes:
        name: The contender's.
        port: Where it listens.
        url: The same as a URL, without a slash at the end.
        process: What was started.
    """

    def __init__(self, contender: ServerCommand) -> None:
        """Start the process, which is not ready yet: see `wait_until_ready`."""
        self.name = contender.name
        self.port = _free_port()
        self.url = f'http://{HOST}:{self.port}'
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        try:
            with signals_deferred():
                self.process = subprocess.Popen(  # noqa: S603 - what the user asked to start
                    [part.replace('{port}', str(self.port)) for part in contender.command],
                    # Nor options of gunicorn's that are in the environment.
                    env={**os.environ, 'GUNICORN_CMD_ARGS': '', **contender.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=self._log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except (KeyboardInterrupt, SystemExit):
            # `with` does not know of it yet.
            self.stop()
            raise

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def wait_until_ready(self) -> None:
        """Return when the server answers.

        Raises:
            ServerError: It ended instead, or gave no answer in `START_SECONDS`.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            self.check_alive('did not start')
            if time.monotonic() > deadline:
                raise self._error(f'gave no answer within {START_SECONDS} s')
            time.sleep(0.05)

    def check_alive(self, otherwise: str = 'died', grace: float = 0) -> None:
        """Return when the process still runs.

        Args:
            otherwise: What the error says.
            grace: For how many seconds it may take to end, after a connection broke.

        Raises:
            ServerError: It has ended.
        """
        with suppress(subprocess.TimeoutExpired):
            status = self.process.wait(grace)
            how = signal.Signals(-status).name if status < 0 else f'exit status {status}'
            raise self._error(f'{otherwise} ({how})')

    def log_tail(self, lines: int = LOG_LINES) -> str:
        """Return the last lines that the server wrote to its standard output and error."""
        # pread leaves alone the position at which the server writes on.
        size = os.fstat(self._log.fileno()).st_size
        text = os.pread(self._log.fileno(), LOG_BYTES, max(0, size - LOG_BYTES))
        return '\n'.join(text.decode(errors='replace').splitlines()[-lines:])

    def terminate(self) -> None:
        """Ask the whole process group to end; see `stop`."""
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """End the whole process group: politely, then, after `STOP_SECONDS`, for certain."""
        try:
            self.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        finally:
            self._signal(signal.SIGKILL)
            self.process.wait()
            self._log.close()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=START_SECONDS)
        try:
            connection.request('GET', READY_PATH)
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    def _signal(self, number: signal.Signals) -> None:
        # The group may be empty by now.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def _error(self, what: str) -> ServerError:
        return ServerError(f'{self.name} {what}; the end of its log:\n{self.log_tail()}')


@contextmanager
def run_servers(*contenders: ServerCommand) -> Iterator[list[Server]]:
    """Start servers side by side, give them when all are ready, and stop them at the end.

    Raises:
        ServerError: One did not start.
    """
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(contender)) for contender in contenders]
        for server in servers:
            server.wait_until_ready()
        try:
            yield servers
        finally:
            for server in servers:
                server.terminate()


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Let the signals that end this process wait, while a process is started that must be known."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread gets signals.
        yield
        return
    came: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in TERMINATION_SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


def exit_on_signals() -> None:
    """Let the signals that end a process raise `SystemExit`, so that `with` stops the servers."""
    for number in TERMINATION_SIGNALS:
        # nohup ignores SIGHUP.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: sys.exit(128 + number))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port
