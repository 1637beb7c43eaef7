"""The verdicts: what is compared, with what, and in which words."""

from collections.abc import Mapping

import pytest

from quart_session_demo.compare.load.intervals import Interval, Verdict
from quart_session_demo.compare.load.results import Comparison
from quart_session_demo.compare.load.scenarios import MIXED, SESSION, WAITING, Scenario
from quart_session_demo.compare.load.verdicts import Verdicts
from quart_session_demo.compare.load.wording import format_ratio, ratio_text, verdict_text
from tests.compare.load.conftest import WAITING_SPEEDS, make_comparison, make_contender


def find_verdicts(
    speeds: Mapping[str, float], scenario: Scenario = WAITING, users: int = 256, blocks: int = 15
) -> Verdicts:
    """Return the verdicts on made-up servers without noise."""
    contenders = [make_contender(name, [speed] * blocks) for name, speed in speeds.items()]
    return Verdicts(Comparison(scenario.name, users, contenders=contenders), scenario)


def test_reference_is_gevent() -> None:
    """Contenders are compared with Flask on gevent, or with the first that can be compared."""
    speeds = {'flask-sync': 1, 'flask-gevent': 2, 'quart-granian': 3}
    without = {'flask-sync': 0, 'quart-uvicorn': 1, 'quart-granian': 3}

    for found, name in (
        (find_verdicts(speeds), 'flask-gevent'),
        (find_verdicts(without), 'quart-uvicorn'),
    ):
        assert found.reference is not None
        assert found.reference.name == name
    assert find_verdicts({}).reference is None


def test_more_blocks_are_for_the_undecided() -> None:
    """More blocks are needed of an undecided contender and the reference, not of one alone."""
    speeds = {'flask-sync': 1, 'flask-gevent': 2, 'quart-granian': 3}
    undecided = find_verdicts(speeds)
    sync = undecided.comparison.contenders[0]
    undecided.comparison.contenders[0] = make_contender(sync.name, [0.5, 3.5] * 7)

    assert find_verdicts(speeds).undecided_names() == []
    assert Verdicts(undecided.comparison, WAITING).undecided_names() == [
        'flask-sync',
        'flask-gevent',
    ]
    # Three blocks decide nothing.
    assert find_verdicts(speeds, blocks=3).undecided_names() == list(speeds)
    assert find_verdicts({'flask-gevent': 2}, blocks=3).undecided_names() == []
    assert find_verdicts({}).undecided_names() == []


def test_best_servers_are_compared() -> None:
    """The best Quart server is compared with the best Flask server; sync views do not count."""
    found = find_verdicts(
        {
            'flask-gevent': 100,
            'flask-threads': 120,
            'quart-hypercorn': 90,
            'quart-granian': 180,
            'quart-sync-views': 500,
        }
    )

    pair = found.best_pair
    assert pair is not None
    assert (pair.first.name, pair.second.name) == ('quart-granian', 'flask-threads')
    assert pair.interval.ratio == pytest.approx(1.5)
    assert [item.name for item in found.quart] == ['quart-granian', 'quart-hypercorn']
    assert found.sync_views is not None


def test_verdict_in_words() -> None:
    """A line states the best servers, each verdict with its interval, and a limit by threads."""
    comparison = make_comparison(WAITING_SPEEDS, WAITING)
    comparison.contenders[0] = make_contender('flask-sync', [1], failures={'a': 1})
    comparison.contenders[1] = make_contender('flask-threads', [79] * 15, concurrency=8)

    text = verdict_text(Verdicts(comparison, WAITING))

    assert text.startswith('`waiting`, 256 users: Of the best servers, Quart on Granian is 1.4')
    assert ' as fast as Flask gevent. Compared with Flask gevent, faster: Quart on uvicorn' in text
    assert '; slower: Flask 8 threads 0.0' in text
    assert '[limit: 8 at once ÷ 0.1 s = 80.0 requests/s]' in text
    assert '; no difference: Quart on gunicorn' in text
    assert text.endswith('Excluded: Flask sync (1 request failed).')


