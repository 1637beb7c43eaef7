"""Arrange the figures in tables, for the terminal, the HTML report and the documentation."""

from collections.abc import Iterable, Sequence
from statistics import median

from quart_session_demo.compare.harness.formatting import format_number, pluralize
from quart_session_demo.compare.load.intervals import Verdict
from quart_session_demo.compare.load.results import ContenderResult, RateSample, Results
from quart_session_demo.compare.load.summary import FigureName, failures, figure
from quart_session_demo.compare.load.verdicts import Verdicts, make_verdicts, with_most_users
from quart_session_demo.compare.load.wording import (
    MEGABYTE,
    bound,
    join,
    median_text,
    ratio_text,
)
from quart_session_demo.tables import Table

#: What stands beside a ratio in the summary, for each verdict.
VERDICT_SIGNS = {
    Verdict.FASTER: '+',
    Verdict.SLOWER: '-',
    Verdict.SAME: '=',
    Verdict.UNDECIDED: '?',
}
#: The header of the tables of scenarios.
SCENARIO_HEADER = (
    'server',
    'ratio (interval)',
    'verdict',
    'requests/s (min to max)',
    'p50, p95, p99 ms',
    'failed',
    'CPU ms',
    'MB',
)
#: The header of the tables of rates.
RATE_HEADER = (
    'server',
    'requests/s',
    '% of peak',
    'responses',
    'p50 ms',
    'p95 ms',
    'p99 ms',
    'p99.9 ms',
    'max ms',
    'state',
)


def make_tables(results: Results) -> list[Table]:
    """Return all tables that have rows.

    If there are several scenarios, the first table is a summary.
    """
    verdicts = make_verdicts(results)
    most = with_most_users(verdicts)
    tables: list[Table] = [summary_table(most)] if len(most) > 1 else []
    for scenario in results.scenarios:
        tables += [scenario_table(item) for item in verdicts if item.scenario is scenario]
        tables.append(rate_table(scenario.name, results.rates))
    tables += [start_table(verdicts), failures_table(verdicts, results)]
    return [table for table in tables if table.rows]


def summary_table(verdicts: Sequence[Verdicts]) -> Table:
    """Return each contender's speed compared with the reference, in each scenario."""
    titles = list(
        dict.fromkeys(server.title for item in verdicts for server in item.comparison.contenders)
    )
    references = dict.fromkeys(item.reference.title for item in verdicts if item.reference)
    users = dict.fromkeys(item.comparison.users for item in verdicts)
    rows = []
    for title in titles:
        servers = [
            next((server for server in item.comparison.contenders if server.title == title), None)
            for item in verdicts
        ]
        memory = [
            found.median for server in servers if server and (found := figure(server, 'memory'))
        ]
        rows.append(
            (
                title,
                *map(_signed_ratio, verdicts, servers),
                format_number(max(memory) / MEGABYTE) if memory else '-',
            )
        )
    compared = f' compared with {join(list(references))}' if references else ''
    description = (
        f'The speed{compared}, with {join([str(number) for number in users])} users: '
        '+ faster, - slower, = no difference, ? undecided. MB: the highest memory.'
    )
    return Table(
        'summary', description, ('server', *(item.scenario.name for item in verdicts), 'MB'), rows
    )


def _signed_ratio(verdicts: Verdicts, server: ContenderResult | None) -> str:
    if server is None:
        return 'not measured'
    if (ratio := verdicts.ratio_to_reference(server)) is None:
        return 'excluded'
    if server is verdicts.reference:
        return '1'
    number = format_number(ratio.interval.ratio)
    return f'{bound(ratio)}{number} {VERDICT_SIGNS[ratio.verdict]}'


def scenario_table(verdicts: Verdicts) -> Table:
    """Return all figures of a scenario with one number of users."""
    blocks = [len(item.samples) for item in verdicts.comparison.contenders]
    users = pluralize(verdicts.comparison.users, 'user')
    description = verdicts.scenario.description
    if blocks:
        description += f' Medians of {pluralize(max(blocks), "block")}.'
    if reference := verdicts.reference:
        speed = 'p95' if verdicts.scenario.metric == 'p95' else 'requests/s'
        description += (
            f' Ratio: the speed ({speed}) compared with {reference.title}, with the 95 % interval.'
        )
    rows = [_scenario_row(verdicts, server) for server in verdicts.comparison.contenders]
    return Table(f'{verdicts.scenario.name}, {users}', description, SCENARIO_HEADER, rows)


