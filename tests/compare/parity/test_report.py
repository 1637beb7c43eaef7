"""The report of `compare parity`: folded steps, causes, and the last line."""

from io import StringIO
from typing import Any

import pytest

from quart_session_demo.compare.harness.fields import Field
from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.parity.comparison import StepResult
from quart_session_demo.compare.parity.diff import ABSENT, Difference
from quart_session_demo.compare.parity.report import print_report
from quart_session_demo.terminal import Terminal, cell_width


class Screen(StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('COLUMNS', '80')
    monkeypatch.delenv('NO_COLOR', raising=False)


def result(name: str, **values: tuple[str, str]) -> StepResult:
    """Return the result of a step in which these headers differ."""
    differences = (Difference(Field(field), *pair) for field, pair in values.items())
    return StepResult(Step(name, '/' + name), differences=tuple(differences))


VARY = {'vary': ('Cookie', ABSENT)}
RESULTS = [
    *(result(f'vary-{number}', **VARY) for number in range(22)),
    *(result(f'same-{number}') for number in range(30)),
    *(result(f'token-{number}', body=(f'a{number}', f'b{number}')) for number in range(3)),
    result('gone', status=('200', '404'), etag=(ABSENT, '')),
    result('same-again'),
]


def report(stream: StringIO, results: list[StepResult], **options: Any) -> list[str]:
    print_report(Terminal(stream), results, len(results), **options)
    return stream.getvalue().splitlines()


def test_differences_are_grouped_by_cause() -> None:
    """Each cause is one line, that of most steps first; values that vary are one cause."""
    lines = report(StringIO(), RESULTS)

    start = lines.index('The differences by cause:')
    assert lines[start + 1 : -1] == [
        '    vary: 22 steps, Flask sends Cookie, Quart nothing',
        '    body: 3 steps, other values in each, such as: Flask sends a0, Quart b0',
        '    status: 1 step, Flask sends 200, Quart 404',
        '    etag: 1 step, Flask sends nothing, Quart (empty)',
    ]
    assert lines[:2] == ['   Request          Step', '✗  GET /vary-0      vary-0']
    assert lines[-1] == '57 steps: 31 the same, 0 different on purpose, 26 different.'


def test_terminal_folds_passing_steps() -> None:
    """In a terminal several steps without a difference are one line; `--verbose` shows each."""
    folded = report(Screen(), RESULTS)
    unfolded = report(Screen(), RESULTS, verbose=True)
    piped = report(StringIO(), RESULTS)

    assert '\x1b[32m✓\x1b[0m  30 steps without a difference' in folded
    assert sum('same-' in line for line in folded) == 1
    for lines in (unfolded, piped):
        assert sum('same-' in line for line in lines) == 31


def test_last_line_of_a_failure_is_red() -> None:
    """The last line is red if there is a difference or the run was stopped, and else not."""
    stopped = Screen()
    print_report(Terminal(stopped), RESULTS[22:30], 57)

    assert report(Screen(), RESULTS)[-1].startswith('\x1b[31m57 steps: ')
    assert stopped.getvalue().splitlines()[-1].startswith('\x1b[31mstopped after 8 of 57 steps: ')
    assert '\x1b[31m' not in report(Screen(), RESULTS[22:30])[-1]


def test_long_values_fit_in_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is too wide: not with long paths, long values, or Chinese text."""
    monkeypatch.setenv('NO_COLOR', '1')
    body = '你好' * 100 + 'Flask', '你好' * 100 + 'Quart'

    lines = report(Screen(), [result('x' * 200, body=body, etag=('y' * 50, 'z' * 99))])

    assert max(map(cell_width, lines)) <= 80
    # The part that differs is shown.
    assert '好Flask,' in ''.join(line.strip() for line in lines)
