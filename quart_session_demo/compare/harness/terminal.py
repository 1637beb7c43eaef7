"""Where reports are printed."""

import sys
from io import TextIOWrapper

from rich.console import Console

# Of a terminal's width rich knows; a file takes a whole table.
FILE_WIDTH = 120


class ReportConsole(Console):
    """Has room for a table where it is no terminal, and does not end us itself."""

    def __init__(self, *, stderr: bool = False) -> None:
        """Take standard output or standard error."""
        super().__init__(stderr=stderr)
        if not self.is_terminal:
            self.width = max(self.width, FILE_WIDTH)

    def on_broken_pipe(self) -> None:
        """Leave the exit status to the command."""
        # rich calls this where it handles the error.
        raise


def standard_output() -> Console:
    """Return standard output, with room for a table where it is no terminal."""
    # Not every encoding has a tick.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors='backslashreplace')
    return ReportConsole()


def standard_error() -> Console:
    """Return standard error, with room for a table where it is no terminal."""
    return ReportConsole(stderr=True)
