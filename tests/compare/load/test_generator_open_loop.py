"""The open loop: requests start at planned times, and no stalled server can hide them."""

import math
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from statistics import fmean, pstdev

import pytest

from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.load.ceiling import STATIC_SERVER
from quart_session_demo.compare.load.generator.arrivals import arrival_times
from quart_session_demo.compare.load.generator_process import Generator
from quart_session_demo.compare.load.job import SliceOrder
from quart_session_demo.compare.load.latency import LatencyHistogram
from quart_session_demo.compare.load.scenarios import SESSION, Exchange
from tests.compare.load.generated_load import (
    FAST,
    NAME,
    OK,
    ONE_AT_A_TIME,
    SERVICE_SECONDS,
    count,
    made_up,
    order,
    percentile,
    run_generator,
    server_command,
)

#: How long a server is stopped.
STOP_SECONDS = 6


def queue_times(arrivals: Sequence[float], service: float, warm_up: float = 0) -> list[float]:
    """Return how long each request takes on a server that serves one after the other."""
    times, free_at = [], 0.0
    for arrival in arrivals:
        free_at = max(free_at, arrival) + service
        if arrival >= warm_up:
            times.append(free_at - arrival)
    return times


def test_arrivals_are_a_poisson_process() -> None:
    """The gaps between arrivals have the mean and the deviation of an exponential distribution."""
    times = arrival_times(SliceOrder('', 10, 190, rate=100, seed=3))
    gaps = [after - before for before, after in pairwise(times)]

    assert len(times) == pytest.approx(20_000, rel=0.03)
    assert 0 < times[0] < times[-1] < 200
    assert fmean(gaps) == pytest.approx(0.01, rel=0.03)
    assert pstdev(gaps) == pytest.approx(0.01, rel=0.03)


def test_arrivals_depend_on_the_seed() -> None:
    """The same seed gives the same schedule, another seed another one."""
    first, same, other = (arrival_times(order(rate=100, seed=seed)) for seed in (1, 1, 2))

    assert first == same
    assert first != other


@pytest.mark.parametrize('utilization', [0.2, 0.5, 0.8])
def test_schedule_gives_the_waits_of_queueing_theory(utilization: float) -> None:
    """One server with a constant service time has the mean wait of M/D/1: rho*s / (2*(1-rho))."""
    rate = utilization / SERVICE_SECONDS
    arrivals = arrival_times(SliceOrder('', 0, 2000, rate=rate, seed=1))

    wait = fmean(queue_times(arrivals, SERVICE_SECONDS)) - SERVICE_SECONDS
    expected = utilization * SERVICE_SECONDS / (2 * (1 - utilization))
    assert wait == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize('rate', [40, 160])
def test_known_service_time_gives_known_latencies(rate: float) -> None:
    """A server with a known service time gives the expected percentiles, also near its peak."""
    schedule = order(2, warm_up=0.5, rate=rate, seed=5)
    times = queue_times(arrival_times(schedule), SERVICE_SECONDS, schedule.warm_up)
    expected = LatencyHistogram()
    for time in times:
        expected.record(time)
    best = dict.fromkeys((50, 90), math.inf)
    with run_generator(ONE_AT_A_TIME, made_up(OK), 64) as [load, _]:
        # Other processes may disturb some of the runs, but not all of them.
        for _ in range(15):
            result = load.run(schedule)
            assert (count(result), result.failures) == (len(times), {})
            for percent in best:
                ratio = percentile(result, percent) / (expected.percentile(percent) or 0)
                # The server cannot be faster than its service time.
                assert ratio > 0.95
                best[percent] = min(best[percent], ratio)
            if max(best.values()) < 1.3:
                break

    assert max(best.values()) < 1.3