def _scenario_row(verdicts: Verdicts, server: ContenderResult) -> tuple[str, ...]:
    speed = figure(server, 'requests_per_second')
    requests = '-'
    if speed:
        mark = '≥ ' if server.name in verdicts.limited else ''
        minimum, maximum = format_number(speed.minimum), format_number(speed.maximum)
        requests = f'{mark}{format_number(speed.median)} ({minimum} to {maximum})'
    times: tuple[FigureName, ...] = ('p50', 'p95', 'p99')
    return (
        server.title,
        *_ratio_cells(verdicts, server),
        requests,
        ', '.join(median_text(server, name) for name in times) if speed else '-',
        'error' if server.error else f'{failures(server).total()}',
        median_text(server, 'cpu_ms'),
        median_text(server, 'memory', MEGABYTE),
    )


def _ratio_cells(verdicts: Verdicts, server: ContenderResult) -> tuple[str, str]:
    ratio = verdicts.ratio_to_reference(server)
    if ratio is None:
        return '-', 'excluded'
    if server is verdicts.reference:
        return '1', 'reference'
    return ratio_text(ratio), ratio.verdict.value


def rate_table(scenario: str, rates: Iterable[RateSample]) -> Table:
    """Return the response times at fixed rates of requests."""
    description = (
        'Requests arrive at a fixed average rate, whether the server responds or not. The response '
        'times count from the intended start.'
    )
    rows = [_rate_row(sample) for sample in rates if sample.scenario == scenario]
    return Table(f'{scenario}, fixed rates', description, RATE_HEADER, rows)


def _rate_row(sample: RateSample) -> tuple[str, ...]:
    # The 99th percentile of fewer than 100 response times is the longest of them.
    times = (
        (sample.p50, 1),
        (sample.p95, 20),
        (sample.p99, 100),
        (sample.p999, 1000),
        (sample.maximum, 1),
    )
    return (
        sample.title,
        format_number(sample.rate),
        f'{sample.rate / sample.peak * 100:.0f}' if sample.peak else '-',
        f'{sample.requests:,}',
        *(
            '-' if sample.void or sample.requests < enough else format_number(time)
            for time, enough in times
        ),
        _rate_state(sample),
    )


def _rate_state(sample: RateSample) -> str:
    if sample.void:
        return f'void: {format_number(sample.late_ratio * 100, 2)} % sent late'
    if sample.failures:
        return f'{sum(sample.failures.values())} failed'
    if sample.requests:
        return 'valid'
    # At a low rate it may be that no request was to start.
    return 'no response' if sample.maximum else 'no request'


def start_table(verdicts: Iterable[Verdicts]) -> Table:
    """Return how long each server takes to start, and its memory after the start."""
    starts: dict[str, tuple[list[float], list[int]]] = {}
    for item in verdicts:
        for server in item.comparison.contenders:
            seconds, memory = starts.setdefault(server.title, ([], []))
            seconds += server.start_seconds
            memory += server.start_memory
    rows = [
        (
            title,
            f'{len(seconds)}',
            format_number(median(seconds)),
            format_number(median(memory) / MEGABYTE) if memory else '-',
        )
        for title, (seconds, memory) in starts.items()
        if seconds
    ]
    description = 'The time from the start to the first response, and the memory at that time.'
    return Table('start', description, ('server', 'starts', 'seconds', 'memory MB'), rows)


def failures_table(verdicts: Iterable[Verdicts], results: Results) -> Table:
    """Return all failures and errors."""
    rows = []
    for item in verdicts:
        place = item.scenario.name, pluralize(item.comparison.users, 'user')
        for server in item.comparison.contenders:
            found = failures(server)
            if server.error:
                found[_shorten(server.error)] += 1
            rows += [(*place, server.title, f'{count}', text) for text, count in found.items()]
    for sample in results.rates:
        load = f'{format_number(sample.rate)} requests/s'
        rows += [
            (sample.scenario, load, sample.title, f'{count}', text)
            for text, count in sample.failures.items()
        ]
    rows += [
        (exited.scenario, 'fixed rates', exited.title, '1', _shorten(exited.error))
        for exited in results.rate_errors
    ]
    header = ('scenario', 'load', 'server', 'count', 'failure')
    return Table('failures', 'Incorrect responses, and servers that exited.', header, rows)


def _shorten(error: str) -> str:
    """Return the first line of an error, and the last line of the log that follows it."""
    first, *log = error.strip().splitlines() or ['']
    return f'{first} {log[-1].strip()}' if log else first
