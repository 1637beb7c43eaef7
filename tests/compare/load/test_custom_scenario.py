"""`compare load` with a user's own apps and steps."""

from pathlib import Path

import psutil
import pytest

from quart_session_demo.compare.load import runner, running_servers
from quart_session_demo.compare.load.results import read
from tests.compare.conftest import InvokeCompare
from tests.compare.load.conftest import has_response, shop_options

SHORT_RUN = ['--quick', '--users', '8', '--slice', '0.2', '--blocks', '1']
SYNC_VIEWS_STEPS = """
[[step]]
name = 'store'
method = 'POST'
path = '/?name=ann'

[[step]]
name = 'read'
path = '/?name=bob'
"""


@pytest.fixture(autouse=True)
def _fixed_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not measure the machine and the load generator."""
    monkeypatch.setattr(psutil, 'cpu_percent', lambda _: 1.0)
    monkeypatch.setattr(runner, 'measure_ceiling', lambda _: 50_000.0)


def test_own_apps_are_measured(
    invoke_compare: InvokeCompare, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A response of the port that differs from Flask's is a failure, shown in the verdict."""
    # Do not wait for a failing server to exit.
    monkeypatch.setattr(running_servers, 'GRACE_SECONDS', 0)
    names = 'flask-threads,flask-gevent,quart-hypercorn,quart-sync-views'

    result = invoke_compare(
        'load',
        *shop_options(tmp_path),
        *SHORT_RUN,
        '--contenders',
        names,
        '--output',
        tmp_path / 'out',
    )

    assert result.exit_code == 1, result.stderr
    results = read(tmp_path / 'out/results.json')
    [comparison] = results.comparisons
    failures = {item.name: list(item.samples[0].failures) for item in comparison.contenders}
    assert failures.pop('quart-hypercorn') == ['bye: unexpected body']
    assert failures == {'flask-threads': [], 'flask-gevent': []}
    assert '`steps`, 8 users: ' in result.stdout
    assert 'Excluded: Quart on Hypercorn (' in result.stdout
    # Its form needs an `await`.
    [note] = [note for note in results.notes if 'quart-sync-views' in note]
    assert note.startswith('quart-sync-views cannot run this app and is left out: buy: status 500')
    assert f'{note}\n' in result.stderr
    assert f'- {note}\n' in result.stdout


def test_unchanged_views_are_measured(invoke_compare: InvokeCompare, tmp_path: Path) -> None:
    """An app that runs on Quart with unchanged views is measured there too."""
    steps = tmp_path / 'steps.toml'
    steps.write_text(SYNC_VIEWS_STEPS, 'utf-8')

    result = invoke_compare(
        'load',
        '--sync',
        'tests.apps.sync_view_apps:create_app()',
        '--async',
        'tests.apps.shop_apps:port',
        '--steps',
        steps,
        *SHORT_RUN,
        '--contenders',
        'flask-threads,quart-sync-views',
        '--output',
        tmp_path / 'out',
    )

    assert result.exit_code == 0, result.stderr
    [comparison] = read(tmp_path / 'out/results.json').comparisons
    assert [item.name for item in comparison.contenders] == ['flask-threads', 'quart-sync-views']
    for contender in comparison.contenders:
        assert has_response(contender.samples[0])
        assert contender.samples[0].failures == {}


def test_app_that_quart_cannot_load_is_left_out(
    invoke_compare: InvokeCompare, tmp_path: Path
) -> None:
    """An app that uses what Quart does not have is left out, with the reason in one line."""
    steps = tmp_path / 'steps.toml'
    steps.write_text("[[step]]\nname = 'missing'\npath = '/'\n", 'utf-8')

    result = invoke_compare(
        'load',
        '--sync',
        'tests.apps.no_quart_name:app',
        '--async',
        'tests.apps.shop_apps:port',
        '--steps',
        steps,
        *SHORT_RUN,
        '--contenders',
        'flask-threads,quart-sync-views',
    )

    assert result.exit_code == 0, result.stderr
    note = result.stderr.splitlines()[0]
    assert note.startswith('quart-sync-views cannot run this app and is left out: ')
    assert 'FlaskClient' in note
    assert 'with sync views' not in result.stdout


def test_no_contender_that_can_run_is_an_error(
    invoke_compare: InvokeCompare, tmp_path: Path
) -> None:
    """If the only chosen contender cannot run the app, the error has the reason in one line."""
    result = invoke_compare('load', *shop_options(tmp_path), '--contenders', 'quart-sync-views')

    assert result.exit_code == 2
    assert result.stderr == (
        'Error: no contender can run the steps: buy: status 500 instead of 201\n'
    )


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
    assert result.stderr.startswith('Error: Quart on Hypercorn did not start')