def test_stopped_server_cannot_hide() -> None:
    """A server that stops for six seconds shows them in p99; a closed loop would not show them."""
    with (
        run_generator(STATIC_SERVER, SESSION, 16) as [open_load, server],
        Generator(SESSION, 16, {NAME: server.url}) as closed_load,
        ThreadPoolExecutor() as pool,
    ):
        # Both connect before the server stops.
        open_load.run(order())
        closed_load.run(order())
        timers = [
            threading.Timer(seconds, os.killpg, [server.process.pid, number])
            for seconds, number in ((1, signal.SIGSTOP), (1 + STOP_SECONDS, signal.SIGCONT))
        ]
        for timer in timers:
            timer.start()
        try:
            results = pool.map(
                Generator.run,
                (open_load, closed_load),
                (order(STOP_SECONDS + 2, rate=200), order(STOP_SECONDS + 2)),
            )
            open_result, closed_result = results
        finally:
            for timer in timers:
                timer.join()

    assert open_result.failures == {}
    assert percentile(open_result, 99) == pytest.approx(STOP_SECONDS * 1000, rel=0.15)
    assert percentile(open_result, 50) > 1000
    # Only one request of each user has waited.
    assert percentile(closed_result, 99) < 1000


def test_rate_far_above_the_ceiling_is_late() -> None:
    """If the load generator cannot follow its schedule, most requests are late."""
    with run_generator(STATIC_SERVER, SESSION, 32) as [load, _]:
        followed = load.run(order(0.5, rate=100))
        behind = load.run(order(0.3, rate=200_000))

    assert behind.late_ratio > 0.5
    assert behind.busy > followed.busy
    assert count(behind) == behind.requests
    # All requests of the schedule were sent.
    assert behind.requests == pytest.approx(60_000, rel=0.05)


def test_overloaded_server_does_not_make_the_generator_late() -> None:
    """Requests that wait because all users wait for the server are not late, but slow."""
    command = server_command('one_at_a_time', '0.02')
    with run_generator(command, made_up(OK), 4) as [load, _]:
        # Other processes may disturb some of the runs, but not all of them.
        for _ in range(15):
            result = load.run(order(1, rate=100))
            assert count(result) == result.requests > 50
            assert percentile(result, 90) > 300
            if result.late_ratio < 0.1:
                break

    assert result.late_ratio < 0.1


def test_warm_up_is_sent_and_not_measured() -> None:
    """The requests of the warm-up are sent, and have no part in the figures."""
    with run_generator(FAST, made_up(OK), 4) as [load, _]:
        schedule = order(0.5, warm_up=1, rate=100, seed=2)
        result = load.run(schedule)

    times = arrival_times(schedule)
    measured = sum(time >= 1 for time in times)
    assert (count(result), result.requests, result.responses) == (measured, measured, len(times))
    assert result.seconds == 0.5


def test_pauses_have_no_effect_in_the_open_loop() -> None:
    """The schedule alone decides when requests start: a step's pause has no effect."""
    pausing = Exchange(Step('ok', '/', wait=60), body='ok')
    with run_generator(FAST, made_up(pausing), 4) as [load, _]:
        assert load.run(order(0.5, rate=100)).requests > 10


def test_setup_and_failures_in_the_open_loop() -> None:
    """Each user makes the setup before it serves a request, again after a failure."""
    setup = Exchange(Step('setup', '/'), body='')
    good = Exchange(Step('good', '/'), body='a=b; c=d')
    fails = Exchange(Step('fails', '/'), body='never')
    scenario = made_up(good, fails, setup=(setup,))
    with run_generator(server_command('load_server', 'Domain'), scenario, 3) as [load, _]:
        result = load.run(order(0.5, warm_up=0, rate=100))

    assert list(result.failures) == ['fails: unexpected body']
    assert result.requests > 5
    assert count(result) == result.requests


def test_background_users_send_during_the_open_loop() -> None:
    """Background users send all the time beside the schedule, and are not measured."""
    scenario = made_up(OK, background=(Exchange(Step('background', '/'), body='ok'),))
    with run_generator(FAST, scenario, 10) as [load, _]:
        schedule = order(0.5, warm_up=0, rate=20)
        result = load.run(schedule)

    assert result.failures == {}
    assert result.requests == len(arrival_times(schedule))
    assert result.responses > result.requests + 2


def test_loops_alternate_on_the_same_connections() -> None:
    """A closed loop may follow an open one and the reverse, with the same users."""
    with run_generator(FAST, made_up(OK), 4) as [load, _]:
        results = [load.run(order(rate=rate)) for rate in (None, 100, None, 100)]

    for result in results:
        assert result.failures == {}
        assert result.requests > 0
