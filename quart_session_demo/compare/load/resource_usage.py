"""What a server uses: its process and all that it started."""

from contextlib import suppress

import psutil


class Usage:
    """The processes of a server, found once.

    Those that end later on are counted by the process that started them, as the system does it.
    """

    def __init__(self, pid: int) -> None:
        """Find the processes; there are none when the server has died."""
        self._processes: list[psutil.Process] = []
        with suppress(psutil.Error):
            server = psutil.Process(pid)
            self._processes = [server, *server.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Return the processor time that they used since they started."""
        total = 0.0
        for process in self._processes:
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def memory(self) -> int:
        """Return the bytes of memory that they use.

        On Linux a page that several processes share counts once (PSS); elsewhere in each (RSS).
        """
        total = 0
        for process in self._processes:
            with suppress(psutil.Error):
                info = process.memory_full_info()
                total += getattr(info, 'pss', info.rss)
        return total
