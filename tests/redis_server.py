"""A real Redis, started on a free port and stopped whatever happens."""

import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis


class RedisServer:
    """A redis-server of the tests' own; `with` starts and stops it.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, directory: Path, *options: str, certificate: Path | None = None) -> None:
        with socket.create_server(('127.0.0.1', 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f'redis://127.0.0.1:{self.port}'
        listen: tuple[str, ...] = ('--port', str(self.port))
        if certificate is not None:
            self.url = f'rediss://127.0.0.1:{self.port}'
            listen = (
                *('--port', '0', '--tls-port', str(self.port), '--tls-auth-clients', 'no'),
                *('--tls-cert-file', str(certificate), '--tls-key-file', str(certificate)),
                *('--tls-ca-cert-file', str(certificate)),
            )
        self._command = (
            *('redis-server', '--bind', '127.0.0.1', '--dir', str(directory), '--save', ''),
            *(*listen, *options),
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        while True:
            try:
                socket.create_connection(('127.0.0.1', self.port)).close()
            except OSError:
                assert self._process.poll() is None, 'redis-server ended'
                time.sleep(0.01)
            else:
                return

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Hang it: it takes connections, and answers none."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def wait_until_loaded(self) -> None:
        """Wait until it has read what it kept on disk."""
        while True:
            try:
                self.ask('PING')
            except redis.BusyLoadingError:
                time.sleep(0.01)
            else:
                return

    def ask(self, *command: Any) -> Any:
        with redis.Redis.from_url(self.url) as client:
            return client.execute_command(*command)
