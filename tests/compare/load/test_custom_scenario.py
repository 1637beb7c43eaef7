"""`compare load` with a user's own apps and steps."""

from pathlib import Path

import pytest

from quart_session_demo.compare.load import runner
from quart_session_demo.compare.load.results import read
from quart_session_demo.compare.load.targets import QUART
from tests.compare.conftest import InvokeCompare
from tests.compare.load.conftest import shop_options

SHORT_RUN = ['--users', '8', '--duration', '0.4', '--rounds', '1']


def test_own_apps_are_measured(
    invoke_compare: InvokeCompare, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A response of the port that differs from Flask's is a failure, shown in the verdict."""
    # Do not wait for a failing server to exit.
    monkeypatch.setattr(runner, 'GRACE_SECONDS', 0)

    result = invoke_compare(
        'load', *shop_options(tmp_path), *SHORT_RUN, '--output', tmp_path / 'out'
    )

    assert result.exit_code == 1, result.stderr
    results = read(tmp_path / 'out/results.json')
    failures = {
        item.target: list(item.sample.failures) for item in results.measurements if item.sample
    }
    assert failures.pop(QUART) == ['bye: unexpected body']
    assert failures == {'Flask sync': [], 'Flask 8 threads': [], 'Flask gevent': []}
    assert 'steps, 8 users: not compared. Excluded: Quart (' in result.stdout


@pytest.mark.parametrize(
    ('steps', 'message'),
    [
        (
            "[[step]]\nname = 'a'\npath = '/'\n[[step]]\nname = 'again'\nrestart = {}\n",
            "step 'again' restarts the servers",
        ),
        ("[[step]]\nname = 'a'\n", "step 'a'"),
        (
            "[[step]]\nname = 'a'\npath = '/'\ncapture = { t = '(?!)(.)' }\n",
            "step 'a': capture 't' found nothing",
        ),
    ],
)
def test_unusable_steps_are_a_one_line_error(
    invoke_compare: InvokeCompare, tmp_path: Path, steps: str, message: str
) -> None:
    """Steps that cannot be used exit with status 2 and one line that names the step."""
    result = invoke_compare('load', *shop_options(tmp_path, steps))

    assert result.exit_code == 2
    assert result.stderr.count('\n') == 1
    assert message in result.stderr


def test_missing_quart_app_is_an_error_before_measuring(
    invoke_compare: InvokeCompare, tmp_path: Path
) -> None:
    """A Quart app that does not start is an error before anything is measured."""
    result = invoke_compare('load', *shop_options(tmp_path, port='typo'))

    assert result.exit_code == 2
    assert result.stdout == ''
    assert result.stderr.startswith('Error: Quart did not start')
