"""What a server writes to its standard output and error."""

import os
import tempfile
import time

#: How many lines an error shows.
LINES = 12
#: How many bytes are read for that.
BYTES = 10_000
#: How many lines of the log of a failed request are shown: a traceback, and warnings after it.
FAILURE_LINES = 20
#: The end of Python's warning about a missing `await`.
NEVER_AWAITED = 'was never awaited'
#: A server that writes nothing for so long has written the whole log of a failed request.
PAUSE_SECONDS = 0.1
#: How long to wait at most for that.
MAX_SECONDS = 2


class ServerLog:
    """The log of a server, in a temporary file.

    Attributes:
        file: The file, to which the server writes. The server closes it when it stops.
    """

    def __init__(self) -> None:
        """Make the file."""
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `Server.stop`

    def size(self) -> int:
        """Return how many bytes the server has written."""
        return os.fstat(self.file.fileno()).st_size

    def tail(self, lines: int = LINES) -> str:
        """Return the last lines, at most so many."""
        return '\n'.join(self.lines()[-lines:])

    def lines(self, start: int = 0) -> list[str]:
        """Return the lines in the last `BYTES`, without those before `start`, a former `size`."""
        # Unlike `read`, `pread` does not move the position at which the server writes.
        begin = max(start, self.size() - BYTES)
        return os.pread(self.file.fileno(), BYTES, begin).decode(errors='replace').splitlines()

    def has_missing_await(self, start: int) -> bool:
        """Return whether Python warned about a missing `await`, which may fail without a 500."""
        return any(NEVER_AWAITED in line for line in self.lines(start))

    def of_failure(self, start: int) -> list[str]:
        """Return the last lines of a failed request, as soon as the server writes no more.

        Args:
            start: The `size` before the request.

        Returns:
            The lines. First there are earlier warnings about a missing `await`: they may explain
            the traceback.
        """
        deadline = time.monotonic() + MAX_SECONDS
        size = -1
        while size != self.size() and time.monotonic() < deadline:
            size = self.size()
            time.sleep(PAUSE_SECONDS)
        lines = self.lines(start)
        warnings = [line for line in lines[:-FAILURE_LINES] if NEVER_AWAITED in line]
        return warnings + lines[-FAILURE_LINES:]
