"""What a plan measures, and how long that takes."""

import pytest

from quart_session_demo.compare.load.contenders import Pair
from quart_session_demo.compare.load.plan import ADDED_BLOCKS, QUICK_USERS, Plan, make_quick
from quart_session_demo.compare.load.scenarios import (
    LESSON_SCENARIOS,
    SESSION,
    WAITING,
    select_scenarios,
)

QUICK_MINUTES = 5
FULL_MINUTES = 75


def test_given_rates_replace_the_closed_loop() -> None:
    """With `--rate` nothing is measured in a closed loop, and each scenario at these rates."""
    plan = Plan((SESSION, WAITING), rates=(100,))

    assert plan.closed_loop_users == ()
    assert plan.measures_rates(WAITING)


def test_contenders_can_be_chosen() -> None:
    """Only the chosen contenders are measured, also at fixed rates."""
    plan = Plan((SESSION,), names=('quart-uvicorn', 'flask-sync'))

    names = [contender.name for contender in plan.contenders(SESSION, 8)]

    assert names == ['flask-sync', 'quart-uvicorn']
    assert [contender.name for contender in plan.rate_contenders(SESSION)] == names


def test_equal_numbers_of_threads_are_measured_once() -> None:
    """With eight users, a thread for each user and eight threads are the same server."""
    plan = Plan((SESSION,))

    titles = [contender.server.name for contender in plan.contenders(SESSION, 8)]

    assert titles.count('Flask 8 threads') == 1
    assert len(titles) == len(plan.contenders(SESSION, 32)) - 1


def test_contender_that_cannot_run_is_left_out() -> None:
    """A contender that cannot run a user's own app is not measured."""
    pair = Pair('shop:sync', 'shop:port')
    plan = Plan((SESSION,), pair, left_out={'quart-sync-views': 'no await'})

    assert 'quart-sync-views' not in [item.name for item in plan.contenders(SESSION, 8)]


def test_unknown_scenario_is_refused() -> None:
    """The error for an unknown scenario lists the known ones."""
    with pytest.raises(ValueError, match='unknown: use one of session, database'):
        select_scenarios(['sessions'])


def test_quick_run_takes_less_than_five_minutes() -> None:
    """A quick run has the session scenario for 32 users with all contenders and no rates."""
    plan = make_quick(Plan(LESSON_SCENARIOS, users=QUICK_USERS))

    assert plan.scenarios == (SESSION,)
    assert plan.closed_loop_users == (32,)
    assert len(plan.contenders(SESSION, 32)) == 9
    assert not plan.measures_rates(SESSION)
    assert plan.estimated_seconds() < QUICK_MINUTES * 60


def test_full_run_takes_less_than_75_minutes() -> None:
    """All scenarios, with as many blocks as are measured at most, take at most 75 minutes."""
    plan = Plan(LESSON_SCENARIOS, blocks=Plan.blocks + ADDED_BLOCKS)

    assert plan.estimated_seconds() < FULL_MINUTES * 60
