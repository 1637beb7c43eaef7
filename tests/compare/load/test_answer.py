"""The answer: true and grammatical for any outcome, with figures in each sentence."""

import re
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quart_session_demo.compare.load.answer import make_answer
from quart_session_demo.compare.load.results import Comparison, Results
from quart_session_demo.compare.load.scenarios import MIXED, SESSION, WAITING, Scenario
from tests.compare.load.conftest import (
    SESSION_SPEEDS,
    TITLES,
    WAITING_SPEEDS,
    make_comparison,
    make_contender,
    make_rates,
    make_results,
)

STEPS = msgspec.structs.replace(SESSION, name='steps', description='The steps.')


def sentences(results: Results) -> list[str]:
    """Return the sentences of an answer, each of which must have figures."""
    answer = make_answer(results)
    found = re.split(r'(?<=[)`\w]\.) (?=[A-Z0-9])', answer)
    # A number in words is a figure too.
    assert [text for text in found if not re.search(r'\d|\bone\b', text)] == []
    assert not re.search(r'  |\.\.|,,| ,|\bNone of the 1\b|\bnan\b|\binf\b', answer)
    assert not re.search(r'\b1 (?:users|scenarios|servers|minutes|seconds|processors)\b', answer)
    assert answer.endswith('.')
    return found


def exact(
    speeds: Mapping[str, float], scenario: Scenario = SESSION, users: int = 256
) -> Comparison:
    """Return a made-up comparison without noise."""
    contenders = [make_contender(name, [speed] * 15) for name, speed in speeds.items()]
    return Comparison(scenario.name, users, contenders=contenders)


def test_answer_of_a_full_run(results: Results) -> None:
    """It states the machine, where async pays, memory, servers, sync views, p99, exclusions."""
    found = sentences(results)

    assert found[0] == (
        'On a machine with 2 processors (Made-up processor) and 8 GB of memory, each server with '
        'one process, 2 scenarios were measured with 256 users.'
    )
    assert found[1] == 'Speed is requests per second, with 95 % confidence intervals in brackets.'
    assert re.fullmatch(
        r'Quart wins in both scenarios: in `session` Quart on Granian is 1\.3\d times '
        r'\([\d.]+ to [\d.]+\) as fast as Flask 8 threads; in `waiting` Quart on Granian is '
        r'1\.4\d times \([\d.]+ to [\d.]+\) as fast as Flask gevent\.',
        found[2],
    )
    assert found[3] == 'Flask was found to be faster in 0 of 2 scenarios.'
    assert found[4] == ('In memory, these servers use 61.0 MB (Quart) and 50.0 to 78.0 MB (Flask).')
    assert found[5].startswith("The choice of Quart's server matters most in `waiting`: Quart on")
    assert found[5].endswith(' as fast as Quart on Hypercorn, the slowest of 4.')
    assert re.fullmatch(
        r'Quart with unchanged sync views is between 0\.2\S* times \([\d. to]+\) as fast as the '
        r'best Flask server, in `waiting`, and 0\.4\S* times \([\d. to]+\), in `session`\.',
        found[6],
    )
    assert found[7] == (
        'At 80 % of its own peak, the p99 response time is 40.0 ms for Quart on Granian '
        '(1,150 requests/s) and 40.0 ms for Flask 8 threads (832 requests/s) in `session`.'
    )
    assert found[8].startswith('2 results are excluded: Flask sync in `waiting` (exited or did not')
    assert len(found) == 9


def test_flask_wins_everywhere() -> None:
    """If Flask is faster in all scenarios, the answer states that, and 0 for Quart."""
    speeds = {'flask-gevent': 150, 'quart-granian': 100}

    found = sentences(make_results(exact(speeds), exact(speeds, WAITING)))

    assert 'Quart was found to be faster in 0 of 2 scenarios.' in found
    assert any(
        text.startswith('Flask wins in both scenarios: in `session` Flask gevent is 1.50 times')
        for text in found
    )
    assert not any('Quart wins' in text for text in found)


