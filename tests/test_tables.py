"""Tables: aligned in a terminal of any width, and in Markdown."""

from io import StringIO

import pytest

from quart_session_demo.tables import Table
from quart_session_demo.terminal import Terminal, cell_width

TABLE = Table(
    'session',
    'The figures.',
    ('server', 'requests/s', 'failed'),
    (('Flask 8 threads', '1,530 (1,500 to 1,560)', '0'), ('中文', '2', '10')),
)


def test_wide_terminal_gets_one_line_a_row() -> None:
    """The columns are aligned, also beside Chinese text."""
    assert list(TABLE.aligned(80)) == [
        'server           requests/s              failed',
        'Flask 8 threads  1,530 (1,500 to 1,560)  0',
        '中文             2                       10',
    ]


@pytest.mark.parametrize('width', range(24, 50))
def test_narrow_terminal_wraps_cells(width: int) -> None:
    """In any width no line is too long, and each word is whole."""
    lines = list(TABLE.aligned(width))

    assert max(map(cell_width, lines)) <= width
    words = {word for row in (TABLE.header, *TABLE.rows) for cell in row for word in cell.split()}
    assert {word for line in lines for word in line.split()} == words


def test_very_narrow_terminal_gets_a_line_a_cell() -> None:
    """Where the columns do not fit, each cell stands beside its title."""
    assert list(TABLE.aligned(22)) == [
        'server      Flask 8',
        '            threads',
        'requests/s  1,530',
        '            (1,500 to',
        '            1,560)',
        'failed      0',
        '',
        'server      中文',
        'requests/s  2',
        'failed      10',
    ]


def test_pipe_gets_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal the table is Markdown; in a terminal only if asked for."""

    class Screen(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv('COLUMNS', '80')
    pipe, screen, asked = StringIO(), Screen(), Screen()
    TABLE.print(Terminal(pipe))
    TABLE.print(Terminal(screen))
    TABLE.print(Terminal(asked), markdown=True)

    assert pipe.getvalue() == asked.getvalue() == f'{TABLE.markdown()}\n'
    assert screen.getvalue().splitlines() == list(TABLE.aligned(80))
