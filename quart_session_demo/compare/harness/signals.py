"""Handle the signals that end this process: the processes that it started are stopped first."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: The signals that end a process and that it can handle.
TERMINATION_SIGNALS = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
)


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


def exit_on_signals() -> None:
    """Make the signals that end this process raise `SystemExit`, so `with` stops the servers."""
    for number in TERMINATION_SIGNALS:
        # nohup makes a process ignore SIGHUP; it stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: sys.exit(128 + number))
