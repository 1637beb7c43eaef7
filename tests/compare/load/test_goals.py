"""The goals, on made-up results."""

from collections.abc import Mapping

import msgspec
import pytest

from quart_session_demo.compare.load.goals import check_goals
from quart_session_demo.compare.load.scenarios import SESSION, WAITING
from tests.compare.load.conftest import make_comparison, make_results

SERVICE = msgspec.structs.replace(SESSION, name='service')


def reached(text: str, speeds: Mapping[str, float], seed: int = 0) -> bool | None:
    """Return whether the first goal with this text is reached in all scenarios of these speeds."""
    results = make_results(
        *(make_comparison(speeds, item, seed=seed) for item in (SESSION, WAITING, SERVICE)),
        scenarios=(SESSION, WAITING, SERVICE),
    )
    return next(goal.reached for goal in check_goals(results) if text in goal.text)


@pytest.mark.parametrize(
    ('factor', 'expected'), [(1.6, True), (1.4, False), (1.5, None), (0.7, False)]
)
def test_factor_is_decided_by_the_interval(factor: float, expected: bool | None) -> None:
    """A factor of 1.5 is reached, or missed, if the whole interval is on one side of it."""
    speeds = {'flask-gevent': 1, 'quart-granian': factor}

    assert reached('`waiting`: ', speeds) is expected


@pytest.mark.parametrize(('factor', 'expected'), [(1.2, True), (1, True), (0.8, False)])
def test_level_is_decided_by_the_verdict(factor: float, expected: bool | None) -> None:
    """Level means faster, or no difference."""
    speeds = {'flask-gevent': 1, 'quart-hypercorn': factor}

    assert reached('`session`: ', speeds) is expected
    assert reached('`service`: Quart on Hypercorn at least level', speeds) is expected


def test_memory_is_compared() -> None:
    """Hypercorn's goal needs less memory than gevent, which has 78 MB here."""
    speeds = {'flask-gevent': 1, 'quart-hypercorn': 1}

    assert reached('`service`: Quart on Hypercorn in less memory', speeds) is True


def test_goals_without_figures_are_listed() -> None:
    """A run without the scenarios has all goals, none of them decided."""
    goals = check_goals(make_results())

    assert len(goals) == 8
    assert {(goal.reached, goal.figures) for goal in goals} == {(None, 'not measured')}
