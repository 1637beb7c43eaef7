"""Summarize a contender's slices: its figures, and whether it can be compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, Self

from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.load.results import Comparison, ContenderResult
from quart_session_demo.compare.load.scenarios import BACKGROUND_INTERVAL, Scenario

#: The load generator may be slower than the server if it is busy for this part of its time, or
#: reaches this part of its ceiling.
GENERATOR_LIMIT = 0.9
#: Up to this relative difference, a server's threads explain its requests per second.
THREAD_LIMIT_TOLERANCE = 0.1
#: The name of a figure of a `Sample`.
FigureName = Literal[
    'requests_per_second',
    'p50',
    'p95',
    'p99',
    'cpu_ms',
    'memory',
    'generator_busy',
]


@dataclass(frozen=True)
class Range:
    """The smallest, the median and the largest value of a figure over the blocks."""

    minimum: float
    median: float
    maximum: float

    @classmethod
    def from_values(cls, values: Sequence[float]) -> Self:
        """Return the range of one or more values."""
        return cls(min(values), median(values), max(values))


def figure(contender: ContenderResult, name: FigureName) -> Range | None:
    """Return a figure over the blocks; None if it was never measured."""
    values = [getattr(sample, name) for sample in contender.samples]
    known = [value for value in values if value is not None]
    return Range.from_values(known) if known else None


def failures(contender: ContenderResult) -> Counter[str]:
    """Return how often each failure occurred in all slices."""
    total: Counter[str] = Counter()
    for sample in contender.samples:
        total.update(sample.failures)
    return total


def exclusion(contender: ContenderResult, scenario: Scenario, users: int) -> str:
    """Return why a contender cannot be compared, or an empty string."""
    if contender.error:
        return 'exited or did not start'
    if scenario.background and users < BACKGROUND_INTERVAL:
        return f'below {BACKGROUND_INTERVAL} users there is no waiting user'
    if not contender.samples:
        return 'not measured'
    if count := failures(contender).total():
        return f'{pluralize(count, "request")} failed'
    if not any(
        sample.requests_per_second and getattr(sample, scenario.metric) is not None
        for sample in contender.samples
    ):
        return 'no response'
    return ''


def is_generator_limited(
    contender: ContenderResult, comparison: Comparison, ceiling: float | None
) -> bool:
    """Return whether the load generator was about as slow as the contender, or slower.

    Args:
        contender: The contender.
        comparison: The comparison that it is part of.
        ceiling: The requests per second that one load generator reaches; None if unknown.
    """
    busy = figure(contender, 'generator_busy')
    speed = figure(contender, 'requests_per_second')
    if busy is None or speed is None:
        return False
    is_near_ceiling = (
        ceiling is not None and speed.median >= GENERATOR_LIMIT * ceiling * comparison.generators
    )
    return busy.median >= GENERATOR_LIMIT or is_near_ceiling


def thread_limit(contender: ContenderResult, scenario: Scenario, users: int) -> float | None:
    """Return the requests per second that a server's threads allow, if that explains its figure."""
    threads, wait = contender.concurrency, scenario.wait_seconds
    speed = figure(contender, 'requests_per_second')
    if not wait or not threads or threads >= users or speed is None:
        return None
    limit = threads / wait
    return limit if abs(speed.median / limit - 1) <= THREAD_LIMIT_TOLERANCE else None
