"""Handle the signals that end this process: the processes that it started are stopped first."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: The signals that end a process and that it can handle.
TERMINATION_SIGNALS: tuple[signal.Signals, ...] = (
    signal.SIGINT,
    signal.SIGTERM,
)
# Windows has no SIGHUP. The app imports this module with its commands, and must start there too.
if hasattr(signal, 'SIGHUP'):
    TERMINATION_SIGNALS += (signal.SIGHUP,)
#: How long what runs may take to end after a signal, so that the command ends within a second.
GRACE_SECONDS = 0.5

# When the first signal was received, by the monotonic clock.
_received_at: float | None = None


class Interrupted(SystemExit):
    """A signal ends this process; the code is its exit status, such as 130 for Ctrl-C."""

    @property
    def signal_name(self) -> str:
        """The signal's name, such as SIGINT."""
        return signal.Signals(int(self.code or 0) - 128).name


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Defer the signals that end this process until the block has ended."""
    if threading.current_thread() is not threading.main_thread():
        # Python handles signals in the main thread only.
        yield
        return
    received: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: received.append(number))
        for number in TERMINATION_SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if received:
        signal.raise_signal(received[0])


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Make the signals that end this process raise `Interrupted`, so `with` stops the servers."""
    global _received_at
    _received_at = None
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # nohup makes a process ignore SIGHUP; it stays ignored.
    handlers = {
        number: signal.signal(number, _interrupt)
        for number in TERMINATION_SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def remaining_seconds(limit: float) -> float:
    """Return how long to wait for what ends: less than the limit after a signal was received."""
    if _received_at is None:
        return limit
    return min(limit, max(0.0, _received_at + GRACE_SECONDS - time.monotonic()))


def _interrupt(number: int, _: FrameType | None) -> None:
    global _received_at
    now = time.monotonic()
    # The first signal is already ending the process. A later one interrupts what does not end.
    if _received_at is None or now > _received_at + 2 * GRACE_SECONDS:
        _received_at = _received_at or now
        raise Interrupted(128 + number)
