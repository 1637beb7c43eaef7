"""The order of the runs, and measurements of servers that fail."""

import sys

import pytest

from quart_session_demo.compare.harness.servers import ServerCommand
from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.load import runner
from quart_session_demo.compare.load.runner import LoadError, Plan, Run, measure, runs
from quart_session_demo.compare.load.scenarios import (
    LONG_WAIT_SECONDS,
    MIXED,
    SESSION,
    WAITING,
    Exchange,
    Scenario,
)
from quart_session_demo.compare.load.targets import QUART, Pair, Target, targets
from tests.compare.load.conftest import measure_server


def test_each_round_begins_with_another_target() -> None:
    """All targets run in every round, and each is once the first."""
    plan = Plan(Pair(), (SESSION, WAITING), (8,), duration=1, rounds=2)

    order = [(run.round, run.scenario.name, run.target.server.name) for run in runs(plan)]

    names = ['Flask sync', 'Flask 8 threads', 'Flask gevent', QUART]
    rotated = [*names[1:], names[0]]
    assert order == [
        *[(1, scenario, name) for scenario in ('session', 'waiting') for name in names],
        *[(2, scenario, name) for scenario in ('session', 'waiting') for name in rotated],
    ]


def test_mixed_measures_only_the_short_requests() -> None:
    """The long requests of every tenth user are not measured."""
    [*_, quart] = targets(Pair(), 10)

    sample = measure(Run(1, MIXED, 10, quart), duration=1).sample

    assert sample
    assert sample.failures == {}
    # Nine users with a pause of 0.5 s make at most three requests each in one second.
    assert 0 < sample.requests_per_second <= 9 * 3
    assert sample.p50 is not None
    assert sample.p50 < LONG_WAIT_SECONDS * 1000


def test_server_that_exits_is_reported_with_its_log() -> None:
    """A server that exits has no sample; the error has its exit status and its log."""
    result = measure_server('Dying', Exchange(Step('hello', '/'), body='ok'))

    assert result.sample is None
    assert result.start_memory
    assert result.error
    assert result.error.startswith('Made up ')
    assert 'exit status 7' in result.error
    assert 'out of memory' in result.error


def test_server_that_does_not_start_is_reported() -> None:
    """A server that does not start has no sample; the error names it."""
    command = (sys.executable, '-c', 'raise SystemExit("no such app")')
    scenario = Scenario('made up', '', (Exchange(Step('hello', '/')),))
    target = Target(ServerCommand('Made up', command), None)

    result = measure(Run(1, scenario, 2, target), duration=0.5)

    assert result.sample is None
    assert result.error
    assert result.error.startswith('Made up did not start (exit status 1)')


def test_failed_generator_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A load generator that fails raises `LoadError` with its last line."""
    monkeypatch.setattr(runner, 'GENERATOR', 'raise SystemExit("no memory")')

    with pytest.raises(LoadError, match=r'^load generator failed: no memory$'):
        measure_server('Ok', Exchange(Step('hello', '/')))
