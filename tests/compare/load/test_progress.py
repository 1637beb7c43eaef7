"""How far a run is, on standard error."""

import sys
from io import StringIO
from pathlib import Path

import pytest

from quart_session_demo.compare.load import progress
from quart_session_demo.compare.load.progress import Progress
from quart_session_demo.terminal import Terminal

COLUMNS = 40


class Screen(StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv('COLUMNS', str(COLUMNS))
    screen = Screen()
    # Before each test pytest replaces standard error.
    monkeypatch.setattr(progress, 'standard_error', lambda: Terminal(screen))
    return screen


def visible(text: str) -> list[str]:
    """Return the lines that a terminal shows: a carriage return goes back to the beginning."""
    lines = []
    for line in text.split('\n'):
        cells: list[str] = []
        for part in line.split('\r'):
            cells[: len(part)] = part
        lines.append(''.join(cells).rstrip())
    return lines


def test_terminal_has_one_line_that_changes(screen: Screen) -> None:
    """In a terminal each state replaces the one before, also a longer one."""
    shown = Progress(130)
    shown.begin('session, 8 users')
    first = visible(screen.getvalue())
    shown.show('block 12')
    second = visible(screen.getvalue())
    shown.begin('mixed')
    third = visible(screen.getvalue())

    assert first == ['session, 8 users, about 2 minutes left']
    assert second == ['session, 8 users, b…bout 2 minutes left']
    assert third == ['mixed, about 2 minutes left']


def test_line_fits_in_the_terminal(screen: Screen) -> None:
    """A line that does not fit is cut: a longer one would stay in the terminal."""
    shown = Progress(130)
    shown.begin('session, 256 users')
    shown.show('Flask 256 threads, 12,345 requests/s')

    parts = screen.getvalue().split('\r')
    assert max(map(len, parts)) == COLUMNS - 1
    assert all('\n' not in part for part in parts)


def test_notes_stay_in_the_terminal(screen: Screen) -> None:
    """A note has a line of its own, without the rest of the line that changes."""
    shown = Progress(1)
    shown.begin('session, 8 users')
    shown.note('a note')
    shown.show('block 1')
    shown.clear()

    assert visible(screen.getvalue()) == ['a note', '']


def test_late_run_has_a_minute_left(screen: Screen) -> None:
    """A run that takes longer than estimated never has less than a minute left."""
    shown = Progress(-600)
    shown.begin('mixed')

    assert visible(screen.getvalue()) == ['mixed, about 1 minute left']


def test_file_has_a_line_for_each_part(capsys: pytest.CaptureFixture[str]) -> None:
    """A file or pipe gets the notes and the parts, each in a line, and no states."""
    shown = Progress(60)
    shown.note('a note')
    for part in ('session, 8 users', 'mixed, 8 users'):
        shown.begin(part)
        shown.show('block 1')
    shown.clear()

    assert capsys.readouterr().err == 'a note\nsession, 8 users\nmixed, 8 users\n'


def use(shown: Progress) -> None:
    shown.note('a note')
    shown.begin('session')
    shown.show('block 1')
    shown.clear()


def test_closed_standard_error_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a standard error nothing is shown, and nothing fails."""
    monkeypatch.setattr(sys, 'stderr', None)

    use(Progress(1))


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='needs /dev/full')
def test_full_standard_error_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """If standard error cannot be written, nothing fails."""
    with Path('/dev/full').open('w') as full:
        monkeypatch.setattr(sys, 'stderr', full)

        use(Progress(1))