@pytest.mark.parametrize(
    ('speeds', 'words'),
    [
        (
            {'flask-gevent': 200, 'quart-granian': 100},
            'Of the best servers, Flask gevent is 2.00 times (2.00 to 2.00) as fast as Quart on',
        ),
        (
            {'flask-gevent': 100, 'quart-granian': 101},
            'Between the best servers, Quart on Granian and Flask gevent, no difference: 1.01 (',
        ),
        ({'flask-gevent': 0, 'quart-granian': 0}, 'Excluded: Flask gevent (no response), Quart'),
        ({'quart-granian': 0, 'flask-gevent': 1}, 'Excluded: Quart on Granian (no response).'),
        ({}, 'Nothing to compare.'),
    ],
)
def test_verdict_of_any_outcome(speeds: Mapping[str, float], words: str) -> None:
    """Each outcome has its sentence."""
    assert words in verdict_text(find_verdicts(speeds))


def test_mixed_is_compared_by_response_times() -> None:
    """The mixed scenario compares the p95, of which the lower one is better."""
    text = verdict_text(find_verdicts({'flask-gevent': 100, 'quart-granian': 1000}, MIXED))

    assert 'Quart on Granian is 10.0 times (10.0 to 10.0) as fast (by p95) as Flask' in text


def test_mixed_with_few_users_is_not_compared() -> None:
    """Below ten users the mixed scenario has no verdict, and the reason is stated."""
    found = find_verdicts({'flask-gevent': 100, 'quart-granian': 1000}, MIXED, users=9)

    assert found.comparable == []
    assert 'below 10 users there is no waiting user' in verdict_text(found)


def test_few_blocks_are_undecided() -> None:
    """With five blocks there is a ratio and no verdict."""
    text = verdict_text(find_verdicts({'flask-gevent': 1, 'quart-granian': 2}, blocks=5))

    assert 'undecided: 2.00 (too few blocks for an interval)' in text


@pytest.mark.parametrize(
    ('limited', 'speed', 'verdict', 'text'),
    [
        ('quart-granian', 2, Verdict.FASTER, '≥ 2.00'),
        ('quart-granian', 1, Verdict.UNDECIDED, '≥ 1.00'),
        ('quart-granian', 0.5, Verdict.UNDECIDED, '≥ 0.500'),
        ('flask-gevent', 2, Verdict.UNDECIDED, '≤ 2.00'),
        ('flask-gevent', 0.5, Verdict.SLOWER, '≤ 0.500'),
        ('both', 2, Verdict.UNDECIDED, '~ 2.00'),
    ],
)
def test_limited_generator_weakens_the_verdict(
    limited: str, speed: float, verdict: Verdict, text: str
) -> None:
    """A ratio that the load generator limits is a bound, and decides only in its direction."""
    contenders = [
        make_contender(name, [value] * 15, busy=0.97 if limited in (name, 'both') else 0.5)
        for name, value in (('flask-gevent', 1), ('quart-granian', speed))
    ]
    found = Verdicts(Comparison('session', 32, contenders=contenders), SESSION)

    ratio = found.ratio_to_reference(contenders[1])

    assert ratio is not None
    assert ratio.verdict is verdict
    assert ratio_text(ratio).startswith(f'{text} (')
    assert 'The load generator was the limit for ' in verdict_text(found)
    assert ratio.inverse.first_is_limited is ratio.second_is_limited


def test_contender_of_other_blocks_is_excluded() -> None:
    """A contender without a block in common with the reference cannot be compared."""
    flask, quart = make_contender('flask-gevent', [1, 1]), make_contender('quart-granian', [1, 1])
    del flask.samples[1], quart.samples[0]

    found = Verdicts(Comparison('session', 32, contenders=[flask, quart]), SESSION)

    assert found.excluded == {'Quart on Granian': 'measured in other blocks than the others'}


def test_inverse_swaps_the_limits() -> None:
    """The inverse of an interval has the inverse limits."""
    assert Interval(0.5, 1, 4).inverse == Interval(0.25, 1, 2)


@pytest.mark.parametrize(
    ('value', 'text'), [(1, '1.00'), (1.004, '1.004'), (0.9996, '0.9996'), (1.4, '1.40')]
)
def test_ratio_near_one_has_more_digits(value: float, text: str) -> None:
    """A limit that excludes 1 is not shown as 1.00."""
    assert format_ratio(value) == text