def test_each_verdict_has_a_sentence() -> None:
    """Scenarios with different verdicts are listed in different sentences."""
    undecided = make_comparison({'flask-gevent': 1, 'quart-granian': 1}, MIXED)
    quart = make_contender('quart-granian', [500, 2000] * 8, memory=61)
    undecided.contenders[1] = quart
    results = make_results(
        exact({'flask-gevent': 100, 'quart-granian': 150}),
        exact({'flask-gevent': 100, 'quart-granian': 101}, WAITING),
        undecided,
    )

    found = sentences(results)

    assert 'Quart wins in 1 of 3 scenarios: in `session` Quart on Granian is 1.50 times' in found[2]
    assert found[3] == 'Flask was found to be faster in 0 of 3 scenarios.'
    assert found[4].startswith(
        'There is no difference of more than 5 % in 1 of 3 scenarios: in `waiting` Quart on '
        'Granian has 1.01 times'
    )
    assert found[5].startswith('The figures do not decide in 1 of 3 scenarios: in `mixed` Quart on')
    assert 'the speed (by p95) of Flask gevent' in found[5]


def test_highest_number_of_users_counts() -> None:
    """Each scenario counts with its most users, which are named if they differ."""
    speeds = {'flask-gevent': 100, 'quart-granian': 150}
    results = make_results(
        exact(speeds, users=256), exact(speeds, users=1), exact(speeds, WAITING, users=32)
    )

    found = sentences(results)

    assert found[0].endswith('2 scenarios were measured with up to 256 users.')
    assert 'in `session` with 256 users Quart on' in found[2]
    assert 'in `waiting` with 32 users Quart on' in found[2]


def test_servers_without_difference() -> None:
    """If Quart's servers do not differ, the answer states the largest ratio."""
    speeds = {'flask-gevent': 100, 'quart-granian': 101, 'quart-uvicorn': 100}

    found = sentences(make_results(exact(speeds)))

    assert any(
        text.startswith(
            "The figures do not decide which of Quart's 2 servers is the fastest; the largest"
        )
        for text in found
    )


def test_limited_generator_is_a_lower_bound() -> None:
    """A ratio that the load generator limits is marked with ≥."""
    comparison = exact({'flask-gevent': 100})
    comparison.contenders.append(make_contender('quart-granian', [150] * 15, busy=0.95))

    assert 'Quart on Granian is ≥ 1.50 times' in make_answer(make_results(comparison))


def test_interrupted_run() -> None:
    """An interrupted run states so first, and too few blocks decide nothing."""
    contenders = [make_contender(name, [1, 2]) for name in ('flask-gevent', 'quart-granian')]
    results = make_results(
        Comparison('session', 256, contenders=contenders),
        complete=False,
    )

    found = sentences(results)

    assert found[0] == ('The run was interrupted after 4 minutes, so its figures are incomplete.')
    assert any(
        'The figures do not decide in 1 scenario: in `session` Quart on Granian has 1.00 times '
        '(too few blocks for an interval) the speed of Flask gevent.' in text
        for text in found
    )
    results.seconds = 1
    assert sentences(results)[0].startswith('The run was interrupted after 1 second,')


@pytest.mark.parametrize(
    ('comparisons', 'words'),
    [
        ([], 'each server with one process, 0 scenarios were measured.'),
        (
            [exact({'quart-granian': 1234})],
            'Only Quart on Granian was measured, with 1,230 requests/s in `session`: nothing to',
        ),
        (
            [exact({'quart-granian': 1000}, MIXED)],
            'Only Quart on Granian was measured, with a p95 of 10.0 ms in `mixed`: nothing to',
        ),
        (
            [exact({'quart-granian': 2, 'quart-uvicorn': 1})],
            'None of the 2 servers is Flask, so Flask and Quart are not compared.',
        ),
        (
            [exact({'flask-gevent': 2, 'flask-sync': 1})],
            'None of the 2 servers is Quart, so Flask and Quart are not compared.',
        ),
        (
            [exact({'flask-gevent': 2, 'flask-sync': 1})],
            "The choice of Flask's server matters most in `session`: Flask gevent is 2.00 times "
            '(2.00 to 2.00) as fast as Flask sync, the slower of 2.',
        ),
        (
            [exact({'flask-gevent': 0, 'quart-granian': 1})],
            'Flask and Quart are not compared in 1 scenario: `session` (0 Flask servers can be '
            'compared). 1 result is excluded: Flask gevent in `session` (no response).',
        ),
        (
            [exact({'flask-gevent': 0, 'quart-granian': 0})],
            '2 results are excluded: all 2 servers in `session` (no response).',
        ),
        (
            [exact({'flask-gevent': 1, 'quart-granian': 1}, MIXED, users=9)],
            'all 2 servers in `mixed` (below 10 users there is no waiting user)',
        ),
        (
            [exact({'flask-gevent': 100, 'quart-granian': 150}, STEPS)],
            'Quart wins in 1 scenario: in `steps` Quart on Granian is 1.50 times',
        ),
        (
            [exact({'flask-gevent': 100, 'quart-sync-views': 50})],
            'Quart with unchanged sync views is 0.500 times (0.500 to 0.500) as fast as the best '
            'Flask server in `session`.',
        ),
    ],
)
def test_answer_of_any_outcome(comparisons: list[Comparison], words: str) -> None:
    """Missing servers, scenarios and responses are stated."""
    results = make_results(*comparisons, scenarios=(SESSION, MIXED, STEPS))

    assert words in ' '.join(sentences(results))


