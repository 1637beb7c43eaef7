"""A real Redis on a free port, which a test starts, stops, hangs and asks."""

import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

import redis


class RedisServer:
    """A redis-server for tests; `with` starts and stops it.

    Attributes:
        port: The port of 127.0.0.1 where it listens.
        url: The URL for clients.
    """

    def __init__(
        self,
        directory: Path,
        *options: str,
        certificate: Path | None = None,
        port: int | None = None,
    ) -> None:
        with socket.create_server(('127.0.0.1', port or 0)) as free:
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
        # The certificate of a test has no authority.
        tls: dict[str, Any] = {} if certificate is None else {'ssl_cert_reqs': 'none'}
        # A new connection takes longer than most commands.
        self._client: Any = redis.Redis.from_url(self.url, **tls)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of an app that stores its sessions here."""
        return {'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': self.url}

    def settings_with_timeout(self, seconds: float) -> dict[str, Any]:
        """Return the settings of an app that waits so long for each attempt."""
        return {**self.settings, 'SESSION_REDIS_TIMEOUT': seconds}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it has read its files."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        while not self._answers():
            assert self._process.poll() is None, 'redis-server stopped'
            time.sleep(0.005)

    def _answers(self) -> bool:
        try:
            self.ask('PING')
        except (OSError, redis.ConnectionError, redis.BusyLoadingError):
            return False
        return True

    def stop(self) -> None:
        """Kill the server; its files stay."""
        self._client.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let the server accept connections and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `pause`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *command: Any) -> Any:
        """Send one command and return its result."""
        return self._client.execute_command(*command)
