"""Report the results as text."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.harness.recording import IGNORED_HEADERS
from quart_session_demo.compare.harness.steps import ExpectedDifference
from quart_session_demo.compare.parity.causes import Cause, find_causes
from quart_session_demo.compare.parity.comparison import StepResult
from quart_session_demo.compare.parity.diff import ABSENT, Difference
from quart_session_demo.terminal import Terminal, cell_width, cut, pad

#: How many characters of a value are shown, around the first character that differs.
EXCERPT_LENGTH = 60
#: The mark of a step without a difference.
SAME = '✓'
#: The width of a mark and the spaces after it.
MARK_WIDTH = 3


def count_results(results: Sequence[StepResult]) -> dict[str, int]:
    """Return the number of steps, and of those that are the same and different."""
    steps = [result for result in results if result.step.restart is None]
    same = sum(step.same for step in steps)
    different = sum(step.unexpected for step in steps)
    return {
        'steps': len(steps),
        'same': same,
        'on_purpose': len(steps) - same - different,
        'different': different,
    }


def print_report(
    terminal: Terminal, results: Sequence[StepResult], total: int, *, verbose: bool = False
) -> None:
    """Print each step with its differences, the reasons for expected ones, and a summary.

    Args:
        terminal: Where to print.
        results: The results so far.
        total: The number of steps in the file. With fewer results, the run was stopped.
        verbose: Whether to print each step. Otherwise a terminal shows steps without a difference,
            one after the other, in one line.
    """
    differences = [item for result in results for item in result.differences]
    shown = list(dict.fromkeys(item.expected for item in differences if item.expected))
    _print_steps(terminal, results, shown, folds=terminal.columns is not None and not verbose)
    terminal.print()
    for number, expected in enumerate(shown, 1):
        where = '' if expected.steps else f', at every step ({", ".join(expected.fields)})'
        terminal.print(f'On purpose{where}: {expected.reason}', prefix=f'({number}) ', indent=4)
    if causes := find_causes(results):
        if shown:
            terminal.print()
        terminal.print('The differences by cause:', color='bold')
        for cause in causes:
            terminal.print(_cause_text(cause), prefix='  ', indent=4)
    counts = count_results(results)
    stopped = f'stopped after {counts["steps"]} of ' if counts['steps'] < total else ''
    summary = ('{same} the same, {on_purpose} different on purpose, {different} different.').format(
        **counts
    )
    color = 'red' if stopped or counts['different'] else 'bold'
    terminal.print(f'{stopped}{pluralize(total, "step")}: {summary}', color=color)


def print_ignored_headers(terminal: Terminal) -> None:
    """Print what is not compared, and why."""
    terminal.print(
        'Not compared, because it depends on the server alone: the case and the order of headers, '
        'and these headers:'
    )
    for name, reason in IGNORED_HEADERS.items():
        terminal.print(f'{name}: {reason}', prefix='  ', indent=4)


def _print_steps(
    terminal: Terminal,
    results: Sequence[StepResult],
    shown: Sequence[ExpectedDifference],
    *,
    folds: bool,
) -> None:
    """Print a line for each step, with its differences below."""
    requests = ['Request', *map(_request, results)]
    # In a terminal a long path must not push the names into the last columns.
    width = min(max(map(cell_width, requests)), (terminal.columns or sys.maxsize) // 2)
    indent = MARK_WIDTH + width + 2
    terminal.print('Step', prefix=f'{" " * MARK_WIDTH}{pad("Request", width)}  ')
    runs = groupby(results, lambda result: folds and result.step.restart is None and result.same)
    for is_folded, run in runs:
        steps = list(run)
        if is_folded and len(steps) > 1:
            text = f'{len(steps)} steps without a difference'
            terminal.print(text, prefix=f'{SAME}  ', indent=MARK_WIDTH, color='green')
            continue
        for result in steps:
            if result.step.restart is not None:
                terminal.print(result.step.name, color='bold')
                continue
            mark, color = _mark(result)
            request = pad(cut(_request(result), width), width)
            prefix = f'{mark}  {request}  '
            terminal.print(result.step.name, prefix=prefix, indent=indent, color=color)
            for line in _lines(result.differences, shown):
                terminal.print(line, prefix=' ' * MARK_WIDTH, indent=MARK_WIDTH + 2)
            for line in _log_lines(result):
                # The indentation of a traceback.
                text = line.lstrip()
                before = ' ' * (MARK_WIDTH + len(line) - len(text))
                terminal.print(text, prefix=before, indent=len(before) + 2)


def _request(result: StepResult) -> str:
    return '' if result.step.restart else f'{result.step.method} {result.step.path}'


def _mark(result: StepResult) -> tuple[str, str]:
    """Return the mark of a step, and its color."""
    if result.unexpected:
        return '✗', 'red'
    return (SAME, 'green') if result.same else ('≠', 'yellow')


def _cause_text(cause: Cause) -> str:
    difference, *_ = cause.differences
    steps = pluralize(len(cause.differences), 'step')
    if difference.sync == difference.async_:
        how = difference.sync
    else:
        verb = 'has' if difference.field.kind in ('session', 'capture') else 'sends'
        sync, async_ = (
            'nothing' if value == ABSENT else value or '(empty)' for value in _excerpts(difference)
        )
        how = f'Flask {verb} {sync}, Quart {async_}'
    return f'{difference.field}: {steps}, {"other values in each, such as: " * cause.varies}{how}'


def _lines(differences: Iterable[Difference], shown: Sequence[ExpectedDifference]) -> Iterator[str]:
    """Yield one line for each difference, with the number of its reason.

    A difference that is expected at every step has no line: it is printed below all steps.
    """
    for difference in differences:
        expected = difference.expected
        if expected and not expected.steps:
            continue
        sync, async_ = _excerpts(difference)
        number = f' ({shown.index(expected) + 1})' if expected else ''
        yield f'{difference.field}: Flask {sync}, Quart {async_}{number}'


def _log_lines(result: StepResult) -> Iterator[str]:
    """Yield the lines of the logs of the servers that failed."""
    for name, lines in (('Flask', result.sync_log), ('Quart', result.async_log)):
        if lines:
            yield f"The end of {name}'s log:"
        for line in lines:
            yield f'  {line}'


def _excerpts(difference: Difference) -> list[str]:
    """Return the values, cut around the first character that differs if they are long."""
    excerpts = []
    values = difference.sync, difference.async_
    for value, equal in zip(values, difference.first_difference, strict=True):
        # Escaped, so that an excerpt is one line.
        escaped, same = repr(value)[1:-1], len(repr(value[:equal])[1:-1])
        start = max(0, same - EXCERPT_LENGTH // 3)
        excerpts.append(escaped if len(escaped) <= EXCERPT_LENGTH else _cut(escaped, start))
    return excerpts


def _cut(value: str, start: int) -> str:
    end = start + EXCERPT_LENGTH
    return f'{"…" if start else ""}{value[start:end]}{"…" if end < len(value) else ""}'
