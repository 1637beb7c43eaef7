"""`compare cost`: a short measurement, and its table."""

import asyncio
import re
import sys

import pytest
from quart import Quart

from quart_session_demo.compare.cost.benchmark import Cost, Measurements, cost_table, measure_costs
from quart_session_demo.compare.cost.cookie import MINIMUM, OURS, STOCK_FLASK, STOCK_QUART
from quart_session_demo.compare.cost.subjects import LARGE, LESSON


@pytest.fixture(scope='module')
def costs() -> dict[tuple[str, str], Cost]:
    measurements = Measurements(rounds=15)
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
    minimum, ours, stock = (costs[LESSON, name].total for name in (MINIMUM, OURS, STOCK_QUART))

    assert minimum < ours < 0.9 * stock


def test_table_compares_with_stock_quart() -> None:
    """The last column divides each total by that of stock Quart with the same session."""
    table = cost_table(
        [
            Cost(LESSON, STOCK_QUART, 10, 30),
            Cost(LESSON, OURS, 8, 12),
            Cost(LARGE, OURS, 100, 300),
            Cost(LARGE, STOCK_QUART, 100, 100),
        ]
    )

    rows = [list(row[-4:]) for row in table.rows]
    assert rows == [
        ['10.0', '30.0', '40.0', '1.00'],
        ['8.0', '12.0', '20.0', '0.50'],
        ['100.0', '300.0', '400.0', '2.00'],
        ['100.0', '100.0', '200.0', '1.00'],
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
