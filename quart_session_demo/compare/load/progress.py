"""Show how far a run is, on standard error."""

import time

from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.terminal import cut, standard_error


class Progress:
    """The progress of a run: in a terminal one line that changes, else a line for each part."""

    def __init__(self, seconds: float) -> None:
        """Show nothing yet.

        Args:
            seconds: The estimated time of the whole run.
        """
        self._terminal = standard_error()
        self._seconds = seconds
        self._started = time.monotonic()
        self._part = ''
        self._last = ''

    def note(self, text: str) -> None:
        """Print a line that stays."""
        self.clear()
        self._terminal.print(text)

    def begin(self, part: str) -> None:
        """Begin a part of the run, such as a scenario."""
        self._part = part
        if self._terminal.columns is None:
            self._terminal.print(part)
        else:
            self.show('')

    def show(self, text: str) -> None:
        """Show what is measured now, in a terminal."""
        if self._terminal.columns is None:
            return
        remaining = self._started + self._seconds - time.monotonic()
        minutes = pluralize(max(1, round(remaining / 60)), 'minute')
        parts = (self._part, text, f'about {minutes} left')
        # In a longer line the terminal would not go back to its beginning.
        line = cut(', '.join(filter(None, parts)), self._terminal.columns - 1)
        self._terminal.write(f'\r{line.ljust(len(self._last))}')
        self._last = line

    def clear(self) -> None:
        """Remove the line that changes."""
        if self._last:
            self._terminal.write(f'\r{" " * len(self._last)}\r')
            self._last = ''
