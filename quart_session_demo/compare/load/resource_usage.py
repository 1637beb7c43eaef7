"""Measure the processor time and memory of a server's processes."""

from contextlib import suppress
from pathlib import Path

import psutil


class ResourceUsage:
    """The resources used by a server process and its children.

    When a child exits, the system adds its processor time to its parent's.
    """

    def __init__(self, pid: int) -> None:
        """Remember the server's process id."""
        self._pid = pid

    def _processes(self) -> list[psutil.Process]:
        """Return the processes: none if the server has exited."""
        with suppress(psutil.Error):
            server = psutil.Process(self._pid)
            return [server, *server.children(recursive=True)]
        return []

    def cpu_seconds(self) -> float:
        """Return the processor time used since the processes started, in seconds."""
        total = 0.0
        for process in self._processes():
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def memory(self) -> int:
        """Return the memory in use, in bytes, as if no other server ran.

        On Linux the processes' own memory counts once where a fork shares it. The files that they
        map, such as Python's libraries, count once: other servers map them too, so their
        proportional part (PSS) would depend on how many of these run. Elsewhere all memory counts
        in each process (RSS).
        """
        own, files = 0, [0]
        for process in self._processes():
            with suppress(psutil.Error):
                try:
                    own += _kilobytes(process.pid, 'smaps_rollup', 'Pss_Anon', 'Pss_Shmem')
                    files.append(_kilobytes(process.pid, 'status', 'RssFile'))
                except OSError:
                    own += process.memory_info().rss
        return own + max(files)


def _kilobytes(pid: int, file: str, *names: str) -> int:
    """Return the sum of some lines of a file in /proc, in bytes.

    Raises:
        OSError: There is no such file, or no such line in it.
    """
    lines = Path(f'/proc/{pid}/{file}').read_text('ascii').splitlines()
    sizes = [line.split() for line in lines]
    found = [int(size[1]) * 1024 for size in sizes if size[0].removesuffix(':') in names]
    if not found:
        raise OSError(f'{file} has no such line')
    return sum(found)
