"""Compare two servers by the ratios of their figures within blocks."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from operator import itemgetter
from statistics import fmean

from quart_session_demo.compare.load.results import Comparison, Sample
from quart_session_demo.compare.load.scenarios import Metric

#: The part of all bootstrap samples that lies within the interval.
CONFIDENCE = 0.95
#: The same for the decision that no more blocks are needed. Two looks at a 95 % interval, after 15
#: and after 23 blocks, would find a difference between equal servers in 8 % of the runs. With 99 %
#: for the first look it is 5 %.
STOP_CONFIDENCE = 0.99
#: The number of bootstrap samples of the blocks for an interval.
RESAMPLES = 2000
#: Within this relative difference, two servers count as equally fast.
MARGIN = 0.05
#: Fewer blocks have no interval. Of two equal servers, one is faster in all of 5 blocks in 6 % of
#: all runs, and in all of 6 blocks in 3 %.
MIN_BLOCKS = 6
#: Each bootstrap sample has this number of blocks fewer than the run. With all of them the interval
#: is too narrow for few blocks: 92 % instead of 95 % for 15 blocks. Three fewer widen it by what
#: Student's t distribution requires.
DRAWN_LESS = 3
#: What a slice without any response counts as, in requests per second: half a response in a second.
#: The logarithm of 0 does not exist.
NO_RESPONSE = 0.5
#: The shortest p95 that counts, in milliseconds.
SHORTEST_P95 = 0.001


class Verdict(StrEnum):
    """How a server compares with another."""

    FASTER = 'faster'
    SLOWER = 'slower'
    SAME = 'no difference'
    UNDECIDED = 'undecided'


#: The verdicts that find a difference; they contradict each other.
DIFFERENCES = {Verdict.FASTER, Verdict.SLOWER}


@dataclass(frozen=True)
class Interval:
    """A ratio of speeds with its confidence interval; above 1 the first server is faster.

    Attributes:
        low: The lower limit; 0 if there are too few blocks for an interval.
        ratio: The geometric mean of the blocks' ratios.
        high: The upper limit; infinity if there are too few blocks for an interval.
    """

    low: float
    ratio: float
    high: float

    @property
    def is_known(self) -> bool:
        """Whether there are enough blocks for an interval."""
        return math.isfinite(self.high)

    @property
    def verdict(self) -> Verdict:
        """What the interval allows to state.

        An interval within the margin is no difference even if it excludes 1: two processes of the
        same server differ by that much.
        """
        if self.low >= 1 - MARGIN and self.high <= 1 + MARGIN:
            return Verdict.SAME
        if self.low > 1:
            return Verdict.FASTER
        if self.high < 1:
            return Verdict.SLOWER
        return Verdict.UNDECIDED

    @property
    def inverse(self) -> 'Interval':
        """The interval of the second server compared with the first."""
        return Interval(1 / self.high, 1 / self.ratio, 1 / self.low if self.low else math.inf)


def paired_ratios(comparison: Comparison, name: str, reference: str, metric: Metric) -> list[float]:
    """Return a server's speed divided by another's, for each block in which both were measured.

    For `p95` the speed is the inverse of the time. A slice without a response counts as
    `NO_RESPONSE` requests per second; without a p95 the block is skipped.

    Args:
        comparison: What was measured.
        name: The contender's name.
        reference: The name of the contender with which it is compared.
        metric: The figure that is compared.
    """
    by_name = {item.name: item.samples for item in comparison.contenders}
    speeds, references = (
        {sample.block: speed for sample in by_name[server] if (speed := _speed(sample, metric))}
        for server in (name, reference)
    )
    return [speed / references[block] for block, speed in speeds.items() if block in references]


def _speed(sample: Sample, metric: Metric) -> float | None:
    if metric == 'requests_per_second':
        return sample.requests_per_second or NO_RESPONSE
    return None if sample.p95 is None else 1 / max(sample.p95, SHORTEST_P95)


def interval(ratios: Sequence[float]) -> Interval:
    """Return the geometric mean of the blocks' ratios, with a bootstrap interval over the blocks.

    Args:
        ratios: One ratio of speeds for each block, at least one; all positive.
    """
    return _interval(tuple(ratios), CONFIDENCE)


def is_decided(ratios: Sequence[float]) -> bool:
    """Return whether a verdict can be stated without more blocks.

    Args:
        ratios: As for `interval`.
    """
    return _interval(tuple(ratios), STOP_CONFIDENCE).verdict is not Verdict.UNDECIDED


@lru_cache(maxsize=4096)
def _interval(ratios: tuple[float, ...], confidence: float) -> Interval:
    logarithms = tuple(map(math.log, ratios))
    ratio = math.exp(fmean(logarithms))
    if len(ratios) < MIN_BLOCKS:
        return Interval(0, ratio, math.inf)
    sums = sorted(sum(draw(logarithms)) for draw in _draws(len(ratios)))
    outside = round(RESAMPLES * (1 - confidence) / 2)
    low, high = (
        math.exp(limit / (len(ratios) - DRAWN_LESS))
        for limit in (sums[outside], sums[-1 - outside])
    )
    # With equal ratios, rounding may move the mean out of the interval.
    return Interval(min(low, ratio), ratio, max(high, ratio))


@lru_cache(maxsize=64)
def _draws(
    count: int,
) -> tuple[Callable[[tuple[float, ...]], tuple[float, ...]], ...]:
    """Return functions that each draw a bootstrap sample from this number of values."""
    # The same figures give the same interval.
    generator = random.Random(0)  # noqa: S311 - no secret
    return tuple(
        itemgetter(*generator.choices(range(count), k=count - DRAWN_LESS)) for _ in range(RESAMPLES)
    )
