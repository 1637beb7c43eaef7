"""Report the results as a table and as JSON."""

import platform
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.harness.recording import IGNORED_HEADERS, RecordedResponse
from quart_session_demo.compare.harness.steps import ExpectedDifference
from quart_session_demo.compare.parity.comparison import StepResult
from quart_session_demo.compare.parity.diff import Difference

#: The packages whose versions are reported.
COMPARED_PACKAGES = (
    'flask',
    'quart',
    'werkzeug',
    'itsdangerous',
    'gunicorn',
    'hypercorn',
)
#: How many characters of a value are shown, around the first character that differs.
EXCERPT_LENGTH = 60


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


def print_table(console: Console, results: Sequence[StepResult], total: int) -> None:
    """Print each step with its differences, the reasons for expected differences, and a summary.

    Args:
        console: Where to print.
        results: The results so far.
        total: The number of steps in the file. With fewer results, the run was stopped.
    """
    table = Table('', 'Request', 'Step', box=None)
    shown: list[ExpectedDifference] = []
    for result in results:
        if result.step.restart is not None:
            table.add_row('', '', Text(result.step.name, 'bold'))
            continue
        table.add_row(
            _mark(result),
            Text(f'{result.step.method} {result.step.path}'),
            Text(
                '\n'.join(
                    [result.step.name, *_lines(result.differences, shown), *_log_lines(result)]
                )
            ),
        )
    console.print(table)
    console.print()
    for number, expected in enumerate(shown, 1):
        where = '' if expected.steps else f', at every step ({", ".join(expected.fields)})'
        console.print(Text(f'({number}) On purpose{where}: {expected.reason}'))
    counts = count_results(results)
    stopped = f'stopped after {counts["steps"]} of ' if counts['steps'] < total else ''
    summary = ('{same} the same, {on_purpose} different on purpose, {different} different.').format(
        **counts
    )
    console.print(Text(f'{stopped}{pluralize(total, "step")}: {summary}', 'bold'))


def print_ignored_headers(console: Console) -> None:
    """Print what is not compared, and why."""
    console.print(
        'Not compared, because it depends on the server alone: the case and the order of headers, '
        'and these headers:'
    )
    for name, reason in IGNORED_HEADERS.items():
        console.print(Text(f'  {name}: {reason}'))


def json_content(results: Sequence[StepResult]) -> dict[str, Any]:
    """Return the results as objects for `json.dump`."""
    return {
        'versions': {'python': platform.python_version()}
        | {name: version(name) for name in COMPARED_PACKAGES},
        'left_out': dict(IGNORED_HEADERS),
        'summary': count_results(results),
        'steps': [
            {
                'name': result.step.name,
                'visitor': result.step.user,
                'request': f'{result.step.method} {result.step.path}',
                'same': result.same,
                'differences': [
                    {
                        'field': str(item.field),
                        'sync': item.sync,
                        'async': item.async_,
                        'on_purpose': item.expected.reason if item.expected else None,
                    }
                    for item in result.differences
                ],
                'sync': _named_fields(result.sync),
                'async': _named_fields(result.async_),
                'log': {'sync': list(result.sync_log), 'async': list(result.async_log)},
            }
            for result in results
            if result.step.restart is None
        ],
    }


def _named_fields(response: RecordedResponse | None) -> dict[str, str]:
    return {str(field): value for field, value in response.fields().items()} if response else {}


def _mark(result: StepResult) -> Text:
    if result.unexpected:
        return Text('✗', 'bold red')
    return Text('✓', 'green') if result.same else Text('≠', 'yellow')


def _lines(differences: Iterable[Difference], shown: list[ExpectedDifference]) -> Iterator[str]:
    """Yield one line for each difference, and add the expected differences to `shown`.

    A difference that is expected at every step has no line: it is printed below the table.
    """
    for difference in differences:
        expected = difference.expected
        if expected and expected not in shown:
            shown.append(expected)
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
            # A terminal would execute control characters, so they are escaped.
            yield '  ' + ''.join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def _excerpts(difference: Difference) -> list[str]:
    """Return the values, cut around the first character that differs if they are long."""
    excerpts = []
    values = difference.sync, difference.async_
    for value, equal in zip(values, difference.first_difference, strict=True):
        # A terminal would execute control characters, so they are escaped.
        escaped, same = repr(value)[1:-1], len(repr(value[:equal])[1:-1])
        start = max(0, same - EXCERPT_LENGTH // 3)
        excerpts.append(escaped if len(escaped) <= EXCERPT_LENGTH else _cut(escaped, start))
    return excerpts


def _cut(value: str, start: int) -> str:
    end = start + EXCERPT_LENGTH
    return f'{"…" if start else ""}{value[start:end]}{"…" if end < len(value) else ""}'
