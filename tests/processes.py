"""Starting and waiting for processes, and waiting for other things that take time."""

import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

#: The variable of that name with the programs of this Python first, such as `quart`.
PATH = f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'


def group(leader: int) -> list[int]:
    """Return the processes in the group of this leader, which may have ended."""
    members = []
    for pid in psutil.pids():
        with suppress(ProcessLookupError):
            if os.getpgid(pid) == leader:
                members.append(pid)
    return members


def wait_until_gone(pids: Iterable[int]) -> None:
    """Wait up to 30 seconds until all of these processes have ended."""
    remaining = list(pids)
    wait_until(lambda: not any(map(_runs, remaining)))


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true; after 30 seconds the test fails."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        # In a container an ended orphan may stay a zombie for long.
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
