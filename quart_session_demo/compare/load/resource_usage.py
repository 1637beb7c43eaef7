"""Measure the processor time and memory of a server's processes."""

from contextlib import suppress

import psutil


class ResourceUsage:
    """The resources used by a server process and its children.

    The children are listed once. When a child exits, the system adds its processor time to its
    parent's.
    """

    def __init__(self, pid: int) -> None:
        """List the processes: none if the server has exited."""
        self._processes: list[psutil.Process] = []
        with suppress(psutil.Error):
            server = psutil.Process(pid)
            self._processes = [server, *server.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Return the processor time used since the processes started, in seconds."""
        total = 0.0
        for process in self._processes:
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def memory(self) -> int:
        """Return the memory in use, in bytes.

        On Linux a page shared by several processes counts once (PSS). Elsewhere it counts in
        each process (RSS).
        """
        total = 0
        for process in self._processes:
            with suppress(psutil.Error):
                info = process.memory_full_info()
                total += getattr(info, 'pss', info.rss)
        return total
