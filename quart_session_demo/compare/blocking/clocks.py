"""Read what two threads did: the event loop's, and the one that watches it."""

import ctypes
import os
import threading
import time
from contextlib import suppress
from functools import cache
from typing import NamedTuple


class Reading(NamedTuple):
    """What the clocks show, in seconds.

    Attributes:
        time: The monotonic clock.
        worked: The processor time of the loop's thread.
        waited: How long the loop's thread waited for a processor that other programs used.
        own_waited: How long the thread that reads the clocks waited for a processor.
    """

    time: float
    worked: float
    waited: float
    own_waited: float


class Clocks:
    """The clocks of the event loop's thread; make and read them in the thread that watches it."""

    def __init__(self, loop_thread: threading.Thread) -> None:
        """Prepare the clocks of a thread, and of the current one."""
        self._ident = loop_thread.ident or 0
        self._files = [_open_schedule(loop_thread), _open_schedule(threading.current_thread())]

    def read(self) -> Reading:
        """Return what the clocks show."""
        file, own_file = self._files
        if file is None or own_file is None:
            return Reading(time.monotonic(), self._processor_time(), 0, 0)
        worked, waited = _read_schedule(file)
        return Reading(time.monotonic(), worked, waited, _read_schedule(own_file)[1])

    def waited(self) -> float:
        """Return how long the loop's thread waited for a processor that other programs used."""
        file = self._files[0]
        return 0 if file is None else _read_schedule(file)[1]

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            if file is not None:
                os.close(file)

    def _processor_time(self) -> float:
        if hasattr(time, 'pthread_getcpuclockid'):
            return time.clock_gettime(time.pthread_getcpuclockid(self._ident))
        # macOS has no clock of another thread. This one counts all threads.
        return time.process_time()


def _open_schedule(thread: threading.Thread) -> int | None:
    """Open the file in which Linux counts a thread's times (kernel: sched-stats.rst)."""
    with suppress(OSError):
        return os.open(f'/proc/self/task/{thread.native_id}/schedstat', os.O_RDONLY)
    return None


def _read_schedule(file: int) -> tuple[float, float]:
    """Return for how many seconds a thread ran, and waited for a processor."""
    buffer = ctypes.create_string_buffer(100)
    # Unlike `os.pread`, this lets no other thread run: the event loop would go on before the clocks
    # are read, and its next call might block this thread, too.
    _c_library().pread(file, buffer, len(buffer), ctypes.c_long(0))
    worked, waited, _ = buffer.value.split()
    return int(worked) / 1e9, int(waited) / 1e9


@cache
def _c_library() -> ctypes.PyDLL:
    return ctypes.PyDLL(None)
