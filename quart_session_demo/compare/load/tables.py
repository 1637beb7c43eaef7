"""Arrange the figures in tables, for the terminal, the HTML report and the documentation."""

from collections.abc import Iterable, Sequence

from quart_session_demo.compare.harness.formatting import format_number, pluralize
from quart_session_demo.compare.load.scenarios import Scenario
from quart_session_demo.compare.load.summary import START_FIGURES, Range, Summary
from quart_session_demo.tables import Table

MEGABYTE = 1_000_000
#: The title of the column for each metric.
METRIC_TITLES = {'requests_per_second': 'requests/s', 'p95': 'p95 ms'}


def make_tables(scenarios: Sequence[Scenario], summaries: Sequence[Summary]) -> list[Table]:
    """Return all tables that have rows.

    If there are several scenarios, the first table is a summary.
    """
    names = {item.scenario for item in summaries}
    measured = [scenario for scenario in scenarios if scenario.name in names]
    tables = [
        *([summary_table(measured, summaries)] if len(measured) > 1 else []),
        *(scenario_table(scenario, summaries) for scenario in measured),
        start_table(summaries),
        failures_table(summaries),
    ]
    return [table for table in tables if table.rows]


def summary_table(scenarios: Sequence[Scenario], summaries: Sequence[Summary]) -> Table:
    """Return each target's main figures with the highest number of users."""
    users = max((item.users for item in summaries), default=0)
    by_target: dict[str, dict[str, dict[str, Range]]] = {}
    for item in summaries:
        if item.users == users:
            by_target.setdefault(item.target, {})[item.scenario] = item.figures
    first = scenarios[0].name
    header = (
        'server',
        *(f'{scenario.name}: {METRIC_TITLES[scenario.metric]}' for scenario in scenarios),
        f'{first}: CPU ms',
        'memory MB',
    )
    rows = []
    for target, figures in by_target.items():
        memory = [item['peak_memory'] for item in figures.values() if 'peak_memory' in item]
        rows.append(
            (
                target,
                *(
                    _median(figures.get(scenario.name, {}).get(scenario.metric))
                    for scenario in scenarios
                ),
                _median(figures.get(first, {}).get('cpu_ms')),
                _median(max(memory, key=lambda item: item.median, default=None), MEGABYTE),
            )
        )
    return Table('summary', f'The main figures with {pluralize(users, "user")}.', header, rows)


def scenario_table(scenario: Scenario, summaries: Iterable[Summary]) -> Table:
    """Return all figures of a scenario."""
    header = (
        'users',
        'server',
        'requests/s',
        'p50 ms',
        'p95 ms',
        'p99 ms',
        'failed',
        'CPU ms',
        'memory MB',
    )
    rows = [
        (
            f'{item.users}',
            item.target,
            _with_range(item.figures.get('requests_per_second'), item.generator_limited),
            *(_median(item.figures.get(name)) for name in ('p50', 'p95', 'p99')),
            'error' if item.errors else f'{sum(item.failures.values())}',
            _median(item.figures.get('cpu_ms')),
            _median(item.figures.get('peak_memory'), MEGABYTE),
        )
        for item in summaries
        if item.scenario == scenario.name
    ]
    return Table(scenario.name, scenario.description, header, rows)


def start_table(summaries: Sequence[Summary]) -> Table:
    """Return how long each server takes to start, and its memory after the start."""
    medians: dict[str, dict[str, list[float]]] = {}
    for item in summaries:
        for name in START_FIGURES:
            if name in item.figures:
                values = medians.setdefault(item.target, {}).setdefault(name, [])
                values.append(item.figures[name].median)
    rows = [
        (
            target,
            _median(Range.from_values(figures['start_seconds'])),
            _median(Range.from_values(figures['start_memory']), MEGABYTE),
        )
        for target, figures in medians.items()
    ]
    description = 'The time from the start to the first response, and the memory at that time.'
    return Table('start', description, ('server', 'seconds', 'memory MB'), rows)


def failures_table(summaries: Iterable[Summary]) -> Table:
    """Return all failures and errors."""
    rows = [
        (item.scenario, f'{item.users}', item.target, f'{count}', failure)
        for item in summaries
        for failure, count in [
            *item.failures.items(),
            *((_shorten(error), 1) for error in item.errors),
        ]
    ]
    header = ('scenario', 'users', 'server', 'count', 'failure')
    return Table('failures', 'Incorrect responses, and servers that exited.', header, rows)


def _shorten(error: str) -> str:
    """Return the first line of an error, and the last line of the log that follows it."""
    first, *log = error.strip().splitlines()
    return f'{first} {log[-1].strip()}' if log else first


def _median(figure: Range | None, unit: float = 1) -> str:
    return format_number(figure.median / unit) if figure else '-'


def _with_range(figure: Range | None, limited: bool) -> str:
    if figure is None:
        return '-'
    mark = '≥ ' if limited else ''
    minimum, maximum = format_number(figure.minimum), format_number(figure.maximum)
    return f'{mark}{format_number(figure.median)} ({minimum} to {maximum})'
