"""Summarize measurements over the rounds: minimum, median and maximum."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.load.runner import Measurement

#: From this fraction of its time on, the load generator may be slower than the server.
GENERATOR_LIMIT = 0.9

#: The figures of a `Sample`.
SAMPLE_FIGURES = (
    'requests_per_second',
    'p50',
    'p95',
    'p99',
    'cpu_ms',
    'peak_memory',
)
#: The figures of a `Measurement`.
START_FIGURES = (
    'start_seconds',
    'start_memory',
)


@dataclass(frozen=True)
class Range:
    """The smallest, the median and the largest value of a figure over the rounds."""

    minimum: float
    median: float
    maximum: float

    @classmethod
    def from_values(cls, values: Sequence[float]) -> Self:
        """Return the range of one or more values."""
        return cls(min(values), median(values), max(values))

    def overlaps(self, other: 'Range') -> bool:
        """Return whether the two ranges have a value in common."""
        return self.minimum <= other.maximum and other.minimum <= self.maximum


@dataclass(frozen=True)
class Summary:
    """The measurements of one target in one scenario with one number of users.

    Attributes:
        scenario: The scenario's name.
        users: The number of concurrent users.
        target: The target's name.
        concurrency: How many requests can wait in handlers at once; None means no limit.
        rounds: The number of rounds with a sample.
        figures: The figures that were measured, by the names in `SAMPLE_FIGURES` and
            `START_FIGURES`.
        failures: How often each failure occurred, in all rounds.
        errors: Why rounds have no sample.
        generator_limited: Whether the load generator was the limit in any round.
    """

    scenario: str
    users: int
    target: str
    concurrency: int | None
    rounds: int
    figures: dict[str, Range]
    failures: dict[str, int]
    errors: tuple[str, ...]
    generator_limited: bool

    @property
    def problem(self) -> str:
        """Why the target cannot be compared, or an empty string."""
        if self.errors or not self.figures:
            return 'exited or did not start'
        if count := sum(self.failures.values()):
            return f'{pluralize(count, "request")} failed'
        return ''


def summarize(measurements: Iterable[Measurement]) -> list[Summary]:
    """Return a summary for each target, scenario and number of users, in the measured order."""
    groups: dict[tuple[str, int, str], list[Measurement]] = {}
    for item in measurements:
        groups.setdefault((item.scenario, item.users, item.target), []).append(item)
    return [_summarize_group(group) for group in groups.values()]


def _summarize_group(group: Sequence[Measurement]) -> Summary:
    samples = [item.sample for item in group if item.sample]
    failures: Counter[str] = Counter()
    for sample in samples:
        failures.update(sample.failures)
    figures = {}
    for names, sources in ((SAMPLE_FIGURES, samples), (START_FIGURES, group)):
        for name in names:
            values = [getattr(source, name) for source in sources]
            if known := [value for value in values if value is not None]:
                figures[name] = Range.from_values(known)
    return Summary(
        scenario=group[0].scenario,
        users=group[0].users,
        target=group[0].target,
        concurrency=group[0].concurrency,
        rounds=len(samples),
        figures=figures,
        failures=dict(failures),
        errors=tuple(item.error for item in group if item.error),
        generator_limited=any(sample.generator_busy >= GENERATOR_LIMIT for sample in samples),
    )
