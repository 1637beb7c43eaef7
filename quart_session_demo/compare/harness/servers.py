"""Start servers as a user starts them, and always stop them (POSIX)."""

import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

from quart_session_demo.compare.harness.server_log import ServerLog
from quart_session_demo.signals import remaining_seconds, signals_deferred

#: The address on which the servers listen.
HOST = '127.0.0.1'
#: The threads in which Quart runs synchronous views: asyncio's default.
EXECUTOR_THREADS = min(32, (getattr(os, 'process_cpu_count', os.cpu_count)() or 1) + 4)
#: How long a server may take to start.
START_SECONDS = 60
#: How long a server may take to stop before it is killed.
STOP_SECONDS = 10
#: How long a server may take to exit after it closed a connection without a response.
GRACE_SECONDS = 2
#: Any response to this path, 404 too, shows that a server is ready. Browsers request it as well.
READY_PATH = '/favicon.ico'
#: The variables from which apps read their secret key.
KEY_VARIABLES = (
    'SECRET_KEY',
    'FLASK_SECRET_KEY',
    'QUART_SECRET_KEY',
)
#: The first parts of the names of variables from which servers read options.
OPTION_PREFIXES = (
    'GRANIAN_',
    'GUNICORN_',
    'HYPERCORN_',
    'UVICORN_',
)
#: Other variables of that kind.
OPTION_VARIABLES = (
    'DRAIN_SECONDS',
    'GRACEFUL_TIMEOUT',
    'PORT',
    'WEB_CONCURRENCY',
)


class ServerError(Exception):
    """A server did not start, or died; the message has its exit status and the end of its log."""


@dataclass(frozen=True)
class ServerCommand:
    """How to start a server.

    Attributes:
        name: The name in reports and errors.
        command: The command line, in which `{port}` stands for the port to listen on.
        environment: Variables for the server, in addition to those of this process.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def gunicorn(app: str, *options: str) -> tuple[str, ...]:
    """Return the command line that serves a WSGI app, `module:app`, on gunicorn."""
    return _serve(
        'gunicorn',
        # Otherwise gunicorn reads gunicorn.conf.py in the current folder.
        '--config',
        os.devnull,
        # The control socket is one file in the home folder, and several gunicorns run at once.
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
    """A server's process, in a separate process group; `with` stops it.

    Attributes:
        name: The name in reports and errors.
        port: The port that it listens on.
        url: Its URL without a slash at the end.
        log: What it writes to its standard output and error.
        process: The process.
    """

    def __init__(self, command: ServerCommand) -> None:
        """Start the process. `wait_until_ready` waits until it accepts requests."""
        self.name = command.name
        self.port = free_port()
        self.url = f'http://{HOST}:{self.port}'
        self.log = ServerLog()
        try:
            with signals_deferred():
                self.process = subprocess.Popen(  # noqa: S603 - what the user asked to start
                    [part.replace('{port}', str(self.port)) for part in command.command],
                    env={**_environment(), **command.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=self.log.file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except (KeyboardInterrupt, SystemExit):
            # The `with` block, which would stop the process, has not begun.
            self.stop()
            raise

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def wait_until_ready(self) -> None:
        """Wait until the server responds.

        Raises:
            ServerError: It exited, or did not respond within `START_SECONDS`.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._responds():
            self.check_alive('did not start')
            if time.monotonic() > deadline:
                raise self._error(f'did not respond within {START_SECONDS} s')
            time.sleep(0.05)

    def check_alive(self, problem: str = 'died', grace: float = 0) -> None:
        """Check that the process is running.

        Args:
            problem: What the error reports if it is not running.
            grace: How many seconds to wait for its exit.

        Raises:
            ServerError: It has exited.
        """
        with suppress(subprocess.TimeoutExpired):
            status = self.process.wait(grace)
            how = signal.Signals(-status).name if status < 0 else f'exit status {status}'
            raise self._error(f'{problem} ({how})')

    def terminate(self) -> None:
        """Send SIGTERM to the whole process group."""
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """Stop the whole process group: SIGTERM, and SIGKILL after `STOP_SECONDS`.

        After Ctrl-C it has less time, which all servers share.
        """
        try:
            self.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(remaining_seconds(STOP_SECONDS))
        finally:
            self._signal(signal.SIGKILL)
            self.process.wait()
            self.log.file.close()

    def _responds(self) -> bool:
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
        # The whole group may have exited.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def _error(self, problem: str) -> ServerError:
        return ServerError(f'{self.name} {problem}; the end of its log:\n{self.log.tail()}')


@contextmanager
def run_servers(*commands: ServerCommand) -> Iterator[list[Server]]:
    """Start servers at the same time, yield them when all are ready, and stop them afterwards.

    Raises:
        ServerError: A server did not start.
    """
    with ExitStack() as stack:
        servers: list[Server] = []
        try:
            for command in commands:
                servers.append(stack.enter_context(Server(command)))
            for server in servers:
                server.wait_until_ready()
            yield servers
        finally:
            # All get the signal first, so that they stop at the same time.
            for server in servers:
                server.terminate()


def clear_app_settings() -> None:
    """Delete the user's settings from the environment, for apps that need none of them."""
    for name in [name for name in os.environ if name.startswith(('FLASK_', 'QUART_'))]:
        del os.environ[name]


def random_key_environment() -> dict[str, str]:
    """Return one secret key for both servers, in the variables that the user has not set."""
    key = secrets.token_hex(32)
    return {name: key for name in KEY_VARIABLES if name not in os.environ}


def _environment() -> dict[str, str]:
    """Return this process's environment, without the user's options for servers."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in OPTION_VARIABLES and not name.startswith(OPTION_PREFIXES)
    }


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port
