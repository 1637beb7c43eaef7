"""A standard error that does not block the server, also if nobody reads it."""

import atexit
import io
import os
import queue
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: How many messages can wait for a reader. Further ones are dropped.
MAX_MESSAGES = 1000
#: How long the end of the process waits until its messages are written.
FLUSH_SECONDS = 1
FILENO = 2


class ThreadedStream(io.RawIOBase):
    """A stream to standard error that writes in a thread, because a full pipe blocks."""

    name = '<stderr>'

    def __init__(self) -> None:
        """Start the thread."""
        # An event is set when everything before it is written.
        # A signal handler or `__del__` can print while `put` runs: `Queue` would wait forever.
        self._messages: queue.SimpleQueue[bytes | threading.Event] | None = queue.SimpleQueue()
        self._dropped = 0
        threading.Thread(target=self._write_messages, args=(self._messages,), daemon=True).start()
        # A process that the app forks does not have the thread.
        os.register_at_fork(after_in_child=self._write_without_thread)

    def write(self, data: 'Buffer') -> int:
        """Write data soon, or drop them if too many others wait."""
        message = bytes(data)
        if self._messages is None:
            _write(message)
            return len(message)
        if self._messages.qsize() < MAX_MESSAGES:
            self._messages.put(message)
        else:
            self._dropped += 1
        return len(message)

    def wait(self) -> None:
        """Wait until everything is written, or for a second."""
        written = threading.Event()
        if self._messages is not None:
            self._messages.put(written)
            written.wait(FLUSH_SECONDS)

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Return whether standard error is a terminal."""
        return os.isatty(FILENO)

    def fileno(self) -> int:
        """Return the file descriptor, which programs that the app starts write to."""
        return FILENO

    def _write_without_thread(self) -> None:
        self._messages = None

    def _write_messages(self, messages: queue.SimpleQueue[bytes | threading.Event]) -> None:
        while True:
            message = messages.get()
            if isinstance(message, threading.Event):
                message.set()
                continue
            _write(message)
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                _write(b'%d messages were dropped, because standard error was full\n' % dropped)


def install() -> None:
    """Replace `sys.stderr`, and open the standard streams that are closed.

    Code in C and programs that the app starts write to the file descriptor itself. They still wait
    for a reader.
    """
    for fileno in range(3):
        try:
            os.fstat(fileno)
        except OSError:
            # Otherwise the listening socket could get this number, and receive what is printed.
            os.open(os.devnull, os.O_RDWR)
    # Apps use `buffer` and `reconfigure` of Python's own stream. A line is one message: the parts
    # that `print` writes would mix with those of other processes.
    sys.stderr = io.TextIOWrapper(
        ThreadedStream(), encoding='utf-8', errors='backslashreplace', line_buffering=True
    )
    atexit.register(flush)


def flush() -> None:
    """Wait until what was printed on standard error is written, or for a second."""
    stream = getattr(sys.stderr, 'buffer', None)
    if isinstance(stream, ThreadedStream):
        # The text after the last line. The app may have closed the stream.
        with suppress(ValueError):
            sys.stderr.flush()
        stream.wait()


def _write(message: bytes) -> None:
    # The reader may have ended.
    with suppress(OSError):
        while message:
            message = message[os.write(FILENO, message) :]