def test_skipped_scenarios_are_stated() -> None:
    """A scenario that was not measured is named, with the reason."""
    results = make_results(exact(SESSION_SPEEDS), skipped={'database': 'no PostgreSQL found.'})

    assert (
        sentences(results)[-1] == '1 scenario was not measured: `database` (no PostgreSQL found).'
    )


def test_run_with_given_rates_only() -> None:
    """A run at the user's own rates has the response times of each rate that is not void."""
    rates = [
        msgspec.structs.replace(sample, rate=rate, peak=None, void=rate > 200)
        for rate in (100, 400)
        for sample in make_rates(SESSION, {'flask-gevent': 1000, 'quart-granian': 1000})
        if sample.rate == 500
    ]

    answer = make_answer(make_results(rates=rates))

    assert '1 scenario was measured at fixed rates.' in answer
    assert (
        'In `session` at 100 requests/s, the p99 response time is 16.0 ms for Flask gevent and '
        '16.0 ms for Quart on Granian.'
    ) in answer
    assert 'at 400' not in answer


def test_processes_are_stated() -> None:
    """The answer states the number of worker processes of each server."""
    assert 'each server with 4 worker processes, 1 scenario was' in make_answer(
        make_results(exact(SESSION_SPEEDS), processes=4)
    )


def test_unknown_machine_is_stated() -> None:
    """Results without facts about the machine have an answer too."""
    results = make_results(exact(SESSION_SPEEDS))
    results.machine = {}

    assert 'On a machine with an unknown number of processors, each' in sentences(results)[0]


SPEEDS = st.dictionaries(
    st.sampled_from(sorted(TITLES)),
    st.sampled_from([0, 0.01, 95, 100, 101, 150, 5000]),
    max_size=6,
)


@given(
    st.lists(
        st.tuples(SPEEDS, st.sampled_from([SESSION, WAITING, MIXED, STEPS]), st.integers(1, 40)),
        max_size=4,
        unique_by=lambda item: (item[1].name, item[2]),
    ),
    st.booleans(),
    st.integers(1, 15),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_answer_is_grammatical(
    parts: list[tuple[dict[str, float], Scenario, int]], complete: bool, blocks: int
) -> None:
    """Any mixture of servers, speeds and scenarios has an answer with figures in each sentence."""
    comparisons = [
        Comparison(
            scenario.name,
            users,
            contenders=[make_contender(name, [speed] * blocks) for name, speed in speeds.items()],
        )
        for speeds, scenario, users in parts
    ]
    results = make_results(
        *comparisons,
        scenarios=(SESSION, WAITING, MIXED, STEPS),
        rates=make_rates(SESSION, {'quart-granian': 100, 'flask-gevent': 90}),
        complete=complete,
    )

    found = sentences(results)

    assert len(found) <= 13


def test_waiting_scenario_alone() -> None:
    """One scenario has no counts of the others."""
    found = sentences(make_results(make_comparison(WAITING_SPEEDS, WAITING)))

    assert found[2].startswith('Quart wins in 1 scenario: in `waiting` Quart on Granian')
    assert not any('0 of' in text for text in found)
