"""Write ratios, verdicts and lists in words; scenarios' names have backticks."""

from collections.abc import Sequence

from quart_session_demo.compare.harness.formatting import format_number, pluralize
from quart_session_demo.compare.load.intervals import DIFFERENCES, Interval, Verdict
from quart_session_demo.compare.load.results import ContenderResult
from quart_session_demo.compare.load.scenarios import Scenario
from quart_session_demo.compare.load.summary import FigureName, figure, thread_limit
from quart_session_demo.compare.load.verdicts import Ratio, Verdicts

MEGABYTE = 1_000_000


def format_ratio(value: float) -> str:
    """Return a ratio with three digits, or four where three would hide that it is not 1."""
    text, longer = format_number(value), format_number(value, 4)
    return longer if text == '1.00' and longer != '1.000' else text


def format_interval(interval: Interval) -> str:
    """Return the limits, such as "1.28 to 1.65"."""
    if not interval.is_known:
        return 'too few blocks for an interval'
    return f'{format_ratio(interval.low)} to {format_ratio(interval.high)}'


def bound(ratio: Ratio) -> str:
    """Return what the load generator's limit makes of a ratio: "≥ ", "≤ ", "~ " or nothing."""
    if ratio.first_is_limited and ratio.second_is_limited:
        return '~ '
    return '≥ ' if ratio.first_is_limited else '≤ ' if ratio.second_is_limited else ''


def ratio_text(ratio: Ratio, unit: str = '') -> str:
    """Return a ratio with its interval, such as "1.45 times (1.28 to 1.65)"."""
    number = f'{bound(ratio)}{format_ratio(ratio.interval.ratio)}{unit}'
    return f'{number} ({format_interval(ratio.interval)})'


def compare(ratio: Ratio, scenario: Scenario) -> str:
    """Return a clause that compares two contenders of different speed, the faster one first."""
    if ratio.verdict is Verdict.SLOWER:
        ratio = ratio.inverse
    by = ' (by p95)' if scenario.metric == 'p95' else ''
    times = ratio_text(ratio, ' times')
    return f'{ratio.first.title} is {times} as fast{by} as {ratio.second.title}'


def scenarios_text(count: int, total: int) -> str:
    """Return how many of all scenarios, such as "2 of 5 scenarios"."""
    if count < total:
        return f'{count} of {total} scenarios'
    return {1: '1 scenario', 2: 'both scenarios'}.get(total, f'all {total} scenarios')


def join(items: Sequence[str], separator: str = ', ') -> str:
    """Return a list in words: "a, b and c"."""
    *first, last = items
    return f'{separator.join(first)} and {last}' if first else last


def range_text(values: Sequence[float]) -> str:
    """Return the lowest and the highest number, such as "56.3 to 81.4"."""
    texts = [format_number(value) for value in (min(values), max(values))]
    return ' to '.join(dict.fromkeys(texts))


def median_text(contender: ContenderResult, name: FigureName, unit: float = 1) -> str:
    """Return the median of a figure, or "-" if it was not measured."""
    found = figure(contender, name)
    return format_number(found.median / unit) if found else '-'


def verdict_text(verdicts: Verdicts) -> str:
    """Return the verdicts of one comparison in words."""
    users = verdicts.comparison.users
    sentences = []
    if pair := verdicts.best_pair:
        sentences.append(f'{_best_pair_text(pair, verdicts.scenario)}.')
    if reference := verdicts.reference:
        groups: dict[Verdict, list[str]] = {}
        for contender in verdicts.comparable:
            ratio = verdicts.ratio_to_reference(contender)
            if contender is not reference and ratio:
                text = f'{contender.title} {ratio_text(ratio)}'
                if limit := thread_limit(contender, verdicts.scenario, users):
                    text += f' [{thread_limit_text(contender, verdicts.scenario, limit)}]'
                groups.setdefault(ratio.verdict, []).append(text)
        if groups:
            lists = [
                f'{verdict}: {", ".join(groups[verdict])}'
                for verdict in Verdict
                if verdict in groups
            ]
            sentences.append(f'Compared with {reference.title}, {"; ".join(lists)}.')
    if verdicts.limited:
        titles = [item.title for item in verdicts.comparable if item.name in verdicts.limited]
        sentences.append(f'The load generator was the limit for {join(titles)}.')
    if verdicts.excluded:
        items = [f'{title} ({reason})' for title, reason in verdicts.excluded.items()]
        sentences.append(f'Excluded: {", ".join(items)}.')
    if not sentences:
        sentences.append('Nothing to compare.')
    return f'`{verdicts.scenario.name}`, {pluralize(users, "user")}: {" ".join(sentences)}'


def _best_pair_text(pair: Ratio, scenario: Scenario) -> str:
    if pair.verdict in DIFFERENCES:
        return f'Of the best servers, {compare(pair, scenario)}'
    names = f'{pair.first.title} and {pair.second.title}'
    return f'Between the best servers, {names}, {pair.verdict}: {ratio_text(pair)}'


def thread_limit_text(contender: ContenderResult, scenario: Scenario, limit: float) -> str:
    """Return how a server's limit is calculated."""
    return (
        f'limit: {contender.concurrency} at once ÷ {scenario.wait_seconds:g} s = '
        f'{format_number(limit)} requests/s'
    )
