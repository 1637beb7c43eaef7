"""Find which contenders of a comparison can be compared, and how they compare."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from quart_session_demo.compare.load.contenders import SYNC_VIEWS
from quart_session_demo.compare.load.intervals import (
    Interval,
    Verdict,
    interval,
    is_decided,
    paired_ratios,
)
from quart_session_demo.compare.load.results import Comparison, ContenderResult, Results
from quart_session_demo.compare.load.scenarios import Scenario
from quart_session_demo.compare.load.summary import exclusion, is_generator_limited

#: The contender with which the others are compared, if it can be compared.
REFERENCE = 'flask-gevent'
#: The first part of the contenders' names.
FLASK = 'flask'
QUART = 'quart'
FAMILY_TITLES = {QUART: 'Quart', FLASK: 'Flask'}


@dataclass(frozen=True)
class Ratio:
    """A contender's speed divided by another's.

    Attributes:
        first: The contender.
        second: The contender with which it is compared.
        interval: The ratio with its confidence interval.
        first_is_limited: Whether the load generator limited the first, so that the ratio is a lower
            bound.
        second_is_limited: Whether it limited the second, so that the ratio is an upper bound.
    """

    first: ContenderResult
    second: ContenderResult
    interval: Interval
    first_is_limited: bool = False
    second_is_limited: bool = False

    @property
    def verdict(self) -> Verdict:
        """What the interval allows to state, if the load generator allows it too."""
        verdict = self.interval.verdict
        if self.first_is_limited and verdict is not Verdict.FASTER:
            return Verdict.UNDECIDED
        if self.second_is_limited and verdict is not Verdict.SLOWER:
            return Verdict.UNDECIDED
        return verdict

    @property
    def inverse(self) -> 'Ratio':
        """The second contender's speed divided by the first's."""
        return Ratio(
            self.second,
            self.first,
            self.interval.inverse,
            self.second_is_limited,
            self.first_is_limited,
        )


class Verdicts:
    """How the contenders of one comparison compare.

    Attributes:
        comparison: What was measured.
        scenario: Its scenario.
        excluded: Why contenders cannot be compared, by their titles.
        comparable: The other contenders.
        limited: The names of the contenders for which the load generator was the limit.
        reference: The contender with which the others are compared; None without any.
    """

    def __init__(
        self, comparison: Comparison, scenario: Scenario, ceiling: float | None = None
    ) -> None:
        """Decide which contenders can be compared.

        Args:
            comparison: What was measured.
            scenario: Its scenario.
            ceiling: The requests per second of one load generator; None if unknown.
        """
        self.comparison = comparison
        self.scenario = scenario
        self.excluded: dict[str, str] = {}
        candidates: list[ContenderResult] = []
        for contender in comparison.contenders:
            if reason := exclusion(contender, scenario, comparison.users):
                self.excluded[contender.title] = reason
            else:
                candidates.append(contender)
        self.reference = find_reference(candidates)
        self.limited = {
            item.name for item in candidates if is_generator_limited(item, comparison, ceiling)
        }
        self.comparable: list[ContenderResult] = []
        for contender in candidates:
            # Each ratio needs a block in which both were measured.
            if self.reference and self._ratios(contender, self.reference):
                self.comparable.append(contender)
            else:
                self.excluded[contender.title] = 'measured in other blocks than the others'

    def ratio(self, first: ContenderResult, second: ContenderResult) -> Ratio | None:
        """Return the first contender's speed divided by the second's.

        None means that no block has both.
        """
        ratios = self._ratios(first, second)
        if not ratios:
            return None
        return Ratio(
            first,
            second,
            interval(ratios),
            first.name in self.limited,
            second.name in self.limited,
        )

    def ratio_to_reference(self, contender: ContenderResult) -> Ratio | None:
        """Return a contender's speed divided by the reference's; None if it cannot be compared."""
        if self.reference is None or contender not in self.comparable:
            return None
        return self.ratio(contender, self.reference)

    def block_ratios(self, contender: ContenderResult) -> list[float]:
        """Return a contender's speed divided by the reference's, for each block."""
        return self._ratios(contender, self.reference) if self.reference else []

    @cached_property
    def flask(self) -> list[ContenderResult]:
        """The Flask servers that can be compared, the fastest first."""
        return self._ranked(FLASK)

    @cached_property
    def quart(self) -> list[ContenderResult]:
        """Quart's servers that can be compared, the fastest first; not that with sync views."""
        return [item for item in self._ranked(QUART) if item.name != SYNC_VIEWS]

    @property
    def sync_views(self) -> ContenderResult | None:
        """Quart with sync views, if it can be compared."""
        return next((item for item in self.comparable if item.name == SYNC_VIEWS), None)

    def undecided_names(self) -> list[str]:
        """Return the contenders of which more blocks are needed, with the reference; or nothing."""
        if self.reference is None:
            return []
        others = [item for item in self.comparable if item is not self.reference]
        pairs = [(item, self.reference) for item in others]
        if self.quart and self.flask:
            pairs.append((self.quart[0], self.flask[0]))
        names = {
            item.name
            for pair in pairs
            if not is_decided(self._ratios(*pair))
            for item in (*pair, self.reference)
        }
        return [item.name for item in self.comparable if item.name in names]

    @property
    def best_pair(self) -> Ratio | None:
        """The best Quart server compared with the best Flask server."""
        return self.ratio(self.quart[0], self.flask[0]) if self.quart and self.flask else None

    def _ranked(self, family: str) -> list[ContenderResult]:
        speeds = {
            item.name: ratio.interval.ratio
            for item in self.comparable
            if family_of(item.name) == family and (ratio := self.ratio_to_reference(item))
        }
        by_name = {item.name: item for item in self.comparable}
        return [by_name[name] for name in sorted(speeds, key=lambda name: -speeds[name])]

    def _ratios(self, first: ContenderResult, second: ContenderResult) -> list[float]:
        return paired_ratios(self.comparison, first.name, second.name, self.scenario.metric)


def family_of(name: str) -> str:
    """Return `FLASK` or `QUART`, for a contender's name."""
    return name.partition('-')[0]


def find_reference(contenders: Sequence[ContenderResult]) -> ContenderResult | None:
    """Return the contender with which the others are compared; None without any."""
    named = (item for item in contenders if item.name == REFERENCE)
    return next(named, contenders[0] if contenders else None)


def make_verdicts(results: Results) -> list[Verdicts]:
    """Return the verdicts of each comparison, in the measured order."""
    scenarios = {scenario.name: scenario for scenario in results.scenarios}
    return [
        Verdicts(comparison, scenarios[comparison.scenario], results.ceiling)
        for comparison in results.comparisons
    ]


def with_most_users(verdicts: Iterable[Verdicts]) -> list[Verdicts]:
    """Return the verdicts with the highest number of users of each scenario."""
    found: dict[str, Verdicts] = {}
    for item in verdicts:
        name = item.scenario.name
        if name not in found or item.comparison.users > found[name].comparison.users:
            found[name] = item
    return list(found.values())
