"""The verdicts: what is compared, with what, and in which words."""

from itertools import chain

import pytest

from quart_session_demo.compare.load.runner import Measurement
from quart_session_demo.compare.load.scenarios import MIXED, WAITING, Scenario
from quart_session_demo.compare.load.summary import summarize
from quart_session_demo.compare.load.verdicts import Verdict, make_verdicts
from tests.compare.load.conftest import EIGHT_THREADS, QUART, died, measured


def verdict(*measurements: list[Measurement], scenario: Scenario = WAITING) -> Verdict:
    [found] = make_verdicts([scenario], summarize(chain(*measurements)))
    return found


def verdict_text(*measurements: list[Measurement], scenario: Scenario = WAITING) -> str:
    return verdict(*measurements, scenario=scenario).text


def test_fastest_flask_is_compared_first() -> None:
    """Quart is compared with the fastest Flask first; a limit by threads is explained."""
    best = measured('Flask 256 threads', [1530, 1540, 1550], concurrency=256, memory=78)

    assert verdict_text(EIGHT_THREADS, best, QUART) == (
        'waiting, 256 users: Quart serves 1.1 times as many requests per second as '
        'Flask 256 threads, the fastest Flask server. Quart uses 23 % less memory than '
        "Flask 256 threads. Quart's requests per second compared with the others: 21 times "
        'Flask 8 threads (limit: 8 at once ÷ 0.1 s = 80.0 requests/s).'
    )


def test_thread_limit_needs_matching_figures() -> None:
    """The limit of the threads is not shown when the server stays far below it."""
    slow = measured('Flask 8 threads', [40, 41, 42], concurrency=8)
    best = measured('Flask gevent', [900, 910, 920])

    assert 'limit' not in verdict_text(slow, best, QUART)


def test_overlapping_ranges_are_no_difference() -> None:
    """Overlapping ranges are not called a difference."""
    best = measured('Flask gevent', [1600, 1650, 1681], memory=80)

    assert verdict_text(best, QUART) == (
        'waiting, 256 users: no difference found between Quart and Flask gevent, the fastest '
        'Flask server. Quart uses 25 % less memory than Flask gevent.'
    )


def test_verdicts_for_flask_are_first() -> None:
    """The verdicts in which Flask is faster are listed before the others."""
    best = measured('Flask gevent', [3380, 3380, 3380], memory=40)
    other = measured('Flask gevent', [1, 1, 1], users=32)
    quart = measured('Quart', [2, 2, 2], users=32)

    found = make_verdicts([WAITING], summarize([*other, *quart, *best, *QUART]))

    assert [item.flask_is_faster for item in found] == [True, False]
    assert found[0].text == (
        'waiting, 256 users: Flask gevent serves 2.0 times as many requests per second as Quart. '
        'Quart uses 50 % more memory than Flask gevent.'
    )


def test_flask_is_faster_if_any_flask_is() -> None:
    """A Flask server that is faster decides, even if another's wide range has a higher median."""
    wide = measured('Flask A', [80, 120, 160])
    narrow = measured('Flask B', [105, 110, 115])
    quart = measured('Quart', [90, 95, 100])

    found = verdict(wide, narrow, quart)

    assert found.flask_is_faster
    assert found.text == (
        'waiting, 256 users: Flask B serves 1.2 times as many requests per second as Quart. '
        'Quart uses as much memory as Flask B. No difference found between Quart and Flask A.'
    )


@pytest.mark.parametrize(
    ('flask', 'quart'),
    [([1000, 1000], [1001, 1001]), ([1004, 1004], [1000, 1000]), ([500], [1000])],
)
def test_ratio_of_one_or_one_round_is_no_difference(flask: list[float], quart: list[float]) -> None:
    """A ratio that rounds to 1.0, and any ratio after one round, is no difference."""
    text = verdict_text(measured('Flask sync', flask), measured('Quart', quart))

    assert text.startswith('waiting, 256 users: no difference found between Quart and Flask sync')


@pytest.mark.parametrize('scenario', [WAITING, MIXED])
def test_server_without_responses_is_excluded(scenario: Scenario) -> None:
    """A server that sent no response is not compared, and the verdict names it."""
    silent = measured('Flask sync', [0, 0], scenario=scenario, p95=None)
    flask = measured('Flask gevent', [100, 100], scenario=scenario, p95=20)
    quart = measured('Quart', [50, 50], scenario=scenario, p95=40)
    silent_quart = measured('Quart', [0, 0], scenario=scenario, p95=None)

    found = verdict(silent, flask, quart, scenario=scenario)

    assert found.flask_is_faster
    assert found.text.startswith(f'{scenario.name}, 256 users: Flask gevent ')
    assert found.text.endswith(' Excluded: Flask sync (no response).')
    assert verdict_text(silent, silent_quart, scenario=scenario) == (
        f'{scenario.name}, 256 users: not compared. '
        'Excluded: Flask sync (no response), Quart (no response).'
    )


def test_mixed_needs_ten_users() -> None:
    """The mixed scenario is not compared below ten users, of whom none waits."""
    flask = measured('Flask sync', [10, 10], scenario=MIXED, users=9, p95=900)
    quart = measured('Quart', [9, 9], scenario=MIXED, users=9, p95=9)

    assert verdict_text(flask, quart, scenario=MIXED) == (
        'mixed, 9 users: not compared: below 10 users there is no waiting user.'
    )


def test_mixed_compares_response_times() -> None:
    """The mixed scenario compares the p95, of which the lower one is better."""
    flask = measured('Flask sync', [10, 10], scenario=MIXED, p95=900)
    quart = measured('Quart', [9, 9], scenario=MIXED, p95=9)

    assert verdict_text(flask, quart, scenario=MIXED).startswith(
        'mixed, 256 users: Quart responds 100 times as fast (p95) as Flask sync, the fastest'
    )


def test_failed_and_exited_servers_are_excluded() -> None:
    """Servers with failures, and those that exited, are not compared."""
    failed = measured('Flask gevent', [9999, 9999], failures={'a: status 500 instead of 200': 3})

    text = verdict_text(EIGHT_THREADS, failed, died('Flask sync'), QUART)

    assert text.startswith('waiting, 256 users: Quart serves 21 times as many requests')
    assert text.endswith(
        'Excluded: Flask gevent (6 requests failed), Flask sync (exited or did not start).'
    )


def test_verdict_without_quart_states_why() -> None:
    """Without a Quart that can be compared, the verdict names the reason."""
    assert verdict_text(EIGHT_THREADS, died('Quart')) == (
        'waiting, 256 users: not compared. Excluded: Quart (exited or did not start).'
    )


def test_verdict_names_limited_servers() -> None:
    """The verdict names the servers for which the load generator was the limit."""
    quart = measured('Quart', [1690, 1690], busy=0.97)

    assert 'The load generator was the limit for Quart.' in verdict_text(EIGHT_THREADS, quart)
