"""Measure contenders side by side: short slices of load on one after another, in random order."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

from quart_session_demo.compare.harness.servers import ServerError
from quart_session_demo.compare.load.job import SliceOrder
from quart_session_demo.compare.load.latency import LatencyHistogram
from quart_session_demo.compare.load.plan import (
    BLOCKS_PER_START,
    BUSY_GENERATOR,
    MAX_GENERATORS,
    WARM_UP_RATIO,
    Plan,
)
from quart_session_demo.compare.load.progress import Progress
from quart_session_demo.compare.load.results import Comparison, ContenderResult, Sample
from quart_session_demo.compare.load.running_servers import MeasuredSlice, RunningServers
from quart_session_demo.compare.load.scenarios import Scenario
from quart_session_demo.compare.load.verdicts import Verdicts


class SideBySide:
    """The measurement of one scenario with one number of users."""

    def __init__(
        self,
        plan: Plan,
        scenario: Scenario,
        users: int,
        environment: Mapping[str, str],
        comparison: Comparison,
        progress: Progress,
    ) -> None:
        """Measure nothing yet.

        Args:
            plan: What to measure.
            scenario: What the users do.
            users: The number of concurrent users.
            environment: Further environment variables of the apps.
            comparison: Where the measurements are stored, without any.
            progress: Where to show how far the measurement is.
        """
        self._plan = plan
        self._scenario = scenario
        self._users = users
        self._environment = environment
        self._progress = progress
        self._contenders = {item.name: item for item in plan.contenders(scenario, users)}
        self._comparison = comparison
        comparison.contenders += [
            ContenderResult(item.name, item.server.name, item.concurrency)
            for item in self._contenders.values()
        ]

    def measure(self) -> None:
        """Measure the plan's blocks, and more of those contenders that are undecided.

        Raises:
            LoadError: The load generator failed.
        """
        self._measure_blocks(list(self._contenders), 1, self._plan.blocks)
        names = Verdicts(self._comparison, self._scenario).undecided_names()
        if names:
            self._measure_blocks(names, self._plan.blocks + 1, self._plan.added_blocks)

    def _measure_blocks(self, names: Sequence[str], first: int, count: int) -> None:
        generator = random.Random(  # noqa: S311 - no secret
            f'{self._plan.seed} {self._scenario.name} {self._users} {first}'
        )
        orders = enumerate(block_orders(names, count, generator), first)
        while blocks := list(islice(orders, BLOCKS_PER_START)):
            self._measure_start(names, blocks)

    def _measure_start(
        self, names: Sequence[str], blocks: Sequence[tuple[int, Sequence[str]]]
    ) -> None:
        """Start the servers, measure some blocks and stop the servers."""
        seconds = self._plan.seconds
        running = [self._result(name) for name in names if not self._result(name).error]
        self._progress.show('the servers start')
        with RunningServers(
            [self._contenders[item.name] for item in running],
            self._environment,
            self._scenario,
            self._users,
            processes=self._plan.processes,
            generators=self._comparison.generators,
        ) as servers:
            for item in running:
                item.error = servers.errors.get(item.name)
                if start := servers.starts.get(item.name):
                    item.start_seconds.append(start.seconds)
                    item.start_memory.append(start.memory)
            early_failures = self._warm_up(servers)
            for block, names_in_order in blocks:
                self._progress.show(f'block {block}')
                for name in names_in_order:
                    item = self._result(name)
                    order = SliceOrder(name, seconds * WARM_UP_RATIO, seconds)
                    if not item.error and (measured := self._run(servers, order)):
                        early = early_failures.pop(name, {})
                        item.samples.append(_sample(block, measured, early))

    def _warm_up(self, servers: RunningServers) -> dict[str, dict[str, int]]:
        """Put load on each server once, and find out how many load generators are needed.

        Returns:
            The failures of each server. Nothing else is measured: now the apps open their
            connections to other servers.
        """
        seconds = self._plan.seconds
        results = {
            name: measured.result
            for name in servers.starts
            if (measured := self._run(servers, SliceOrder(name, seconds, seconds * WARM_UP_RATIO)))
        }
        busiest = max((result.busy for result in results.values()), default=0)
        if busiest >= BUSY_GENERATOR and self._comparison.generators < MAX_GENERATORS:
            self._comparison.generators = MAX_GENERATORS
            servers.replace_generator(MAX_GENERATORS)
        return {name: result.failures for name, result in results.items()}

    def _run(self, servers: RunningServers, order: SliceOrder) -> MeasuredSlice | None:
        """Put load on a server for a slice; None if it has exited."""
        try:
            return servers.run(order)
        except ServerError as error:
            self._result(order.contender).error = str(error)
            return None

    def _result(self, name: str) -> ContenderResult:
        return next(item for item in self._comparison.contenders if item.name == name)


def _sample(block: int, measured: MeasuredSlice, early_failures: Mapping[str, int]) -> Sample:
    result = measured.result
    latencies = LatencyHistogram.merged([result.latencies])
    cpu_ms = measured.cpu_seconds / result.responses * 1000 if result.responses else None
    return Sample(
        block=block,
        requests_per_second=round(result.requests / result.seconds, 2),
        p50=latencies.percentile(50),
        p95=latencies.percentile(95),
        p99=latencies.percentile(99),
        failures=dict(Counter(early_failures) + Counter(result.failures)),
        cpu_ms=round(cpu_ms, 4) if cpu_ms is not None else None,
        memory=measured.memory,
        generator_busy=round(result.busy, 3),
    )


def block_orders(names: Sequence[str], blocks: int, generator: random.Random) -> list[list[str]]:
    """Return a random order of the names for each block, balanced.

    In as many blocks as there are names, each name is at each position once (a Latin square). In
    twice as many blocks, each name follows each other name equally often (E. J. Williams, 1949).
    """
    count = len(names)
    # 0, 1, -1, 2, -2, ...: the steps from each to the next are all different.
    columns = [(number + 1) // 2 * (1 if number % 2 else -1) for number in range(count)]
    orders: list[list[str]] = []
    while len(orders) < blocks:
        symbols = generator.sample(range(count), count)
        # For an odd number of names, only a square and its mirror image together are balanced.
        for sequence in (columns, columns[::-1]):
            orders += [
                [names[symbols[(row + column) % count]] for column in sequence]
                for row in generator.sample(range(count), count)
            ]
    return orders[:blocks]
