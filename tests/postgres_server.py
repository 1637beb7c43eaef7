"""A real PostgreSQL on a free port, which a test starts, stops, hangs and asks."""

import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psutil

from quart_session_demo.compare.harness.postgres import (
    USERS,
    find_program,
    init_files,
    make_folder,
    start_program,
    start_server,
)
from quart_session_demo.compare.harness.servers import free_port

#: A role that may not create tables, and needs its password.
LIMITED_ROLE = 'limited'
PASSWORD = 'a-password-that-no-log-may-show'

_ACCESS = f'host all {LIMITED_ROLE} all scram-sha-256\nhost all all all trust\n'


def make_template() -> Path:
    """Return a new folder with the files of an empty server; the caller deletes it."""
    folder = make_folder()
    # Small files are copied sooner.
    assert init_files(folder, '-A', 'trust', '--wal-segsize', '1').wait() == 0
    (folder / 'data' / 'pg_hba.conf').write_text(_ACCESS)
    return folder


class PostgresServer:
    """A PostgreSQL for tests; `with` starts and stops it.

    Attributes:
        port: The port of 127.0.0.1 where it listens.
        url: The URL for clients.
    """

    def __init__(self, template: Path, *options: str) -> None:
        """Copy the files of a template.

        Args:
            template: A folder of `make_template`.
            options: Settings of the server, `name=value`.
        """
        self._folder = make_folder()
        assert start_program('cp', '-a', str(template / 'data'), str(self._folder)).wait() == 0
        self.port = free_port()
        self.url = f'postgresql://{USERS[0]}@127.0.0.1:{self.port}/postgres'
        self._settings = ('shared_buffers=16MB', 'max_wal_size=32MB', *options)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of an app that stores its sessions here."""
        return {'SESSION_TYPE': 'sqlalchemy', 'SESSION_SQLALCHEMY_URL': self.url}

    def settings_with_timeout(self, seconds: float) -> dict[str, Any]:
        """Return the settings of an app that waits so long for each attempt."""
        return {**self.settings, 'SESSION_SQLALCHEMY_TIMEOUT': seconds}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._process = start_server(self._folder, self.port, *self._settings)
        ready = (_client_program('pg_isready'), '-q', '-h', '127.0.0.1', '-p', str(self.port))
        while subprocess.run(ready).returncode:
            assert self._process.poll() is None, 'postgres stopped'
            time.sleep(0.01)

    def ensure_running(self) -> None:
        """Start or resume the server if a test has left it stopped or paused."""
        if self._process is None:
            self.start()
        else:
            self.resume()

    def stop(self) -> None:
        """Stop the server at once, as a crash does; its files stay."""
        if self._process is not None:
            self.resume()
            # Without its children, which SIGKILL would leave behind.
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let the server accept connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `pause`."""
        self._signal(signal.SIGCONT)

    def ask(self, sql: str, *, url: str | None = None) -> str:
        """Run one statement, in the first database or another, and return its result as text."""
        options = ('-X', '-A', '-t', '-q', '-d', url or self.url, '-c', sql)
        command = (_client_program('psql'), *options)
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        return result.stdout.strip()

    def new_database(self) -> str:
        """Create an empty database and return its URL."""
        name = f'test_{secrets.token_hex(8)}'
        self.ask(f'CREATE DATABASE {name}')
        return self.url.removesuffix('postgres') + name

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        # The parent first, so that it starts no other.
        self._process.send_signal(number)
        for child in psutil.Process(self._process.pid).children():
            with suppress(psutil.NoSuchProcess):
                child.send_signal(number)


def _client_program(name: str) -> str:
    """Return the path of a client program, beside the server's programs.

    Debian has a script of this name in PATH too, which takes five times as long to start.
    """
    return str(Path(find_program('initdb') or '').resolve().with_name(name))
