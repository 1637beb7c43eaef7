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

    def tail(self, lines: int = LINES, start: int = 0) -> str:
        """Return the last lines.

        Args:
            lines: How many lines at most.
            start: A former `size`. Lines before it are left out.
        """
        # Unlike `read`, `pread` does not move the position at which the server writes.
        begin = max(start, self.size() - BYTES)
        text = os.pread(self.file.fileno(), BYTES, begin)
        return '\n'.join(text.decode(errors='replace').splitlines()[-lines:])

    def of_failure(self, start: int) -> str:
        """Return the last lines of a failed request, as soon as the server writes no more.

        Args:
            start: The `size` before the request.
        """
        deadline = time.monotonic() + MAX_SECONDS
        size = -1
        while size != self.size() and time.monotonic() < deadline:
            size = self.size()
            time.sleep(PAUSE_SECONDS)
        return self.tail(FAILURE_LINES, start)
