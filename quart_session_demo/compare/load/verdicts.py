"""State which server is faster, where the figures allow it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from quart_session_demo.compare.harness.formatting import format_number, pluralize
from quart_session_demo.compare.load.scenarios import BACKGROUND_INTERVAL, Metric, Scenario
from quart_session_demo.compare.load.summary import Range, Summary
from quart_session_demo.compare.load.targets import QUART

#: Up to this relative difference, a server's threads explain its requests per second.
THREAD_LIMIT_TOLERANCE = 0.1


@dataclass(frozen=True)
class Verdict:
    """The result of one scenario with one number of users.

    Attributes:
        text: The result in words.
        flask_is_faster: Whether a Flask server is faster than Quart.
    """

    text: str
    flask_is_faster: bool = False


def make_verdicts(scenarios: Iterable[Scenario], summaries: Iterable[Summary]) -> list[Verdict]:
    """Return a verdict for each scenario and number of users; those with Flask faster are first."""
    by_name = {scenario.name: scenario for scenario in scenarios}
    verdicts = [
        _make_verdict(by_name[name], users, list(group))
        for (name, users), group in groupby(summaries, lambda item: (item.scenario, item.users))
    ]
    return sorted(verdicts, key=lambda verdict: not verdict.flask_is_faster)


def speed_ratio(metric: Metric, measured: Range, baseline: Range) -> float | None:
    """Return the measured median speed divided by the baseline's.

    None means that no difference was found: the ranges overlap, or the ratio rounds to 1.0.
    """
    if measured.overlaps(baseline):
        return None
    ratio = measured.median / baseline.median
    if format_number(max(ratio, 1 / ratio), 2) == '1.0':
        return None
    return ratio if metric == 'requests_per_second' else 1 / ratio


def _make_verdict(scenario: Scenario, users: int, group: Sequence[Summary]) -> Verdict:
    prefix = f'{scenario.name}, {pluralize(users, "user")}'
    if scenario.background and users < BACKGROUND_INTERVAL:
        return Verdict(
            f'{prefix}: not compared: below {BACKGROUND_INTERVAL} users there is no waiting user.'
        )
    problems = {item.target: _problem(scenario, item) for item in group}
    excluded = ', '.join(f'{name} ({problem})' for name, problem in problems.items() if problem)
    comparable = [item for item in group if not problems[item.target]]
    quart = next((item for item in comparable if item.target == QUART), None)
    flasks = [item for item in comparable if item.target != QUART]
    if quart is None or not flasks:
        return Verdict(f'{prefix}: not compared. Excluded: {excluded or "servers not measured"}.')

    ratios = {flask.target: _ratio(scenario, quart, flask) for flask in flasks}
    faster = [flask for flask in flasks if (ratios[flask.target] or 1) < 1]
    best_of = max if scenario.metric == 'requests_per_second' else min
    best = best_of(faster or flasks, key=lambda item: item.figures[scenario.metric].median)
    sentences = [
        _compare_with_best(scenario.metric, ratios[best.target], best.target),
        _compare_memory(quart, best),
        *_compare_with_others(scenario, ratios, [flask for flask in flasks if flask is not best]),
    ]
    if limited := [item.target for item in (quart, *flasks) if item.generator_limited]:
        sentences.append(f'The load generator was the limit for {_join_names(limited)}.')
    if excluded:
        sentences.append(f'Excluded: {excluded}.')
    return Verdict(f'{prefix}: {" ".join(filter(None, sentences))}', bool(faster))


def _problem(scenario: Scenario, item: Summary) -> str:
    if item.problem:
        return item.problem
    figure = item.figures.get(scenario.metric)
    return '' if figure and figure.median else 'no response'


def _ratio(scenario: Scenario, quart: Summary, flask: Summary) -> float | None:
    # One round cannot show how much the figures vary.
    if min(quart.rounds, flask.rounds) < 2:
        return None
    return speed_ratio(
        scenario.metric, quart.figures[scenario.metric], flask.figures[scenario.metric]
    )


def _compare_with_best(metric: Metric, ratio: float | None, best: str) -> str:
    if ratio is None:
        return f'no difference found between Quart and {best}, the fastest Flask server.'
    if ratio > 1:
        return f'Quart {_times_as_fast(metric, ratio)} {best}, the fastest Flask server.'
    return f'{best} {_times_as_fast(metric, 1 / ratio)} Quart.'


def _times_as_fast(metric: Metric, ratio: float) -> str:
    times = format_number(ratio, 2)
    if metric == 'requests_per_second':
        return f'serves {times} times as many requests per second as'
    return f'responds {times} times as fast (p95) as'


def _compare_memory(quart: Summary, best: Summary) -> str:
    flask_memory = best.figures['peak_memory'].median
    if not flask_memory:
        # The measurement was too short to measure the memory.
        return ''
    percent = round((quart.figures['peak_memory'].median / flask_memory - 1) * 100)
    if not percent:
        return f'Quart uses as much memory as {best.target}.'
    more = 'more' if percent > 0 else 'less'
    return f'Quart uses {abs(percent)} % {more} memory than {best.target}.'


def _compare_with_others(
    scenario: Scenario, ratios: dict[str, float | None], others: Sequence[Summary]
) -> Iterable[str]:
    different = [
        f'{format_number(ratio, 2)} times {flask.target}{_thread_limit(scenario, ratio, flask)}'
        for flask in others
        if (ratio := ratios[flask.target]) is not None
    ]
    same = [flask.target for flask in others if ratios[flask.target] is None]
    if different:
        speed = 'requests per second' if scenario.metric == 'requests_per_second' else 'speed (p95)'
        yield f"Quart's {speed} compared with the others: {', '.join(different)}."
    if same:
        yield f'No difference found between Quart and {_join_names(same)}.'


def _thread_limit(scenario: Scenario, ratio: float, flask: Summary) -> str:
    """Return how a server's limit is calculated if its threads explain its figure, else ''."""
    threads, wait = flask.concurrency, scenario.wait_seconds
    if ratio <= 1 or not wait or not threads or threads >= flask.users:
        return ''
    limit = threads / wait
    if abs(flask.figures[scenario.metric].median / limit - 1) > THREAD_LIMIT_TOLERANCE:
        return ''
    return f' (limit: {threads} at once ÷ {wait} s = {format_number(limit)} requests/s)'


def _join_names(names: Sequence[str]) -> str:
    *first, last = names
    return f'{", ".join(first)} and {last}' if first else last
