"""Results as a table for people and as JSON for programs."""

import platform
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from itertools import takewhile
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from quart_session_demo.compare.harness.steps import ExpectedDifference
from quart_session_demo.compare.parity.diff import LEFT_OUT
from quart_session_demo.compare.parity.replay import Difference, Result

PACKAGES = ('flask', 'quart', 'werkzeug', 'itsdangerous', 'gunicorn', 'hypercorn')
# How much of a value is shown, around the first place where two differ.
SHOWN = 60


def counts(results: Sequence[Result]) -> dict[str, int]:
    """Count the steps: all, the same on both, different on purpose, different."""
    steps = [result for result in results if result.step.restart is None]
    same = sum(step.same for step in steps)
    different = sum(step.unexpected for step in steps)
    return {
        'steps': len(steps),
        'same': same,
        'on_purpose': len(steps) - same - different,
        'different': different,
    }


def print_table(console: Console, results: Sequence[Result], total: int) -> None:
    """Print a line a step, the exact differences, the reasons of declared ones, and a summary.

    Args:
        console: Where to.
        results: What came of the steps.
        total: How many steps there are; the run stopped when that is more.
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
            Text('\n'.join([result.step.name, *_lines(result.differences, shown)])),
        )
    console.print(table)
    console.print()
    for number, declared in enumerate(shown, 1):
        where = '' if declared.steps else f', at every step ({", ".join(declared.fields)})'
        console.print(Text(f'({number}) On purpose{where}: {declared.reason}'))
    counted = counts(results)
    stopped = f'stopped after {counted["steps"]} of ' if counted['steps'] < total else ''
    summary = ('{same} the same, {on_purpose} different on purpose, {different} different.').format(
        **counted
    )
    steps = f'{total} step{"s" if total > 1 else ""}'
    console.print(Text(f'{stopped}{steps}: {summary}', 'bold'))


def print_left_out(console: Console) -> None:
    """Print what is not compared, and why."""
    console.print(
        'Not compared, for only the server decides it: the case and order of headers, and'
    )
    for name, reason in LEFT_OUT.items():
        console.print(Text(f'  {name}: {reason}'))


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """Return the results, for `json.dump`."""
    return {
        'versions': {'python': platform.python_version()}
        | {name: version(name) for name in PACKAGES},
        'left_out': dict(LEFT_OUT),
        'summary': counts(results),
        'steps': [
            {
                'name': result.step.name,
                'visitor': result.step.visitor,
                'request': f'{result.step.method} {result.step.path}',
                'same': result.same,
                'differences': [
                    {
                        'field': item.field,
                        'sync': item.sync,
                        'async': item.async_,
                        'on_purpose': item.declared.reason if item.declared else None,
                    }
                    for item in result.differences
                ],
                'sync': dict(result.sync),
                'async': dict(result.async_),
            }
            for result in results
            if result.step.restart is None
        ],
    }


def _mark(result: Result) -> Text:
    if result.unexpected:
        return Text('✗', 'bold red')
    return Text('✓', 'green') if result.same else Text('≠', 'yellow')


def _lines(differences: Iterable[Difference], shown: list[ExpectedDifference]) -> Iterator[str]:
    """Yield a line a difference; what is declared for every step is told once, below the table."""
    for difference in differences:
        declared = difference.declared
        if declared and declared not in shown:
            shown.append(declared)
        if declared and not declared.steps:
            continue
        sync, async_ = _excerpts(difference.sync, difference.async_)
        number = f' ({shown.index(declared) + 1})' if declared else ''
        yield f'{difference.field}: Flask {sync}, Quart {async_}{number}'


def _excerpts(*values: str) -> list[str]:
    """Return values, the long ones cut around the first place where they differ."""
    # What a terminal would act on is shown as its escape.
    shown = [repr(value)[1:-1] for value in values]
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*shown, strict=False)))
    start = max(0, same - SHOWN // 3)
    return [value if len(value) <= SHOWN else _cut(value, start) for value in shown]


def _cut(value: str, start: int) -> str:
    end = start + SHOWN
    return f'{"…" if start else ""}{value[start:end]}{"…" if end < len(value) else ""}'
