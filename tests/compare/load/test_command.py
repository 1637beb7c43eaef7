"""`compare load`: options, interruption, and results that cannot be written."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from quart_session_demo.compare.load import command, output
from quart_session_demo.compare.load.results import Results, read
from quart_session_demo.compare.load.runner import Measurement, Plan
from quart_session_demo.compare.load.scenarios import LESSON_SCENARIOS
from quart_session_demo.compare.load.targets import QUART, Pair
from quart_session_demo.sessions.extras import install_command
from tests.compare.conftest import APPS, InvokeCompare
from tests.compare.load.conftest import ENVIRONMENT, LOAD, SHOP_STEPS
from tests.processes import wait_until_gone


def make_plan(rounds: int) -> Plan:
    return Plan(Pair(), LESSON_SCENARIOS, (8,), duration=1, rounds=rounds)


def test_lesson_ignores_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lesson's apps get their own settings, not those of the user's environment."""
    monkeypatch.setenv('QUART_SESSION_COOKIE_NAME', 'own')
    monkeypatch.setenv('FLASK_TRUSTED_HOSTS', '["example.com"]')

    plan = command.make_plan(None, None, None, (8,), 1, 1)

    assert plan.pair.environment['FLASK_SESSION_COOKIE_NAME'] == '"__Host-session"'
    assert not [name for name in os.environ if name.startswith(('FLASK_', 'QUART_'))]


def test_empty_run_keeps_earlier_results(tmp_path: Path) -> None:
    """A run that measured nothing does not change the output folder."""
    (tmp_path / 'results.json').write_text('an earlier run', 'utf-8')

    command.run_load(make_plan(rounds=0), tmp_path)

    assert [path.read_text('utf-8') for path in tmp_path.iterdir()] == ['an earlier run']


def test_second_ctrl_c_waits_for_the_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A signal during the report takes effect after it."""

    def show(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        print('the whole report')

    monkeypatch.setattr(output, 'show', show)

    with pytest.raises(KeyboardInterrupt):
        command.run_load(make_plan(rounds=0), None)

    assert 'the whole report' in capsys.readouterr().out


def test_unwritable_report_is_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Results that cannot be written are still printed."""

    def run_plan(plan: Plan, results: Results) -> None:
        results.measurements.append(Measurement('session', 8, 1, QUART, None, error='died'))

    monkeypatch.setattr(command, '_run_plan', run_plan)
    (tmp_path / 'report.html').mkdir()

    with pytest.raises(IsADirectoryError):
        command.run_load(make_plan(rounds=1), tmp_path)

    assert '| Quart ' in capsys.readouterr().out


def test_incomplete_pair_is_refused(invoke_compare: InvokeCompare) -> None:
    """--sync without --async and --steps is a usage error."""
    result = invoke_compare('load', '--sync', 'shop:sync')

    assert result.exit_code == 2
    assert '--sync, --async and --steps need each other' in result.stderr


@pytest.mark.parametrize('duration', ['nan', 'inf', '1e300'])
def test_invalid_duration_is_a_one_line_error(invoke_compare: InvokeCompare, duration: str) -> None:
    """A duration that no run can last is refused in one line."""
    result = invoke_compare('load', '--duration', duration)

    assert result.exit_code == 2
    assert result.stderr.startswith('Error: --duration')
    assert result.stderr.count('\n') == 1


def test_invalid_output_is_a_one_line_error(invoke_compare: InvokeCompare, tmp_path: Path) -> None:
    """An output folder that cannot be made is refused before anything is measured."""
    (tmp_path / 'file').touch()
    folder = tmp_path / 'file' / 'out'

    result = invoke_compare('load', '--output', folder)

    assert result.exit_code == 2
    assert result.stderr == f'Error: {folder}: {os.strerror(errno.ENOTDIR)}\n'


def test_missing_extra_is_a_one_line_error() -> None:
    """Without Locust the command names the extra to install."""
    command = [sys.executable, str(APPS / 'quart_without.py'), 'locust', *LOAD[3:]]

    result = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)

    assert result.returncode == 2
    assert result.stderr.count('\n') == 1
    assert f"'compare': {install_command('compare')}" in result.stderr


def test_ctrl_c_reports_what_was_measured(tmp_path: Path) -> None:
    """Ctrl-C reports the measurements so far, marks them incomplete and leaves no process."""
    arguments = [*LOAD, '--users', '8', '--duration', '0.3', '--output', str(tmp_path)]
    process = subprocess.Popen(
        arguments, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    seen: set[psutil.Process] = set()
    with process:
        # When the second load generator runs, one measurement is complete.
        while len([child for child in seen if is_generator(child)]) < 2:
            assert process.poll() is None
            seen |= set(psutil.Process(process.pid).children(recursive=True))
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate()

    assert process.returncode == 128 + signal.SIGINT
    assert 'Traceback' not in errors
    assert 'interrupted' in printed
    results = read(tmp_path / 'results.json')
    assert not results.complete
    assert [item.target for item in results.measurements] == ['Flask sync']
    assert (tmp_path / 'report.html').exists()
    wait_until_gone(child.pid for child in seen)


def test_ctrl_c_before_the_first_measurement(tmp_path: Path) -> None:
    """Ctrl-C while the apps start leaves no process and prints no traceback."""
    steps = tmp_path / 'steps.toml'
    steps.write_text(SHOP_STEPS, 'utf-8')
    app = 'tests.apps.slow_app:app'
    process = subprocess.Popen(
        [*LOAD, '--sync', app, '--async', app, '--steps', steps],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        while not (seen := psutil.Process(process.pid).children(recursive=True)):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()

    assert process.returncode == 128 + signal.SIGINT
    assert errors == ''
    wait_until_gone(child.pid for child in seen)


_generators: dict[psutil.Process, bool] = {}


def is_generator(process: psutil.Process) -> bool:
    """Return whether a process is, or was, a load generator."""
    if process not in _generators:
        try:
            _generators[process] = any('import locust' in part for part in process.cmdline())
        except psutil.NoSuchProcess:
            return False
    return _generators[process]
