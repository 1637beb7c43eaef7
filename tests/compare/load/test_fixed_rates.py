"""Contenders are measured at fixed rates of requests."""

import pytest

from quart_session_demo.compare.load.ceiling import STATIC_SERVER
from quart_session_demo.compare.load.fixed_rates import measure_rates
from quart_session_demo.compare.load.generator_process import Generator
from quart_session_demo.compare.load.job import SliceOrder
from quart_session_demo.compare.load.progress import Progress
from quart_session_demo.compare.load.results import Comparison, Results
from quart_session_demo.compare.load.running_servers import MeasuredSlice, RunningServers
from quart_session_demo.compare.load.scenarios import SESSION
from quart_session_demo.compare.load.tables import rate_table
from tests.compare.load.conftest import make_contender
from tests.compare.load.generated_load import FAST
from tests.compare.load.made_up_plan import BROKEN, DYING, SCENARIO, MadeUpPlan

#: How long a slice of a closed loop takes: one at a fixed rate takes twice as long.
SECONDS = 0.1


def measure(plan: MadeUpPlan, *comparisons: Comparison, ceiling: float | None = None) -> Results:
    """Return the results with the rates of the plan's first scenario, after other measurements."""
    results = Results({}, plan.scenarios, comparisons=list(comparisons), ceiling=ceiling)
    measure_rates(plan, plan.scenarios[0], {}, results, Progress(0))
    return results


def test_rates_are_parts_of_each_own_peak() -> None:
    """Without given rates a server is measured at 50, 70, 80 and 90 % of its own peak."""
    servers = dict.fromkeys(['flask-gevent', 'quart-granian', 'quart-uvicorn'], FAST)
    peaks = Comparison(
        SCENARIO.name,
        32,
        contenders=[
            make_contender('flask-gevent', [190, 200, 300]),
            make_contender('quart-uvicorn', [200]),
        ],
    )

    results = measure(MadeUpPlan(servers=servers, seconds=SECONDS), peaks)

    # One has no peak, and the other is none of the contenders that a full run measures.
    assert {sample.contender for sample in results.rates} == {'flask-gevent'}
    assert [sample.rate for sample in results.rates] == pytest.approx([100, 140, 160, 180])
    assert results.rate_errors == []
    for sample in results.rates:
        assert (sample.scenario, sample.title) == (SCENARIO.name, 'flask-gevent')
        assert (sample.peak, sample.failures) == (200, {})
        # Three slices of 0.2 s; a Poisson process of 60 requests has a deviation of 8.
        assert sample.requests == pytest.approx(sample.rate * 0.6, rel=0.6)
        assert 0 < sample.p50 <= sample.p95 <= sample.p99 <= sample.p999 <= sample.maximum


def test_given_rates_are_the_same_for_all() -> None:
    """Each server is measured at each given rate, without a closed loop before."""
    servers = dict.fromkeys(['flask-gevent', 'quart-granian'], FAST)
    plan = MadeUpPlan(servers=servers, seconds=SECONDS, rates=(50, 100))

    results = measure(plan)

    assert [(sample.contender, sample.rate) for sample in results.rates] == [
        ('flask-gevent', 50),
        ('flask-gevent', 100),
        ('quart-granian', 50),
        ('quart-granian', 100),
    ]
    assert all(sample.requests > 0 for sample in results.rates)
    assert {sample.peak for sample in results.rates} == {None}


def test_chosen_contenders_are_measured_at_rates() -> None:
    """`--contenders` also chooses what is measured at fixed rates."""
    servers = dict.fromkeys(['flask-gevent', 'quart-uvicorn'], FAST)
    plan = MadeUpPlan(servers=servers, names=('quart-uvicorn',), seconds=SECONDS, rates=(50,))

    assert [sample.contender for sample in measure(plan).rates] == ['quart-uvicorn']


def test_run_behind_its_schedule_is_void() -> None:
    """A rate that the load generator cannot reach is void; what it sent late is stored."""
    servers = {'flask-gevent': STATIC_SERVER}
    plan = MadeUpPlan(scenarios=(SESSION,), servers=servers, seconds=0.05, rates=(200_000,))

    [sample] = measure(plan).rates

    assert sample.void
    assert sample.late_ratio > 0.5


def test_rate_without_a_request_is_not_void() -> None:
    """A rate so low that no request was to start does not blame the load generator."""
    plan = MadeUpPlan(servers={'flask-gevent': FAST}, seconds=SECONDS, rates=(0.001,))

    results = measure(plan)

    [sample] = results.rates
    assert (sample.requests, sample.late_ratio, sample.void) == (0, 0, False)
    [row] = rate_table(SCENARIO.name, results.rates).rows
    assert row[-1] == 'no request'


def test_high_rates_have_two_load_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Near the ceiling of one load generator, and where the closed loop had two, there are two."""
    counts: list[int] = []
    make_generator = RunningServers._make_generator

    def watched(servers: RunningServers, count: int) -> Generator:
        counts.append(count)
        return make_generator(servers, count)

    monkeypatch.setattr(RunningServers, '_make_generator', watched)
    plan = MadeUpPlan(servers={'flask-gevent': FAST}, seconds=SECONDS, rates=(100,))

    measure(plan, ceiling=1000)
    measure(plan, ceiling=110)
    measure(plan, Comparison(SCENARIO.name, 32, generators=2))

    assert counts == [1, 2, 2]


def test_interrupted_rates_are_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C the slices that were measured are in the results."""
    run = RunningServers.run
    orders: list[SliceOrder] = []

    def interrupted_run(servers: RunningServers, order: SliceOrder) -> MeasuredSlice:
        orders.append(order)
        # The first one is the warm-up.
        if len(orders) == 3:
            raise KeyboardInterrupt
        return run(servers, order)

    monkeypatch.setattr(RunningServers, 'run', interrupted_run)
    plan = MadeUpPlan(servers={'flask-gevent': FAST}, seconds=SECONDS, rates=(50, 100))
    results = Results({}, plan.scenarios)

    with pytest.raises(KeyboardInterrupt):
        measure_rates(plan, SCENARIO, {}, results, Progress(0))

    assert [sample.rate for sample in results.rates] == [orders[1].rate]


def test_servers_that_do_not_run_have_an_error() -> None:
    """A server that does not start, or exits, has an error; the others are measured."""
    servers = {'flask-threads': BROKEN, 'flask-gevent': DYING, 'quart-granian': FAST}
    plan = MadeUpPlan(servers=servers, seconds=SECONDS, rates=(50,))

    results = measure(plan)

    assert [sample.contender for sample in results.rates] == ['quart-granian']
    results.complete = True
    assert not results.succeeded
    assert [(item.title, item.error.splitlines()[0]) for item in results.rate_errors] == [
        ('flask-threads', 'flask-threads did not start (exit status 1); the end of its log:'),
        ('flask-gevent', 'flask-gevent died (exit status 7); the end of its log:'),
    ]
