"""Tables of text: aligned for a terminal, and in Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quart_session_demo.terminal import Terminal, cell_width, pad, wrap

#: The spaces between two columns.
GAP = '  '


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        title: The title: a scenario's name, or another word.
        description: What the table shows.
        header: The columns' titles.
        rows: The cells.
    """

    title: str
    description: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def print(self, terminal: Terminal, *, markdown: bool = False) -> None:
        """Print the table: aligned on a terminal, otherwise, or if asked for, in Markdown."""
        if markdown or terminal.columns is None:
            terminal.write(f'{self.markdown()}\n')
        else:
            terminal.write(''.join(f'{line}\n' for line in self.aligned(terminal.columns)))

    def markdown(self) -> str:
        """Return the table in Markdown, with columns of equal width."""
        lines = [self.header, *self.rows]
        widths = self._widths()
        padded = [[*map(pad, line, widths)] for line in lines]
        padded.insert(1, ['-' * width for width in widths])
        return '\n'.join(f'| {" | ".join(line)} |' for line in padded)

    def aligned(self, width: int) -> Iterator[str]:
        """Yield the lines of the table for a terminal of this width.

        If the columns are too wide, the widest cells have several lines. If that is not enough,
        each cell has its own line, with the column's title.
        """
        widths = self._widths()
        minimums = [
            max((cell_width(word) for cell in column for word in cell.split()), default=1)
            for column in self._columns()
        ]
        while sum(widths) + len(GAP) * (len(widths) - 1) > width:
            spare = [full - least for full, least in zip(widths, minimums, strict=True)]
            widest = max(range(len(widths)), key=lambda index: (spare[index] > 0) * widths[index])
            if spare[widest] <= 0:
                yield from self._blocks(width)
                return
            widths[widest] -= 1
        for line in (self.header, *self.rows):
            cells = [wrap(cell, size) for cell, size in zip(line, widths, strict=True)]
            for number in range(max(map(len, cells))):
                parts = (cell[number] if number < len(cell) else '' for cell in cells)
                yield GAP.join(map(pad, parts, widths)).rstrip()

    def _blocks(self, width: int) -> Iterator[str]:
        column = max(map(cell_width, self.header))
        for number, row in enumerate(self.rows):
            if number:
                yield ''
            for title, cell in zip(self.header, row, strict=True):
                prefix = f'{pad(title, column)}{GAP}'
                yield from wrap(cell, width, indent=len(prefix), prefix=prefix)

    def _columns(self) -> Iterator[tuple[str, ...]]:
        return zip(self.header, *self.rows, strict=True)

    def _widths(self) -> list[int]:
        return [max(map(cell_width, column)) for column in self._columns()]
