"""Who is better, said in sentences that the figures bear."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from quart_session_demo.compare.load.formatting import counted, rounded
from quart_session_demo.compare.load.scenarios import Metric, Work
from quart_session_demo.compare.load.summary import Range, Summary
from quart_session_demo.compare.load.targets import QUART

# How near to what its threads allow a server must come for them to explain its figure.
EXPLAINED = 0.1
# Of so many users one waits, where the work has every tenth wait.
TENTH = 10


@dataclass(frozen=True)
class Verdict:
    """A sentence, and whether it is for Flask."""

    text: str
    flask_wins: bool = False


def verdicts(works: Iterable[Work], summaries: Iterable[Summary]) -> list[Verdict]:
    """Return one for each work and number of users; those that Flask wins come first."""
    by_name = {work.name: work for work in works}
    found = [
        _verdict(by_name[name], users, list(group))
        for (name, users), group in groupby(summaries, lambda item: (item.work, item.users))
    ]
    return sorted(found, key=lambda verdict: not verdict.flask_wins)


def times_better(metric: Metric, one: Range, other: Range) -> float | None:
    """Return how many times better one median is than the other.

    None when no difference was found: the ranges overlap, or the ratio is 1.0 when it is rounded.
    """
    if one.overlaps(other):
        return None
    ratio = one.median / other.median
    if rounded(max(ratio, 1 / ratio), 2) == '1.0':
        return None
    return ratio if metric == 'requests_per_second' else 1 / ratio


def _verdict(work: Work, users: int, group: Sequence[Summary]) -> Verdict:
    place = f'{work.name}, {counted(users, "user")}'
    if work.every_tenth and users < TENTH:
        return Verdict(f'{place}: not compared: every tenth waits, and so nobody did.')
    problems = {item.contender: _problem(work, item) for item in group}
    right = [item for item in group if not problems[item.contender]]
    quart = next((item for item in right if item.contender == QUART), None)
    flasks = [item for item in right if item.contender != QUART]
    left_out = [f'{name} {problem}' for name, problem in problems.items() if problem]
    if quart is None or not flasks:
        reason = '; '.join(left_out) or 'not enough was measured'
        return Verdict(f'{place}: nothing to compare: {reason}.')

    def median(item: Summary) -> float:
        return item.figures[work.metric].median

    ratios = {flask.contender: _ratio(work, quart, flask) for flask in flasks}
    winners = [item for item in flasks if (ratios[item.contender] or 1) < 1]
    best = (max if work.metric == 'requests_per_second' else min)(winners or flasks, key=median)
    ratio = ratios[best.contender]
    parts = [_lead(work.metric, ratio, best.contender) + _memory(quart, best, ratio)]
    parts += [
        _beside(work, ratios[flask.contender], flask) for flask in flasks if flask is not best
    ]
    limited = [item.contender for item in (quart, *flasks) if item.generator_limited]
    if limited:
        parts.append(f'the load generator was the limit for {" and ".join(limited)}')
    text = '; '.join([*parts, *(f'{item}, and is left out' for item in left_out)])
    return Verdict(f'{place}: {text}.', bool(winners))


def _problem(work: Work, item: Summary) -> str:
    if item.problem:
        return item.problem
    figure = item.figures.get(work.metric)
    return '' if figure and figure.median else 'had no reply'


def _ratio(work: Work, quart: Summary, flask: Summary) -> float | None:
    # One round tells nothing about chance.
    if min(quart.rounds, flask.rounds) < 2:
        return None
    return times_better(work.metric, quart.figures[work.metric], flask.figures[work.metric])


def _lead(metric: Metric, ratio: float | None, best: str) -> str:
    if ratio is None:
        return f'no difference found between Quart and the best-tuned Flask ({best})'
    if ratio > 1:
        return f'Quart {_times(metric, ratio)} the best-tuned Flask ({best})'
    return f'Flask wins: {best} {_times(metric, 1 / ratio)} Quart'


def _times(metric: Metric, ratio: float) -> str:
    times = rounded(ratio, 2)
    if metric == 'requests_per_second':
        return f'serves {times} times the requests of'
    return f'replies {times} times sooner (p95) than'


def _memory(quart: Summary, best: Summary, ratio: float | None) -> str:
    theirs = best.figures['peak_memory'].median
    if not theirs:
        # In so short a time nobody looked.
        return ''
    part = quart.figures['peak_memory'].median / theirs
    if ratio is not None and ratio > 1:
        return f', in {rounded(part, 2)} of its memory'
    return f'; Quart takes {rounded(part, 2)} of its memory'


def _beside(work: Work, ratio: float | None, flask: Summary) -> str:
    if ratio is None:
        return f'no difference found from {flask.contender}'
    text = f'{rounded(ratio, 2)} times {flask.contender}'
    if ratio > 1 and work.waits and flask.at_once and flask.at_once < flask.users:
        allowed = flask.at_once / work.waits
        if abs(flask.figures[work.metric].median / allowed - 1) <= EXPLAINED:
            text += (
                f', which {flask.at_once} at once ÷ {work.waits} s = {rounded(allowed)} '
                'requests/s explains'
            )
    return text
