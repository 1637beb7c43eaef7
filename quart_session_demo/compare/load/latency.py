"""Histograms of response times, which can be merged and sent as text."""

from collections.abc import Iterable
from typing import Self

from hdrh.histogram import HdrHistogram

#: The shortest and the longest response time that it can store, in microseconds: up to an hour.
RANGE_MICROSECONDS = (1, 3_600_000_000)
#: The number of digits with which each response time is stored.
SIGNIFICANT_DIGITS = 3


class LatencyHistogram:
    """How often each response time occurred; each time is stored with three significant digits."""

    def __init__(self) -> None:
        """Start empty."""
        self._histogram = HdrHistogram(*RANGE_MICROSECONDS, SIGNIFICANT_DIGITS)

    def record(self, seconds: float) -> None:
        """Add a response time; one longer than an hour counts as an hour."""
        shortest, longest = RANGE_MICROSECONDS
        self._histogram.record_value(min(max(round(seconds * 1e6), shortest), longest))

    def encode(self) -> str:
        """Return the histogram as text."""
        return str(self._histogram.encode(), 'ascii')

    @classmethod
    def merged(cls, encoded: Iterable[str]) -> Self:
        """Return the sum of encoded histograms."""
        total = cls()
        for text in encoded:
            total._histogram.add(HdrHistogram.decode(text.encode()))
        return total

    @property
    def count(self) -> int:
        """The number of response times."""
        return int(self._histogram.get_total_count())

    def percentile(self, percent: float) -> float | None:
        """Return a percentile in milliseconds; None if the histogram is empty."""
        return self._histogram.get_value_at_percentile(percent) / 1000 if self.count else None

    @property
    def maximum(self) -> float | None:
        """The longest response time in milliseconds; None if the histogram is empty."""
        return self._histogram.get_max_value() / 1000 if self.count else None
