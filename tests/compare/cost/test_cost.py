"""What opening and saving costs: a real, short measurement, and its table."""

import asyncio
import re

import pytest
from quart import Quart

from quart_session_demo.compare.cost.benchmark import (
    FLASK,
    FLOOR,
    LARGE,
    LESSON,
    OURS,
    QUART,
    Cost,
    measure,
    table,
)


@pytest.fixture(scope='module')
def costs() -> dict[tuple[str, str], Cost]:
    return {(cost.session, cost.contender): cost for cost in asyncio.run(measure(rounds=15))}


def test_cost_measures_every_contender_with_both_sessions(
    costs: dict[tuple[str, str], Cost],
) -> None:
    assert list(costs) == [
        (session, contender)
        for session in (LESSON, LARGE)
        for contender in (FLASK, QUART, OURS, FLOOR)
    ]
    assert all(cost.open > 0 and cost.save > 0 for cost in costs.values())


def test_cost_of_ours_is_between_the_floor_and_stock_quart(
    costs: dict[tuple[str, str], Cost],
) -> None:
    floor, ours, stock = (costs[LESSON, name].both for name in (FLOOR, OURS, QUART))

    assert floor < ours < 0.9 * stock


def test_table_shows_the_share_of_stock_quart() -> None:
    text = table(
        [
            Cost(LESSON, QUART, 10, 30),
            Cost(LESSON, OURS, 8, 12),
            Cost(LARGE, OURS, 100, 300),
            Cost(LARGE, QUART, 100, 100),
        ]
    )

    rows = [line.split()[-4:] for line in text.splitlines()[1:]]
    assert rows == [
        ['10.0', '30.0', '40.0', '1.00'],
        ['8.0', '12.0', '20.0', '0.50'],
        ['100.0', '300.0', '400.0', '2.00'],
        ['100.0', '100.0', '200.0', '1.00'],
    ]


def test_command_prints_the_table(app: Quart) -> None:
    result = app.test_cli_runner().invoke(args=['compare', 'cost', '--rounds', '1'])

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 9
    assert re.search(r'lesson +ours +\d', result.stdout)
