"""Figures over the blocks, what excludes a contender, and the format of numbers."""

import pytest

from quart_session_demo.compare.harness.formatting import format_number, pluralize
from quart_session_demo.compare.load.results import Comparison
from quart_session_demo.compare.load.scenarios import MIXED, WAITING
from quart_session_demo.compare.load.summary import (
    Range,
    exclusion,
    failures,
    figure,
    is_generator_limited,
    thread_limit,
)
from tests.compare.load.conftest import make_contender

FAILURE = 'bye: status 500 instead of 200'


def test_figures_are_median_and_range() -> None:
    """A figure is the median of the blocks, with the minimum and the maximum."""
    contender = make_contender('quart-granian', [3, 1, 2.5])

    assert figure(contender, 'requests_per_second') == Range(1, 2.5, 3)
    assert figure(contender, 'cpu_ms') == Range(0.4, 0.4, 0.4)
    assert figure(make_contender('quart-granian', [0]), 'p95') is None


def test_failures_of_all_blocks_are_added() -> None:
    """Failures count over all blocks, and exclude the contender."""
    contender = make_contender('quart-granian', [1, 1], failures={FAILURE: 2})

    assert failures(contender) == {FAILURE: 4}
    assert exclusion(contender, WAITING, 256) == '4 requests failed'


def test_one_failure_is_singular() -> None:
    """A single failure is reported in the singular."""
    contender = make_contender('quart-granian', [1], failures={FAILURE: 1})

    assert exclusion(contender, WAITING, 256) == '1 request failed'


def test_figures_before_an_exit_remain() -> None:
    """A server that exited after some blocks has their figures, and is excluded."""
    contender = make_contender('quart-granian', [5], error='it died')

    assert figure(contender, 'requests_per_second') == Range(5, 5, 5)
    assert exclusion(contender, WAITING, 256) == 'exited or did not start'


def test_server_without_responses_is_excluded() -> None:
    """A server without any response, or without a slice, cannot be compared."""
    assert exclusion(make_contender('flask-sync', [0, 0]), WAITING, 256) == 'no response'
    assert exclusion(make_contender('flask-sync', [0, 0]), MIXED, 256) == 'no response'
    assert exclusion(make_contender('flask-sync', []), WAITING, 256) == 'not measured'
    assert exclusion(make_contender('flask-sync', [0, 5]), WAITING, 256) == ''


def test_mixed_needs_ten_users() -> None:
    """The mixed scenario is not compared below ten users, of whom none waits."""
    contender = make_contender('flask-sync', [10])

    assert exclusion(contender, MIXED, 9) == 'below 10 users there is no waiting user'
    assert exclusion(contender, MIXED, 10) == ''


@pytest.mark.parametrize(
    ('busy', 'ceiling', 'generators', 'limited'),
    [
        (0.5, None, 1, False),
        (0.9, None, 1, True),
        (0.5, 1000, 1, True),
        (0.5, 1000, 2, False),
        (0.5, 1200, 1, False),
    ],
)
def test_generator_is_the_limit(
    busy: float, ceiling: float | None, generators: int, *, limited: bool
) -> None:
    """The generator is the limit if it is busy, or if the speed is near its ceiling."""
    contender = make_contender('quart-granian', [1000, 1000], busy=busy)

    found = is_generator_limited(contender, Comparison('session', 32, generators), ceiling)

    assert found is limited


@pytest.mark.parametrize(
    ('speed', 'concurrency', 'users', 'limit'),
    [(78, 8, 256, 80), (40, 8, 256, None), (78, 8, 8, None), (78, None, 256, None)],
)
def test_threads_explain_the_speed(
    speed: float, concurrency: int | None, users: int, limit: float | None
) -> None:
    """The limit of the threads is found if the server is near it, and has more users."""
    contender = make_contender('flask-threads', [speed], concurrency=concurrency)

    assert thread_limit(contender, WAITING, users) == limit


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
