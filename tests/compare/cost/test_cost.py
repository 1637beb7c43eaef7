"""`compare cost`: a short measurement, and its table."""

import asyncio
import re
import sys

import pytest
from quart import Quart

from quart_session_demo.compare.cost.benchmark import (
    Cost,
    Measurements,
    cost_table,
    json_content,
    measure_costs,
)
from quart_session_demo.compare.cost.cookie import MINIMUM, OURS, STOCK_FLASK, STOCK_QUART
from quart_session_demo.compare.cost.subjects import LARGE, LESSON


@pytest.fixture(scope='module')
def costs() -> dict[tuple[str, str], Cost]:
    measurements = Measurements(rounds=7)
    # Coverage traces our code, but not Quart's.
    tracer = sys.gettrace()
    sys.settrace(None)
    asyncio.run(measure_costs(measurements))
    sys.settrace(tracer)
    assert measurements.complete
    return {(cost.session, cost.subject): cost for cost in measurements.costs()}


def test_every_implementation_is_measured(costs: dict[tuple[str, str], Cost]) -> None:
    """Each implementation opens and saves both sessions."""
    assert list(costs) == [
        (session, subject)
        for session in (LESSON, LARGE)
        for subject in (STOCK_FLASK, STOCK_QUART, OURS, MINIMUM)
    ]
    assert all(cost.open > 0 and cost.save > 0 for cost in costs.values())


def test_our_cookie_costs_less_than_quarts(costs: dict[tuple[str, str], Cost]) -> None:
    """Our cookie session takes at least 10 % less time than stock Quart's, but not nothing."""
    ours = costs[LESSON, OURS]

    assert ours.ratio_to_stock_quart is not None
    assert ours.ratio_to_minimum is not None
    assert ours.ratio_to_stock_quart < 0.9
    assert ours.ratio_to_minimum > 1


def test_ratios_are_medians_of_the_rounds() -> None:
    """A ratio is that of a round, where both were measured, and the median of the rounds."""
    measurements = Measurements(rounds=3)
    measurements.minimums = {STOCK_QUART: MINIMUM, MINIMUM: MINIMUM, OURS: MINIMUM}
    # The first round warms up. The machine is slow in the third, and the last was stopped.
    measurements.times = {
        (LESSON, STOCK_QUART): [(1, 9), (2, 2), (20, 20), (2, 3)],
        (LESSON, OURS): [(9, 9), (1, 1), (10, 20), (4, 0)],
        (LESSON, MINIMUM): [(1, 1), (0, 1), (5, 5)],
    }

    ratios = {
        cost.subject: (cost.ratio_to_stock_quart, cost.ratio_to_minimum)
        for cost in measurements.costs()
    }

    assert ratios == {STOCK_QUART: (1, 4), OURS: (0.75, 2.5), MINIMUM: (0.25, 1)}


def test_time_that_cannot_be_measured_gives_no_ratio() -> None:
    """A clock that is too coarse for the minimum leaves that ratio out of the table."""
    measurements = Measurements(rounds=1)
    measurements.minimums = {STOCK_QUART: MINIMUM, MINIMUM: MINIMUM}
    measurements.times = {
        (LESSON, STOCK_QUART): [(1e-3, 3e-3)] * 2,
        (LESSON, MINIMUM): [(0, 0)] * 2,
    }

    assert [list(row[-5:]) for row in cost_table(measurements.costs()).rows] == [
        ['10.0', '30.0', '40.0', '1.00', '-'],
        ['0.0', '0.0', '0.0', '0.00', '-'],
    ]


def test_json_has_the_ratios() -> None:
    """The document has the times in microseconds, and the same ratios as the table."""
    measurements = Measurements(rounds=1)
    measurements.minimums = {STOCK_QUART: STOCK_QUART}
    measurements.times = {(LESSON, STOCK_QUART): [(1e-3, 3e-3)] * 2}

    assert json_content(measurements)['costs'] == [
        {
            'session': LESSON,
            'subject': STOCK_QUART,
            'open': pytest.approx(10),
            'save': pytest.approx(30),
            'total': pytest.approx(40),
            'ratio_to_stock_quart': 1,
            'ratio_to_minimum': 1,
        }
    ]


def test_command_prints_the_table(app: Quart) -> None:
    """The command prints a row for each session and implementation, stores that need no server too.

    Each store stands beside its bare round trips.
    """
    result = app.test_cli_runner().invoke(args=['compare', 'cost', '--rounds', '1'])

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 2 + 2 * 8
    for name in ('ours', 'memory', 'bare memory', 'SQLite', 'bare SQLite'):
        assert re.search(rf'\| lesson +\| {name} +\| \d', result.stdout)


def test_sessions_in_sqlite_need_the_extra(app: Quart, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra `sql` the command measures the other stores."""
    command = sys.modules['quart_session_demo.cli.compare.cost']
    monkeypatch.setattr(command, 'find_spec', lambda name: None)

    result = app.test_cli_runner().invoke(args=['compare', 'cost', '--rounds', '1'])

    assert result.exit_code == 0
    assert 'memory' in result.stdout
    assert 'SQLite' not in result.stdout
