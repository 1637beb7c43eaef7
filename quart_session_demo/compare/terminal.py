"""Where reports are printed."""

from rich.console import Console

# Of a terminal's width rich knows; a file takes a whole table.
FILE_WIDTH = 120


def standard_output() -> Console:
    """Return standard output, with room for a table where it is no terminal."""
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, FILE_WIDTH)
    return console
