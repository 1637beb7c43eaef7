"""Measure the response times of contenders at fixed rates of requests (open loop)."""

import random
from collections.abc import Mapping, Sequence

from quart_session_demo.compare.harness.formatting import format_number
from quart_session_demo.compare.harness.servers import ServerError
from quart_session_demo.compare.load.contenders import Contender
from quart_session_demo.compare.load.generator_process import merge
from quart_session_demo.compare.load.job import SliceOrder, SliceResult
from quart_session_demo.compare.load.latency import LatencyHistogram
from quart_session_demo.compare.load.plan import (
    BUSY_GENERATOR,
    MAX_GENERATORS,
    PEAK_RATIOS,
    RATE_SLICE_FACTOR,
    RATE_SLICES,
    WARM_UP_RATIO,
    Plan,
)
from quart_session_demo.compare.load.progress import Progress
from quart_session_demo.compare.load.results import RateError, RateSample, Results
from quart_session_demo.compare.load.running_servers import RunningServers
from quart_session_demo.compare.load.scenarios import Scenario
from quart_session_demo.compare.load.summary import figure

#: Fewer users do not reach a server's peak: they are the limit themselves.
PEAK_USERS = 32
#: If more of the requests were sent too late, the load generator was the limit.
MAX_LATE_RATIO = 0.01


def measure_rates(
    plan: Plan,
    scenario: Scenario,
    environment: Mapping[str, str],
    results: Results,
    progress: Progress,
) -> None:
    """Measure a scenario at the plan's rates, or at parts of each contender's own peak.

    Args:
        plan: What to measure.
        scenario: What the users do.
        environment: Further environment variables of the apps.
        results: Where the measurements are stored, and the peaks are.
        progress: Where to show how far the measurement is.

    Raises:
        LoadError: The load generator failed.
    """
    contenders = {item.name: item for item in plan.rate_contenders(scenario)}
    peaks = {name: _peak(results, scenario.name, name) for name in contenders}
    points = [
        (name, rate)
        for name, peak in peaks.items()
        for rate in plan.rates or [ratio * peak for ratio in PEAK_RATIOS if peak]
    ]
    if not points:
        return
    measured: dict[tuple[str, float], list[SliceResult]] = {point: [] for point in points}
    servers = RunningServers(
        [contenders[name] for name in dict.fromkeys(name for name, _ in points)],
        environment,
        scenario,
        max(plan.users),
        processes=plan.processes,
        generators=_generators(plan, scenario, results),
    )
    generator = random.Random(f'{plan.seed} {scenario.name}')  # noqa: S311 - no secret
    try:
        with servers:
            for name in servers.starts:
                _run(servers, SliceOrder(name, plan.seconds, plan.seconds * WARM_UP_RATIO))
            for number in range(RATE_SLICES):
                for name, rate in generator.sample(points, len(points)):
                    if name in servers.errors or (number and rate > (results.ceiling or rate)):
                        # One slice shows that the load generator cannot follow such a rate.
                        continue
                    title = contenders[name].server.name
                    progress.show(f'{title}, {format_number(rate)} requests/s')
                    order = SliceOrder(
                        name,
                        plan.seconds * WARM_UP_RATIO,
                        plan.seconds * RATE_SLICE_FACTOR,
                        rate,
                        seed=generator.getrandbits(32),
                    )
                    if result := _run(servers, order):
                        measured[name, rate].append(result)
    finally:
        results.rate_errors += [
            RateError(scenario.name, contenders[name].server.name, error)
            for name, error in servers.errors.items()
        ]
        results.rates += [
            _rate_sample(scenario, contenders[name], rate, peaks[name], slices)
            for (name, rate), slices in measured.items()
            if slices and name not in servers.errors
        ]


def _run(servers: RunningServers, order: SliceOrder) -> SliceResult | None:
    """Put load on a server for a slice; None if it has exited."""
    try:
        return servers.run(order).result
    except ServerError as error:
        servers.errors[order.contender] = str(error)
        return None


def _generators(plan: Plan, scenario: Scenario, results: Results) -> int:
    """Return how many load generators are needed."""
    if plan.rates and results.ceiling and max(plan.rates) > results.ceiling * BUSY_GENERATOR:
        return MAX_GENERATORS
    before = [item.generators for item in results.comparisons if item.scenario == scenario.name]
    return max(before, default=1)


def _peak(results: Results, scenario: str, name: str) -> float | None:
    """Return the highest median of a contender's requests per second.

    None means that it was not measured with so many users that the server was the limit.
    """
    speeds = [
        speed.median
        for comparison in results.comparisons
        if comparison.scenario == scenario and comparison.users >= PEAK_USERS
        for contender in comparison.contenders
        if contender.name == name and (speed := figure(contender, 'requests_per_second'))
    ]
    return max(speeds, default=None)


def _rate_sample(
    scenario: Scenario,
    contender: Contender,
    rate: float,
    peak: float | None,
    slices: Sequence[SliceResult],
) -> RateSample:
    result = merge(slices)
    latencies = LatencyHistogram.merged([result.latencies])
    p50, p95, p99, p999 = (latencies.percentile(percent) or 0 for percent in (50, 95, 99, 99.9))
    return RateSample(
        scenario=scenario.name,
        contender=contender.name,
        title=contender.server.name,
        rate=rate,
        peak=peak,
        requests=result.requests,
        p50=p50,
        p95=p95,
        p99=p99,
        p999=p999,
        maximum=latencies.maximum or 0,
        failures=result.failures,
        late_ratio=result.late_ratio,
        void=result.late_ratio > MAX_LATE_RATIO,
    )
