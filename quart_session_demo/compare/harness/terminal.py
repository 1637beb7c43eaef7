"""Consoles on which reports are printed."""

import sys
from io import TextIOWrapper

from rich.console import Console

#: The smallest width of a table in a file or pipe. In a terminal, rich uses the terminal's width.
FILE_WIDTH = 120


class ReportConsole(Console):
    """A console that is wide enough for a table in a file, and that raises on a broken pipe."""

    def __init__(self, *, stderr: bool = False) -> None:
        """Write to standard output or standard error."""
        super().__init__(stderr=stderr)
        if not self.is_terminal:
            self.width = max(self.width, FILE_WIDTH)

    def on_broken_pipe(self) -> None:
        """Raise the error again: the command decides the exit status."""
        # rich calls this method in an `except` block.
        raise


def standard_output() -> Console:
    """Return a console on standard output."""
    # Some encodings have no check mark.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors='backslashreplace')
    return ReportConsole()


def standard_error() -> Console:
    """Return a console on standard error."""
    return ReportConsole(stderr=True)
