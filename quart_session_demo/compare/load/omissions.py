"""State what a run did not compare, and why."""

from collections.abc import Callable, Iterator, Sequence

from quart_session_demo.compare.load.results import Results
from quart_session_demo.compare.load.verdicts import FAMILY_TITLES, Verdicts, family_of
from quart_session_demo.compare.load.wording import join, median_text, scenarios_text

#: Returns the name of a scenario, with the users where they differ.
Name = Callable[[Verdicts], str]


def omissions(results: Results, verdicts: Sequence[Verdicts], name: Name) -> Iterator[str]:
    """Yield sentences on missing and excluded servers, and on scenarios without figures."""
    yield from _not_compared(verdicts, name)
    yield from _excluded(verdicts, name)
    yield from _skipped(results)


def _not_compared(verdicts: Sequence[Verdicts], name: Name) -> Iterator[str]:
    """Yield where Flask and Quart are not compared, and why."""
    titles = {
        server.name: server.title for item in verdicts for server in item.comparison.contenders
    }
    families = set(map(family_of, titles))
    missing = [title for family, title in FAMILY_TITLES.items() if family not in families]
    without = [item for item in verdicts if not item.best_pair]
    if missing and len(titles) == 1:
        [title] = titles.values()
        yield from _only_server(title, verdicts, name)
    elif missing and titles:
        yield (
            f'None of the {len(titles)} servers is {join(missing)}, so Flask and Quart are not '
            'compared.'
        )
    elif without:
        part = scenarios_text(len(without), len(verdicts))
        items = [f'{name(item)} ({join([*_lacking(item)])} can be compared)' for item in without]
        yield f'Flask and Quart are not compared in {part}: {join(items)}.'


def _lacking(item: Verdicts) -> Iterator[str]:
    for title, found in (('Quart', item.quart), ('Flask', item.flask)):
        if not found:
            yield f'0 {title} servers'


def _only_server(title: str, verdicts: Sequence[Verdicts], name: Name) -> Iterator[str]:
    items = []
    for item in verdicts:
        for server in item.comparable:
            value = median_text(server, item.scenario.metric)
            is_time = item.scenario.metric == 'p95'
            text = f'a p95 of {value} ms' if is_time else f'{value} requests/s'
            items.append(f'{text} in {name(item)}')
    if items:
        yield f'Only {title} was measured, with {join(items)}: nothing to compare with.'


def _excluded(verdicts: Sequence[Verdicts], name: Name) -> Iterator[str]:
    items = []
    for item in verdicts:
        reasons = set(item.excluded.values())
        if len(item.excluded) > 1 and len(reasons) == 1 and not item.comparable:
            items.append(f'all {len(item.excluded)} servers in {name(item)} ({reasons.pop()})')
            continue
        items += [f'{title} in {name(item)} ({reason})' for title, reason in item.excluded.items()]
    if items:
        count = sum(len(item.excluded) for item in verdicts)
        yield f'{count} {"result is" if count == 1 else "results are"} excluded: {join(items)}.'


def _skipped(results: Results) -> Iterator[str]:
    if skipped := results.skipped:
        count = len(skipped)
        items = [f'`{scenario}` ({reason.rstrip(".")})' for scenario, reason in skipped.items()]
        were = 'scenario was' if count == 1 else 'scenarios were'
        yield f'{count} {were} not measured: {join(items)}.'
