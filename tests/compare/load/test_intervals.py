"""The arithmetic: ratios within blocks, their interval, the verdict, and the order of blocks."""

import math
import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quart_session_demo.compare.load.intervals import (
    MIN_BLOCKS,
    NO_RESPONSE,
    Interval,
    Verdict,
    interval,
    is_decided,
    paired_ratios,
)
from quart_session_demo.compare.load.results import Comparison
from quart_session_demo.compare.load.side_by_side import block_orders
from tests.compare.load.conftest import make_contender, noisy_speeds

RATIOS = st.lists(st.floats(0.01, 100), min_size=MIN_BLOCKS, max_size=30)


def seeded(seed: int) -> random.Random:
    """Return a generator whose numbers are the same each time."""
    return random.Random(seed)  # noqa: S311 - no secret


def planted_verdicts(factor: float, *, runs: int = 200, blocks: int = 15) -> Counter[Verdict]:
    """Return the verdicts of made-up runs in which one server is faster by a factor."""
    found: Counter[Verdict] = Counter()
    for seed in range(runs):
        speeds = noisy_speeds({'flask-gevent': 1, 'quart-granian': factor}, blocks, seed=seed)
        contenders = [make_contender(name, values) for name, values in speeds.items()]
        comparison = Comparison('session', 32, contenders=contenders)
        ratios = paired_ratios(comparison, 'quart-granian', 'flask-gevent', 'requests_per_second')
        found[interval(ratios).verdict] += 1
    return found


@pytest.mark.parametrize(
    ('factor', 'verdict'), [(1.1, Verdict.FASTER), (1 / 1.1, Verdict.SLOWER), (1, Verdict.SAME)]
)
def test_planted_difference_is_found(factor: float, verdict: Verdict) -> None:
    """A difference of 10 % is found in all runs, and no difference where there is none."""
    assert planted_verdicts(factor) == {verdict: 200}


def test_no_difference_is_rarely_called_one() -> None:
    """With noise of 10 %, at most 6 % of runs find a difference between equal servers."""
    generator = seeded(1)
    verdicts = Counter(
        interval([math.exp(generator.gauss(0, 0.14)) for _ in range(15)]).verdict
        for _ in range(500)
    )

    assert verdicts[Verdict.FASTER] + verdicts[Verdict.SLOWER] <= 30
    assert verdicts[Verdict.UNDECIDED] > 250


@pytest.mark.parametrize('blocks', [MIN_BLOCKS, 15, 30])
def test_interval_covers_the_true_ratio(blocks: int) -> None:
    """About 95 % of the intervals contain the true ratio, with few and with many blocks."""
    generator = seeded(blocks)
    runs = 600
    covered = 0
    for _ in range(runs):
        found = interval([math.exp(generator.gauss(0.1, 0.1)) for _ in range(blocks)])
        covered += found.low <= math.exp(0.1) <= found.high

    assert 0.925 <= covered / runs <= 0.975


@given(RATIOS)
@settings(max_examples=30, deadline=None)
def test_interval_contains_the_mean(ratios: list[float]) -> None:
    """The limits are on both sides of the geometric mean, and within the blocks' ratios."""
    found = interval(ratios)

    assert found.low <= found.ratio <= found.high
    assert min(ratios) <= found.low * (1 + 1e-9)
    assert max(ratios) >= found.high * (1 - 1e-9)
    assert interval(ratios) == found


@given(RATIOS, st.floats(0.1, 10))
@settings(max_examples=30, deadline=None)
def test_interval_scales_with_the_ratios(ratios: list[float], factor: float) -> None:
    """A server that is faster by a factor has an interval that is higher by this factor."""
    one, other = interval(ratios), interval([ratio * factor for ratio in ratios])

    for name in ('low', 'ratio', 'high'):
        assert getattr(other, name) == pytest.approx(getattr(one, name) * factor)


def test_interval_ignores_the_mood_of_the_machine() -> None:
    """Slow blocks do not widen the interval if both servers are slow in them."""
    calm, moody = (
        noisy_speeds({'flask-gevent': 1, 'quart-granian': 1.2}, 15, mood=mood) for mood in (0, 0.5)
    )
    widths = []
    for speeds in (calm, moody):
        contenders = [make_contender(name, values) for name, values in speeds.items()]
        comparison = Comparison('session', 32, contenders=contenders)
        found = interval(
            paired_ratios(comparison, 'quart-granian', 'flask-gevent', 'requests_per_second')
        )
        widths.append(found.high / found.low)

    assert max(widths) < 1.06


