"""Serve an app with several processes, and replace those that end."""

import logging
import math
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

from quart_session_demo.serve import signals
from quart_session_demo.serve.settings import ABANDON_SECONDS, Settings

#: A process that ends earlier after its start makes the pause before the next start longer.
STABLE_SECONDS = 60
MAX_PAUSE_SECONDS = 30
#: After this many failed starts in a row, while no other process serves, the supervisor ends.
MAX_FAILURES = 4
LOGGER = logging.getLogger('hypercorn.error')


@dataclass(eq=False)
class _Child:
    process: subprocess.Popen[bytes]
    # The process sends a byte when its app has started. A byte from here stops the process, while
    # others still serve its socket. The end stops all of them.
    connection: socket.socket
    started_at: float = field(default_factory=time.monotonic)
    has_started: bool = False
    # It is replaced after SIGHUP.
    is_outdated: bool = False
    is_stopping: bool = False

    def stop(self) -> None:
        self.is_stopping = True
        # After a signal alone it would let other processes go on with the socket.
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
        self.process.terminate()

    def replace(self) -> None:
        self.is_stopping = True
        # It may have ended.
        with suppress(OSError):
            self.connection.send(b'1')


class Supervisor:
    """Starts processes that serve an app on one socket, and replaces those that end.

    They start one after the other, so that an error at the start is printed once.
    """

    def __init__(
        self, app: str, listener: socket.socket, settings: Settings, *, is_inherited: bool
    ) -> None:
        """Serve an app, named as `MODULE:APP`, on a bound socket, which may be inherited."""
        self.app = app
        self.listener = listener
        self.settings = settings
        self.is_inherited = is_inherited
        self._children: list[_Child] = []
        # Of starts, and of processes that ended soon, in a row.
        self._failures = 0
        # Whether a process has started.
        self._has_started = False
        self._next_start = 0.0
        self._status: int | None = None
        self._kill_at = math.inf

    def run(self) -> int:
        """Serve until a signal, or until no process starts; return the exit status."""
        receiver, sender = socket.socketpair()
        receiver.setblocking(False)
        sender.setblocking(False)
        signal.set_wakeup_fd(sender.fileno())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD):
            # `set_wakeup_fd` reports signals that have a handler.
            signal.signal(number, lambda *_: None)
        while self._children or self._status is None:
            starting = [child for child in self._children if not child.has_started]
            ready, _, _ = select.select(
                [receiver, *(child.connection for child in starting)], (), (), self._timeout()
            )
            if receiver in ready:
                for received in receiver.recv(4096):
                    self._handle_signal(received)
            for child in starting:
                if child.connection in ready and child.connection.recv(1):
                    self._handle_start(child)
            for child in [child for child in self._children if child.process.poll() is not None]:
                self._handle_end(child)
            if time.monotonic() >= self._kill_at:
                self._kill_at = math.inf
                for child in self._children:
                    LOGGER.error('Process %d did not stop: killed', child.process.pid)
                self._kill()
            if self._needs_start() and time.monotonic() >= self._next_start:
                self._start()
        signals.ignore_stop()
        signal.set_wakeup_fd(-1)
        return self._status

    def _serving(self) -> list[_Child]:
        return [child for child in self._children if not child.is_stopping]

    def _needs_start(self) -> bool:
        """Return whether to start a process: one at a time."""
        if self._status is not None or not all(child.has_started for child in self._children):
            return False
        serving = self._serving()
        is_replacing = len(serving) < len(self._children)
        return len(serving) < self.settings.processes or (
            any(child.is_outdated for child in serving) and not is_replacing
        )

    def _timeout(self) -> float | None:
        if math.isfinite(self._kill_at):
            return max(0, self._kill_at - time.monotonic())
        if self._needs_start():
            return max(0, self._next_start - time.monotonic())
        return None

    def _start(self) -> None:
        connection, parent = socket.socketpair()
        command = (sys.executable, '-m', 'quart_session_demo.serve', self.app)
        filenos = (self.listener.fileno(), parent.fileno())
        options = [f'--bind=fd://{filenos[0]}', f'--parent={filenos[1]}']
        if self.is_inherited:
            options.append('--inherited')
        if self._has_started:
            options.append('--started')
        try:
            with parent:
                process = subprocess.Popen(  # noqa: S603
                    [*command, *options],
                    pass_fds=filenos,
                    # A signal to the whole group reaches the supervisor alone.
                    process_group=0,
                )
        except OSError as error:
            # This user may have too many processes now.
            connection.close()
            self._failures += 1
            self._handle_failure('A new process', str(error), has_started=False)
            return
        self._children.append(_Child(process, connection))

    def _handle_signal(self, number: int) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self._stop(0)
        elif number == signal.SIGQUIT:
            self._kill()
            os._exit(128 + number)
        elif number == signal.SIGHUP:
            for child in self._children:
                child.is_outdated = True

    def _stop(self, status: int) -> None:
        if self._status is None:
            self._status = status
            seconds = self.settings.graceful_timeout + ABANDON_SECONDS + 1
            self._kill_at = time.monotonic() + seconds
            # Otherwise connections would wait although no process accepts them.
            self.listener.close()
            for child in self._children:
                child.stop()

    def _kill(self) -> None:
        for child in self._children:
            child.process.kill()

    def _handle_start(self, child: _Child) -> None:
        child.has_started = True
        self._has_started = True
        serving = self._serving()
        if len(serving) > self.settings.processes:
            next(child for child in serving if child.is_outdated).replace()

    def _handle_end(self, child: _Child) -> None:
        self._children.remove(child)
        child.connection.close()
        if child.is_stopping:
            # A process that SIGTERM ends before it can handle signals has abandoned nothing.
            if self._status == 0 and child.process.returncode not in (0, -signal.SIGTERM):
                self._status = 1
            return
        is_early = time.monotonic() - child.started_at < STABLE_SECONDS
        self._failures = self._failures + 1 if is_early else 1
        self._handle_failure(
            f'Process {child.process.pid}',
            _describe(child.process.returncode),
            has_started=child.has_started,
        )

    def _handle_failure(self, name: str, result: str, *, has_started: bool) -> None:
        serving = self._serving()
        if not has_started and len(serving) >= self.settings.processes:
            LOGGER.error('%s did not start (%s): the others are not restarted', name, result)
            for other in serving:
                other.is_outdated = False
            return
        # What prevents the first start, such as an invalid setting, also prevents the next.
        max_failures = MAX_FAILURES if self._has_started else 0
        if not serving and not has_started and self._failures > max_failures:
            # It has printed why, unless it was killed, the system has refused it, or its app has
            # ended it.
            if not result.startswith('status ') or result == 'status 0':
                LOGGER.error('%s did not start (%s)', name, result)
            self._stop(1)
            return
        pause = min(2 ** (self._failures - 2), MAX_PAUSE_SECONDS) if self._failures > 1 else 0
        LOGGER.error('%s ended (%s): another one starts in %d s', name, result, pause)
        self._next_start = time.monotonic() + pause


def _describe(returncode: int) -> str:
    """Return the signal that ended a process, or its exit status."""
    return signal.Signals(-returncode).name if returncode < 0 else f'status {returncode}'
