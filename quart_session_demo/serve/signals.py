"""What the signals do in each process of the starter, until it serves."""

import os
import signal
import sys
from types import FrameType


def install() -> None:
    """Handle the signals of the starter.

    SIGTERM and SIGINT end the process, SIGQUIT ends it at once, and SIGHUP, SIGUSR1 and SIGUSR2 do
    nothing. An ignored SIGHUP, as under nohup, stays ignored.
    """
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGINT, _exit)
    signal.signal(signal.SIGQUIT, _exit_at_once)
    signal.signal(signal.SIGUSR1, _do_nothing)
    signal.signal(signal.SIGUSR2, _do_nothing)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _do_nothing)


def ignore_stop() -> None:
    """Ignore further signals to stop, which would change the status of a process that ends."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _exit(number: int, frame: FrameType | None) -> None:
    # Nothing is served yet.
    ignore_stop()
    sys.exit(0)


def _exit_at_once(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)


# Not SIG_IGN, which programs that the app starts would inherit.
def _do_nothing(number: int, frame: FrameType | None) -> None:
    pass
