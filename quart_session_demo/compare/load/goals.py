"""Check the goals of the project on the results of a run, for `docs/comparison.md`."""

from dataclasses import dataclass

from quart_session_demo.compare.load.intervals import Verdict
from quart_session_demo.compare.load.results import ContenderResult, Results
from quart_session_demo.compare.load.summary import figure
from quart_session_demo.compare.load.verdicts import REFERENCE, Ratio, Verdicts, make_verdicts
from quart_session_demo.compare.load.wording import MEGABYTE, median_text, ratio_text

#: The number of users of the goals.
USERS = 256
#: How many times as fast Quart's best server is to be as the best Flask server.
FACTOR = 1.5
#: The contender that is to be level with `REFERENCE`.
HYPERCORN = 'quart-hypercorn'


@dataclass(frozen=True)
class Goal:
    """A goal, and whether it was reached.

    Attributes:
        text: The goal, in words.
        reached: None means that the figures do not decide, or that there are none.
        figures: The figures that decide.
    """

    text: str
    reached: bool | None
    figures: str


def check_goals(results: Results) -> list[Goal]:
    """Return all goals, also those whose scenarios were not measured."""
    verdicts = {
        item.scenario.name: item
        for item in make_verdicts(results)
        if item.comparison.users == USERS
    }
    goals = [_factor_goal(name, verdicts.get(name)) for name in ('waiting', 'service')]
    goals += [_level_goal(name, verdicts.get(name)) for name in ('session', 'database')]
    for name in ('service', 'database'):
        goals += _hypercorn_goals(name, verdicts.get(name))
    return goals


def _factor_goal(scenario: str, verdicts: Verdicts | None) -> Goal:
    text = f"`{scenario}`: Quart's best server at least {FACTOR} times the best Flask server"
    pair = verdicts.best_pair if verdicts else None
    reached = None
    if pair:
        if pair.interval.low >= FACTOR and not pair.second_is_limited:
            reached = True
        elif pair.interval.high < FACTOR and not pair.first_is_limited:
            reached = False
    return Goal(text, reached, _figures(pair))


def _level_goal(scenario: str, verdicts: Verdicts | None) -> Goal:
    text = f"`{scenario}`: Quart's best server at least level with the best Flask server"
    pair = verdicts.best_pair if verdicts else None
    return Goal(text, _is_level(pair), _figures(pair))


def _hypercorn_goals(scenario: str, verdicts: Verdicts | None) -> list[Goal]:
    level = f'`{scenario}`: Quart on Hypercorn at least level with Flask gevent'
    memory = f'`{scenario}`: Quart on Hypercorn in less memory than Flask gevent'
    servers = {item.name: item for item in verdicts.comparable} if verdicts else {}
    quart, flask = servers.get(HYPERCORN), servers.get(REFERENCE)
    if verdicts is None or quart is None or flask is None:
        return [Goal(level, None, _figures(None)), Goal(memory, None, _figures(None))]
    pair = verdicts.ratio(quart, flask)
    return [Goal(level, _is_level(pair), _figures(pair)), _memory_goal(memory, quart, flask)]


def _memory_goal(text: str, quart: ContenderResult, flask: ContenderResult) -> Goal:
    ours, theirs = figure(quart, 'memory'), figure(flask, 'memory')
    reached = ours.median < theirs.median if ours and theirs else None
    values = [median_text(server, 'memory', MEGABYTE) for server in (quart, flask)]
    return Goal(text, reached, f'{values[0]} MB, compared with {values[1]} MB')


def _is_level(pair: Ratio | None) -> bool | None:
    if pair is None or pair.verdict is Verdict.UNDECIDED:
        return None
    return pair.verdict is not Verdict.SLOWER


def _figures(pair: Ratio | None) -> str:
    if pair is None:
        return 'not measured'
    return f'{ratio_text(pair, " times")}: {pair.first.title} compared with {pair.second.title}'
