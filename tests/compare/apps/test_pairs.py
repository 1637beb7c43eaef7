"""The pairs of apps that `compare load` measures."""

from pathlib import Path

import pytest

from quart_session_demo.compare import apps
from quart_session_demo.compare.load.backends import run_backend
from quart_session_demo.compare.load.contenders import lesson_pair
from quart_session_demo.compare.load.scenarios import LESSON_SCENARIOS, Backend
from tests.compare.conftest import InvokeCompare

PAIRS = [
    pytest.param('database', 'postgres', marks=pytest.mark.postgres),
    ('service', 'service'),
    ('waiting', None),
]


@pytest.mark.parametrize(('folder', 'backend'), PAIRS)
def test_pair_responds_alike(
    folder: str,
    backend: Backend | None,
    invoke_compare: InvokeCompare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both apps of a pair send the same responses, except for the security headers."""
    pair = lesson_pair(folder)
    steps = Path(apps.__file__).parent / folder / 'steps.toml'
    with run_backend(backend, app_processes=2) as running:
        for name, value in {**pair.environment, **running.environment}.items():
            monkeypatch.setenv(name, value)

        result = invoke_compare(
            'parity', '--sync', pair.sync, '--async', pair.async_, '--steps', steps
        )

    assert ' 0 different.' in result.stdout
    assert result.exit_code == 0


def test_each_pair_is_compared() -> None:
    """The pair of each scenario is in the test before."""
    assert {scenario.apps for scenario in LESSON_SCENARIOS} == {'database', 'service', 'waiting'}
