"""Figures over the rounds, and their format."""

import pytest

from quart_session_demo.compare.harness.formatting import format_number, pluralize
from quart_session_demo.compare.load.summary import Range, summarize
from tests.compare.load.conftest import died, measured

FAILURE = 'bye: status 500 instead of 200'


def test_figures_are_median_and_range() -> None:
    """A figure is the median of the rounds, with the minimum and the maximum."""
    [summary] = summarize(measured('Quart', [3, 1, 2.5]))

    assert summary.figures['requests_per_second'] == Range(1, 2.5, 3)
    assert summary.figures['cpu_ms'] == Range(0.4, 0.4, 0.4)


def test_failures_of_all_rounds_are_added() -> None:
    """Failures count over all rounds."""
    [summary] = summarize(measured('Quart', [1, 1], failures={FAILURE: 2}))

    assert summary.failures == {FAILURE: 4}
    assert summary.problem == '4 requests failed'


def test_one_failure_is_singular() -> None:
    """A single failure is reported in the singular."""
    [summary] = summarize(measured('Quart', [1], failures={FAILURE: 1}))

    assert summary.problem == '1 request failed'


def test_figures_before_an_exit_remain() -> None:
    """A server that exited in one round has the figures of the others, and a problem."""
    [summary] = summarize([*measured('Quart', [5]), *died('Quart')])

    assert summary.figures['requests_per_second'] == Range(5, 5, 5)
    assert summary.problem == 'exited or did not start'


@pytest.mark.parametrize(
    ('one', 'other', 'overlap'),
    [
        (Range(1, 2, 3), Range(3, 4, 5), True),
        (Range(1, 2, 3), Range(3.1, 4, 5), False),
        (Range(1, 5, 9), Range(4, 5, 6), True),
    ],
)
def test_ranges_overlap(one: Range, other: Range, overlap: bool) -> None:
    """Two ranges overlap when they have a value in common, in either order."""
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap


@pytest.mark.parametrize(
    ('value', 'digits', 'text'),
    [
        (1690.4, 3, '1,690'),
        (0.7654, 2, '0.77'),
        (9.99, 2, '10'),
        (20.96, 2, '21'),
        (80, 3, '80.0'),
        (0, 3, '0'),
        (123456, 3, '123,000'),
    ],
)
def test_numbers_have_significant_digits(value: float, digits: int, text: str) -> None:
    """A number is rounded to its significant digits, with commas between thousands."""
    assert format_number(value, digits) == text


def test_pluralize_adds_an_s() -> None:
    """A noun is plural except after one."""
    assert [pluralize(number, 'user') for number in (0, 1, 2)] == ['0 users', '1 user', '2 users']
