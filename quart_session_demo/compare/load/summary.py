"""From measurements to figures: the median of the rounds, with the least and the most."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from quart_session_demo.compare.load.runner import Measurement

# Beyond this part of its time, the load generator may be what is slow.
GENERATOR_LIMIT = 0.9

OF_WINDOW = ('requests_per_second', 'p50', 'p95', 'p99', 'cpu_ms', 'peak_memory')
OF_SERVER = ('start_seconds', 'rest_memory')


@dataclass(frozen=True)
class Range:
    """A figure over the rounds."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> 'Range':
        """Return the range of one or more values."""
        return cls(min(values), median(values), max(values))

    def overlaps(self, other: 'Range') -> bool:
        """Tell whether a value may belong to both."""
        return self.least <= other.most and other.least <= self.most


@dataclass(frozen=True)
class Summary:
    """One contender doing one work for one number of users.

    Attributes:
        work: The work's name.
        users: How many.
        contender: The contender's name.
        at_once: How many requests it can wait in at once; None is any number.
        rounds: In how many it was measured.
        figures: By the names of `OF_WINDOW` and `OF_SERVER`; those that were measured.
        failures: How often each thing went wrong.
        errors: Why rounds are missing.
        generator_limited: Whether the load generator was the limit in a round.
    """

    work: str
    users: int
    contender: str
    at_once: int | None
    rounds: int
    figures: dict[str, Range]
    failures: dict[str, int]
    errors: tuple[str, ...]
    generator_limited: bool

    @property
    def problem(self) -> str:
        """What forbids to compare it."""
        if self.errors or not self.figures:
            return 'died or did not start'
        if count := sum(self.failures.values()):
            return f'failed {count} times' if count > 1 else 'failed once'
        return ''


def summarize(measurements: Iterable[Measurement]) -> list[Summary]:
    """Return a summary for each contender, work and number of users, in order of appearance."""
    groups: dict[tuple[str, int, str], list[Measurement]] = {}
    for item in measurements:
        groups.setdefault((item.work, item.users, item.contender), []).append(item)
    return [_summary(group) for group in groups.values()]


def _summary(group: Sequence[Measurement]) -> Summary:
    windows = [item.window for item in group if item.window]
    failures: dict[str, int] = {}
    for window in windows:
        for kind, count in window.failures.items():
            failures[kind] = failures.get(kind, 0) + count
    figures = {}
    for names, sources in ((OF_WINDOW, windows), (OF_SERVER, group)):
        for name in names:
            values = [getattr(source, name) for source in sources]
            if known := [value for value in values if value is not None]:
                figures[name] = Range.of(known)
    return Summary(
        work=group[0].work,
        users=group[0].users,
        contender=group[0].contender,
        at_once=group[0].at_once,
        rounds=len(windows),
        figures=figures,
        failures=failures,
        errors=tuple(item.error for item in group if item.error),
        generator_limited=any(window.generator_busy >= GENERATOR_LIMIT for window in windows),
    )
