"""The histograms of response times."""

import pytest

from quart_session_demo.compare.load.latency import LatencyHistogram


def histogram(*milliseconds: float) -> LatencyHistogram:
    result = LatencyHistogram()
    for value in milliseconds:
        result.record(value / 1000)
    return result


def test_percentiles_are_in_milliseconds() -> None:
    """Of the times from 1 to 100 ms, the percentiles are the times at these ranks."""
    times = histogram(*range(1, 101))

    for percent in (1, 50, 95, 99, 100):
        assert times.percentile(percent) == pytest.approx(percent, rel=0.001)
    assert times.maximum == pytest.approx(100, rel=0.001)
    assert times.count == 100


def test_empty_histogram_has_no_percentile() -> None:
    """Without a response time there is no percentile and no maximum."""
    empty = LatencyHistogram.merged([])

    assert (empty.count, empty.percentile(50), empty.maximum) == (0, None, None)


def test_merged_histogram_has_all_times() -> None:
    """The sum of encoded histograms has the times of each of them."""
    merged = LatencyHistogram.merged([histogram(1, 2).encode(), histogram(6000).encode()])

    assert merged.count == 3
    assert merged.percentile(50) == pytest.approx(2, rel=0.001)
    assert merged.percentile(99) == pytest.approx(6000, rel=0.001)


def test_times_out_of_range_count() -> None:
    """A time shorter than a microsecond or longer than an hour counts with that limit."""
    times = histogram(0, 10_000_000)

    assert times.count == 2
    assert times.percentile(50) == 0.001
    assert times.maximum == pytest.approx(3_600_000, rel=0.001)
