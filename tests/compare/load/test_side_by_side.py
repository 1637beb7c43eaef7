"""Contenders are measured side by side, in blocks."""

import pytest

from quart_session_demo.compare.load import plan, side_by_side
from quart_session_demo.compare.load.intervals import Verdict
from quart_session_demo.compare.load.job import SliceOrder
from quart_session_demo.compare.load.progress import Progress
from quart_session_demo.compare.load.results import Comparison, ContenderResult
from quart_session_demo.compare.load.running_servers import MeasuredSlice, RunningServers
from quart_session_demo.compare.load.side_by_side import SideBySide
from quart_session_demo.compare.load.verdicts import Verdicts
from tests.compare.load.conftest import has_response
from tests.compare.load.generated_load import FAST
from tests.compare.load.made_up_plan import BROKEN, DYING, SCENARIO, MadeUpPlan, slow

#: Enough users that a server never waits for a request.
USERS = 8


def measure(made_up: MadeUpPlan) -> dict[str, ContenderResult]:
    """Return what was measured, by the contenders' names."""
    return {item.name: item for item in comparison_of(made_up).contenders}


def comparison_of(made_up: MadeUpPlan) -> Comparison:
    comparison = Comparison(SCENARIO.name, USERS)
    SideBySide(made_up, SCENARIO, USERS, {}, comparison, Progress(0)).measure()
    return comparison


def blocks_of(contender: ContenderResult) -> list[int]:
    return [sample.block for sample in contender.samples]


def test_each_block_has_each_contender_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each start has a warm-up and some blocks; in each block each server has one slice."""
    orders: list[list[SliceOrder]] = []
    start, run = RunningServers.__enter__, RunningServers.run

    def watched_start(servers: RunningServers) -> RunningServers:
        orders.append([])
        return start(servers)

    def watched_run(servers: RunningServers, order: SliceOrder) -> MeasuredSlice:
        orders[-1].append(order)
        return run(servers, order)

    monkeypatch.setattr(RunningServers, '__enter__', watched_start)
    monkeypatch.setattr(RunningServers, 'run', watched_run)
    monkeypatch.setattr(side_by_side, 'BLOCKS_PER_START', 2)
    names = ['flask-gevent', 'flask-threads', 'quart-granian']
    servers = dict.fromkeys(names, FAST)

    found = measure(MadeUpPlan(servers=servers, blocks=3, seconds=0.05))

    assert list(found) == names
    for contender in found.values():
        assert blocks_of(contender) == [1, 2, 3]
        assert all(map(has_response, contender.samples))
        assert not any(sample.failures for sample in contender.samples)
        assert len(contender.start_seconds) == len(contender.start_memory) == 2
    slices = [[order.contender for order in start[3:]] for start in orders]
    assert [len(start) for start in slices] == [6, 3]
    blocks = [slices[0][:3], slices[0][3:], slices[1]]
    # As many blocks as servers: in each block, and at each position, each server is once.
    assert all(sorted(block) == names for block in [*blocks, *zip(*blocks, strict=True)])
    assert {order.seconds for start in orders for order in start[3:]} == {0.05}
    assert all(order.warm_up > 0 for start in orders for order in start)


def test_servers_that_do_not_run_have_an_error() -> None:
    """A server that does not start, or exits, has an error; the others are measured."""
    servers = {
        'flask-sync': BROKEN,
        'flask-gevent': FAST,
        'quart-uvicorn': DYING,
        'quart-granian': FAST,
    }

    found = measure(MadeUpPlan(servers=servers, blocks=2, seconds=0.05))

    errors = [item.error.splitlines() for item in found.values() if item.error]
    assert [lines[0] for lines in errors] == [
        'flask-sync did not start (exit status 1); the end of its log:',
        'quart-uvicorn died (exit status 7); the end of its log:',
    ]
    assert 'no memory' in errors[0]
    assert 'out of memory' in errors[1]
    assert [len(item.start_seconds) for item in found.values()] == [0, 1, 1, 1]
    assert [blocks_of(item) for item in found.values()] == [[], [1, 2], [], [1, 2]]


def test_server_that_exited_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that died is not part of later starts."""
    monkeypatch.setattr(side_by_side, 'BLOCKS_PER_START', 1)
    servers = {'flask-gevent': FAST, 'quart-uvicorn': DYING}

    found = measure(MadeUpPlan(servers=servers, blocks=2, seconds=0.05))

    assert [len(item.start_seconds) for item in found.values()] == [2, 1]
    assert found['quart-uvicorn'].error


def test_blocks_are_added_for_undecided_contenders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first blocks decide nothing, only these contenders and the reference go on."""
    servers = {
        'flask-gevent': slow(4),
        'quart-hypercorn': slow(3, 12),
        'quart-granian': slow(2),
    }

    monkeypatch.setattr(plan, 'ADDED_BLOCKS', 2)

    found = measure(MadeUpPlan(servers=servers, blocks=6, seconds=0.1))

    last = {name: max(blocks_of(contender)) for name, contender in found.items()}
    assert last == {'flask-gevent': 8, 'quart-hypercorn': 8, 'quart-granian': 6}
    assert all(len(item.samples) == last[name] for name, item in found.items())


def test_planted_difference_is_found_and_none_is_not() -> None:
    """Of three servers one needs 10 % more time: it is slower, and the others do not differ."""
    servers = {
        'flask-gevent': slow(4),
        'flask-threads': slow(4),
        'quart-granian': slow(4.4),
    }

    verdicts = Verdicts(comparison_of(MadeUpPlan(servers=servers, seconds=0.15)), SCENARIO)

    found = {
        item.name: ratio
        for item in verdicts.comparable
        if (ratio := verdicts.ratio_to_reference(item))
    }
    assert found['flask-threads'].verdict is Verdict.SAME, found
    assert found['quart-granian'].verdict is Verdict.SLOWER, found
    assert found['quart-granian'].interval.ratio == pytest.approx(1 / 1.1, rel=0.04)