def test_stopping_early_needs_a_clear_verdict() -> None:
    """Blocks are added where a wider interval is undecided, so that two looks decide no more."""
    barely = [0.96, 1.18] * 7 + [1.1]

    assert interval(barely).verdict is Verdict.FASTER
    assert not is_decided(barely)
    assert is_decided([1.1, 1.12] * 8)
    assert is_decided([1.0, 1.01] * 8)
    assert not is_decided([1.1] * (MIN_BLOCKS - 1))


def test_repeated_looks_rarely_find_a_difference() -> None:
    """Equal servers with noise of 10 % are rarely called different in runs that add blocks."""
    generator = seeded(1)
    verdicts: Counter[Verdict] = Counter()
    for _ in range(300):
        ratios = [math.exp(generator.gauss(0, 0.1)) for _ in range(23)]
        blocks = 15 if is_decided(ratios[:15]) else 23
        verdicts[interval(ratios[:blocks]).verdict] += 1

    assert verdicts[Verdict.FASTER] + verdicts[Verdict.SLOWER] <= 24


@pytest.mark.parametrize('count', range(1, MIN_BLOCKS))
def test_few_blocks_have_no_verdict(count: int) -> None:
    """Fewer than six blocks have a ratio, but no interval and no verdict."""
    found = interval([2.0] * count)

    assert found.ratio == pytest.approx(2)
    assert not found.is_known
    assert found.verdict is found.inverse.verdict is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ('low', 'high', 'verdict'),
    [
        (1.001, 1.2, Verdict.FASTER),
        (0.8, 0.999, Verdict.SLOWER),
        (0.95, 1.05, Verdict.SAME),
        (1.01, 1.05, Verdict.SAME),
        (0.95, 0.99, Verdict.SAME),
        (0.949, 1.0, Verdict.UNDECIDED),
        (1.0, 1.051, Verdict.UNDECIDED),
        (0.5, 2, Verdict.UNDECIDED),
        (1.06, 1.07, Verdict.FASTER),
    ],
)
def test_verdict_follows_from_the_interval(low: float, high: float, verdict: Verdict) -> None:
    """An interval without 1 is a difference, unless all of it lies within 5 %."""
    assert Interval(low, (low * high) ** 0.5, high).verdict is verdict


def test_ratios_need_both_servers_in_a_block() -> None:
    """Only blocks in which both servers were measured count."""
    quart, flask = make_contender('quart', [10, 20, 30]), make_contender('flask', [5, 5, 5])
    del quart.samples[0], flask.samples[2]

    ratios = paired_ratios(
        Comparison('session', 1, contenders=[quart, flask]), 'quart', 'flask', 'requests_per_second'
    )

    assert ratios == [4]


def test_slice_without_response_counts() -> None:
    """A slice without a response counts as half a response in a second."""
    contenders = [make_contender('quart', [0, 20]), make_contender('flask', [10, 10])]
    comparison = Comparison('session', 1, contenders=contenders)

    ratios = paired_ratios(comparison, 'quart', 'flask', 'requests_per_second')

    assert ratios == [NO_RESPONSE / 10, 2]


def test_response_times_are_compared_by_their_inverse() -> None:
    """Half the p95 is twice the speed; a slice without a p95 is skipped."""
    contenders = [make_contender('quart', [2000, 0]), make_contender('flask', [1000, 1000])]
    comparison = Comparison('mixed', 1, contenders=contenders)

    assert paired_ratios(comparison, 'quart', 'flask', 'p95') == [pytest.approx(2)]


@pytest.mark.parametrize('count', [1, 2, 3, 8, 9])
def test_block_orders_are_balanced(count: int) -> None:
    """Each name is equally often at each position, and follows each other name equally often."""
    names = [str(number) for number in range(count)]

    orders = block_orders(names, 2 * count, seeded(1))

    assert all(sorted(order) == names for order in orders)
    for square in (orders[:count], orders[count:]):
        assert all(len({order[position] for order in square}) == count for position in range(count))
    followers = Counter(pair for order in orders for pair in pairwise(order))
    assert len(followers) == count * (count - 1)
    assert set(followers.values()) <= {2}


def test_block_orders_are_random() -> None:
    """Another seed gives other orders, the same seed the same, and any number of blocks is made."""
    names = list('abcdefghi')
    one, same, other = (block_orders(names, 17, seeded(seed)) for seed in (1, 1, 2))

    assert one == same != other
    assert len(one) == 17
    assert block_orders(names, 0, seeded(1)) == []
