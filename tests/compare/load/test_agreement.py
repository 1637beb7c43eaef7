"""How often the verdicts of two runs agree."""

from collections.abc import Mapping

from quart_session_demo.compare.load.agreement import Agreement, agreement
from quart_session_demo.compare.load.intervals import Verdict
from quart_session_demo.compare.load.scenarios import SESSION, WAITING
from tests.compare.load.conftest import (
    SESSION_SPEEDS,
    WAITING_SPEEDS,
    make_comparison,
    make_contender,
    make_results,
)


def agree(first: Mapping[str, float], second: Mapping[str, float]) -> Agreement:
    """Return the agreement of two made-up runs of one scenario."""
    return agreement(
        make_results(make_comparison(first)), make_results(make_comparison(second, seed=1))
    )


def test_equal_runs_agree() -> None:
    """Two runs on equally fast servers have equal verdicts, for each scenario and contender."""
    first, second = (
        make_results(
            make_comparison(SESSION_SPEEDS | {'flask-threads': 1.2}, seed=seed),
            make_comparison(WAITING_SPEEDS, WAITING, seed=seed),
        )
        for seed in (1, 2)
    )

    found = agreement(first, second)

    assert (found.equal, found.total) == (15, 15)
    assert found.different == found.contradictions == []
    assert found.text == '15 of 15 verdicts are equal, and none contradict the other run.'


def test_contradiction_is_found() -> None:
    """Faster in one run and slower in the other is a contradiction; no difference is not."""
    found = agree(
        {'flask-gevent': 1, 'quart-uvicorn': 1.3, 'quart-granian': 1.3},
        {'flask-gevent': 1, 'quart-uvicorn': 1.0, 'quart-granian': 0.8},
    )

    assert (found.equal, found.total) == (0, 2)
    assert [item.contender for item in found.different] == ['Quart on uvicorn', 'Quart on Granian']
    [contradiction] = found.contradictions
    assert (contradiction.first, contradiction.second) == (Verdict.FASTER, Verdict.SLOWER)
    assert found.text == '0 of 2 verdicts are equal, and 1 contradicts the other run.'


def test_only_common_verdicts_count() -> None:
    """What one run alone measured, or excluded, does not count; the reference is a common one."""
    first = make_results(
        make_comparison({'flask-gevent': 1, 'flask-sync': 0.5, 'quart-granian': 1.3}),
        make_comparison(SESSION_SPEEDS, users=32),
    )
    second = make_results(
        make_comparison({'flask-gevent': 1, 'flask-sync': 0.5, 'quart-granian': 1.3, 'quart-x': 2}),
        make_comparison(WAITING_SPEEDS, WAITING),
    )
    second.comparisons[0].contenders[0] = make_contender('flask-gevent', [9], failures={'a': 1})

    found = agreement(first, second)

    [pairing] = found.pairings
    assert (pairing.contender, pairing.reference) == ('Quart on Granian', 'Flask sync')
    assert (pairing.scenario, pairing.users, pairing.first) == (
        SESSION.name,
        256,
        Verdict.FASTER,
    )
    assert found.equal == 1


def test_runs_without_common_verdicts() -> None:
    """Two runs that have nothing in common have no agreement."""
    assert agreement(make_results(), make_results()).text == (
        'The two runs have no verdict in common.'
    )
