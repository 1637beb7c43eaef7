"""Processes that a test expects to be gone."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil


def group(leader: int) -> list[int]:
    """Return the processes of the group that a process, which may be gone, has led."""
    members = []
    for pid in psutil.pids():
        with suppress(ProcessLookupError):
            if os.getpgid(pid) == leader:
                members.append(pid)
    return members


def wait_until_gone(pids: Iterable[int]) -> None:
    """Wait for the end of processes that were told to end, or killed a moment ago."""
    deadline = time.monotonic() + 30
    for pid in pids:
        while _runs(pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        # An ended orphan is a zombie until init, in a container at its leisure, takes note.
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
