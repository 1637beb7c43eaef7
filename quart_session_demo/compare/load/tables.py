"""The figures as rows of text, for the terminal, the page and a README alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quart_session_demo.compare.load.formatting import counted, rounded
from quart_session_demo.compare.load.scenarios import Work
from quart_session_demo.compare.load.summary import OF_SERVER, Range, Summary

MEGABYTE = 1_000_000
METRICS = {'requests_per_second': 'requests/s', 'p95': 'p95 ms'}


@dataclass(frozen=True)
class Table:
    """A table; the text says what it shows."""

    title: str
    text: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def work_table(work: Work, summaries: Iterable[Summary]) -> Table:
    """Return what was measured of a work."""
    head = ('users', 'server', 'requests/s', 'p50 ms', 'p95 ms', 'p99 ms', 'failed')
    rows = [
        (
            f'{item.users}',
            item.contender,
            _with_range(item.figures.get('requests_per_second'), item.generator_limited),
            *[_median(item.figures.get(name)) for name in ('p50', 'p95', 'p99')],
            'died' if item.errors else f'{sum(item.failures.values())}',
            _median(item.figures.get('cpu_ms')),
            _median(item.figures.get('peak_memory'), MEGABYTE),
        )
        for item in summaries
        if item.work == work.name
    ]
    return Table(work.name, work.text, (*head, 'CPU ms', 'memory MB'), rows)


def summary_table(works: Sequence[Work], summaries: Sequence[Summary]) -> Table:
    """Return, for the most users, what decides each work, and the most memory."""
    users = max((item.users for item in summaries), default=0)
    found: dict[str, dict[str, Summary]] = {}
    for item in summaries:
        if item.users == users:
            found.setdefault(item.contender, {})[item.work] = item
    first = works[0]
    head = (
        'server',
        *(f'{work.name}: {METRICS[work.metric]}' for work in works),
        f'{first.name}: CPU ms',
        'memory MB',
    )
    rows = []
    for contender, by_work in found.items():
        figures = {name: item.figures for name, item in by_work.items()}
        memory = [item['peak_memory'] for item in figures.values() if 'peak_memory' in item]
        rows.append(
            (
                contender,
                *(_median(figures.get(work.name, {}).get(work.metric)) for work in works),
                _median(figures.get(first.name, {}).get('cpu_ms')),
                _median(max(memory, key=lambda item: item.median, default=None), MEGABYTE),
            )
        )
    return Table('summary', f'{counted(users, "user")}.', head, rows)


def start_table(summaries: Sequence[Summary]) -> Table:
    """Return how long each server takes to start, and the memory that it has then."""
    ranges: dict[str, dict[str, list[Range]]] = {}
    for item in summaries:
        for name in OF_SERVER:
            if name in item.figures:
                known = ranges.setdefault(item.contender, {})
                known.setdefault(name, []).append(item.figures[name])
    rows = [
        (
            contender,
            _median(_of_all(known['start_seconds'])),
            _median(_of_all(known['rest_memory']), MEGABYTE),
        )
        for contender, known in ranges.items()
    ]
    text = 'From the start to the first reply, and before any load.'
    return Table('start', text, ('server', 'seconds', 'memory MB'), rows)


def failures_table(summaries: Iterable[Summary]) -> Table:
    """Return everything that went wrong."""
    rows = [
        (item.work, f'{item.users}', item.contender, f'{count}', kind)
        for item in summaries
        for kind, count in [
            *item.failures.items(),
            *((_first_and_last(error), 1) for error in item.errors),
        ]
    ]
    head = ('work', 'users', 'server', 'times', 'what')
    return Table('failures', 'What went wrong.', head, rows)


def tables(works: Sequence[Work], summaries: Sequence[Summary]) -> list[Table]:
    """Return all tables that have a row; the summary, when there is more than one work."""
    measured = [work for work in works if any(item.work == work.name for item in summaries)]
    found = [
        *([summary_table(measured, summaries)] if len(measured) > 1 else []),
        *(work_table(work, summaries) for work in measured),
        start_table(summaries),
        failures_table(summaries),
    ]
    return [table for table in found if table.rows]


def _first_and_last(error: str) -> str:
    """Return what happened, and the last line of the log."""
    first, *log = error.strip().splitlines()
    return f'{first} {log[-1].strip()}' if log else first


def _of_all(ranges: Sequence[Range]) -> Range:
    return Range.of([item.median for item in ranges])


def _median(figure: Range | None, unit: float = 1) -> str:
    return rounded(figure.median / unit) if figure else '-'


def _with_range(figure: Range | None, limited: bool) -> str:
    if figure is None:
        return '-'
    mark = '≥ ' if limited else ''
    return f'{mark}{rounded(figure.median)} ({rounded(figure.least)} to {rounded(figure.most)})'
