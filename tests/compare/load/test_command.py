"""`compare load`: options, interruption, and results that cannot be written."""

import errno
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from quart_session_demo.compare.harness import postgres
from quart_session_demo.compare.load import command, output, runner
from quart_session_demo.compare.load.plan import Plan
from quart_session_demo.compare.load.progress import Progress
from quart_session_demo.compare.load.results import Results, read
from quart_session_demo.compare.load.scenarios import SESSION
from quart_session_demo.sessions.extras import install_command
from tests.compare.conftest import APPS, InvokeCompare
from tests.compare.load.conftest import (
    ENVIRONMENT,
    LOAD,
    SHOP_STEPS,
    make_comparison,
    make_results,
    shop_options,
)
from tests.processes import wait_until, wait_until_gone

PLAN = Plan((SESSION,), users=(8,))
#: A quick run of two contenders, without the time of usual slices.
SHORT_RUN = [
    '--quick',
    '--contenders',
    'flask-sync,flask-gevent',
    '--users',
    '2',
    '--slice',
    '0.1',
]

needs_full_device = pytest.mark.skipif(
    not Path('/dev/full').exists(), reason='needs /dev/full, which Linux has'
)
RunPlan = Callable[[Plan, Results, Progress], None]


@pytest.fixture
def replace_run(monkeypatch: pytest.MonkeyPatch) -> Callable[[RunPlan], None]:
    """Return a function that replaces what `run_load` runs, on a machine that is not busy."""
    monkeypatch.setattr(psutil, 'cpu_percent', lambda _: 1.0)

    def replace(run: RunPlan) -> None:
        monkeypatch.setattr(command, 'run_plan', run)

    return replace


def run_nothing(plan: Plan, results: Results, progress: Progress) -> None:
    results.complete = True


def run_two(plan: Plan, results: Results, progress: Progress) -> None:
    """Add made-up results of two contenders."""
    results.comparisons.append(make_comparison({'flask-gevent': 1, 'quart-granian': 1.2}))
    results.complete = True


def run_until_ctrl_c(plan: Plan, results: Results, progress: Progress) -> None:
    run_two(plan, results, progress)
    results.complete = False
    raise KeyboardInterrupt


def test_lesson_ignores_settings_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, replace_run: Callable[[RunPlan], None]
) -> None:
    """The lesson's apps get their own settings, not those of the user's environment."""
    monkeypatch.setenv('QUART_SESSION_COOKIE_NAME', 'own')
    monkeypatch.setenv('FLASK_TRUSTED_HOSTS', '["example.com"]')
    found: list[str] = []

    def run(plan: Plan, results: Results, progress: Progress) -> None:
        environment = plan.contenders(SESSION, 8)[0].server.environment
        found.append(environment['FLASK_SESSION_COOKIE_NAME'])
        found.extend(name for name in os.environ if name.startswith(('FLASK_', 'QUART_')))

    replace_run(run)
    command.run_load(PLAN, None)

    assert found == ['"__Host-session"']


def test_empty_run_keeps_earlier_results(
    tmp_path: Path, replace_run: Callable[[RunPlan], None]
) -> None:
    """A run that measured nothing does not change the output folder."""
    (tmp_path / 'results.json').write_text('an earlier run', 'utf-8')
    replace_run(run_nothing)

    command.run_load(PLAN, tmp_path)

    assert [path.read_text('utf-8') for path in tmp_path.iterdir()] == ['an earlier run']


def test_location_of_the_report_is_printed(
    tmp_path: Path,
    replace_run: Callable[[RunPlan], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The last line states where the report is; without a folder there is none."""
    replace_run(run_two)

    command.run_load(PLAN, tmp_path)
    with_folder = capsys.readouterr().out
    command.run_load(PLAN, None)
    without = capsys.readouterr().out

    assert with_folder == f'{without}Report: {tmp_path}/report.html\n'


def test_json_is_alone_on_standard_output(
    tmp_path: Path,
    replace_run: Callable[[RunPlan], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With `--json` standard output has the results, and standard error what people read."""
    replace_run(run_two)

    command.run_load(PLAN, tmp_path, as_json=True)

    printed, errors = capsys.readouterr()
    assert json.loads(printed) == json.loads((tmp_path / 'results.json').read_bytes())
    assert '| Quart on Granian ' in errors
    assert errors.endswith(f'Report: {tmp_path}/report.html\n')


def test_interrupted_run_is_written_beside_a_complete_one(
    tmp_path: Path,
    replace_run: Callable[[RunPlan], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After Ctrl-C the earlier report is unchanged, and the last line states where the new is."""
    folder = tmp_path / 'measured'
    output.write(make_results(), folder)
    replace_run(run_until_ctrl_c)

    with pytest.raises(KeyboardInterrupt):
        command.run_load(PLAN, folder)

    assert read(folder / 'results.json') == make_results()
    assert not read(tmp_path / 'measured-interrupted/results.json').complete
    assert capsys.readouterr().out.endswith(
        f'\nReport: {folder}-interrupted/report.html (the run was interrupted; the earlier report '
        f'in {folder} is unchanged)\n'
    )


def test_second_ctrl_c_waits_for_the_report(
    monkeypatch: pytest.MonkeyPatch,
    replace_run: Callable[[RunPlan], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A signal during the report takes effect after it."""

    def show(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)
        print('the whole report')

    monkeypatch.setattr(output, 'show', show)
    replace_run(run_nothing)

    with pytest.raises(KeyboardInterrupt):
        command.run_load(PLAN, None)

    assert 'the whole report' in capsys.readouterr().out


def test_unwritable_report_is_printed(
    tmp_path: Path,
    replace_run: Callable[[RunPlan], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Results that cannot be written are still printed."""
    replace_run(run_two)
    (tmp_path / 'report.html').mkdir()

    with pytest.raises(IsADirectoryError):
        command.run_load(PLAN, tmp_path)

    assert '| Quart on Granian ' in capsys.readouterr().out


def test_busy_machine_is_reported_before_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If another program uses a processor, a line states it before anything is measured."""
    before: list[str] = []

    def run(plan: Plan, results: Results, progress: Progress) -> None:
        before.extend(results.notes)
        assert f'{before[0]}\n' in capsys.readouterr().err

    monkeypatch.setattr(command, 'run_plan', run)
    with subprocess.Popen([sys.executable, '-c', 'while True: pass']) as other:
        try:
            program = psutil.Process(other.pid)
            wait_until(lambda: program.cpu_times().user > 0.1)
            command.run_load(PLAN, None)
        finally:
            other.kill()

    assert before[0].startswith('Other programs use ')
    assert before[0].endswith('processors: stop them, or the figures may be wrong.')
    assert f'- {before[0]}\n' in capsys.readouterr().out


def test_idle_machine_has_no_warning(
    replace_run: Callable[[RunPlan], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """If other programs use little of a processor, there is no warning."""
    replace_run(run_nothing)

    command.run_load(PLAN, None)

    assert capsys.readouterr().err.startswith('The run takes about ')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--sync', 'shop:sync'], '--sync, --async and --steps need each other'),
        (['--slice', 'nan'], '--slice is nan: use at most 3600 seconds'),
        (['--slice', 'inf'], '--slice is inf: use at most 3600 seconds'),
        (['--slice', '1e300'], '--slice is 1e+300: use at most 3600 seconds'),
        (['--slice', '0.05'], "Invalid value for '--slice'"),
        (['--rate', 'nan'], '--rate is nan: use at most 1,000,000'),
        (['--rate', '5', '--rate', 'inf'], '--rate is inf: use at most 1,000,000'),
        (['--rate', '0'], "Invalid value for '--rate'"),
        (['--blocks', '0'], "Invalid value for '--blocks'"),
        (['--processes', '0'], "Invalid value for '--processes'"),
        (['--quick', '--rate', '5'], '--quick and --rate exclude each other: use one of them'),
        (['--scenario', 'sessions'], "--scenario 'sessions' is unknown: use one of session, "),
        (['--contenders', ''], "--contenders '' is unknown: use some of flask-sync, "),
        (['--contenders', 'flask-sync,quart'], "--contenders 'quart' is unknown: use some of "),
        (['--rounds', '3'], "No such option '--rounds'"),
        (['--duration', '3'], "No such option '--duration'"),
    ],
)
def test_wrong_options_are_errors(
    invoke_compare: InvokeCompare, options: list[str], message: str
) -> None:
    """A wrong option exits with status 2 and an error that names it, before anything runs."""
    result = invoke_compare('load', *options)

    assert (result.exit_code, result.stdout) == (2, '')
    [line] = [line for line in result.stderr.splitlines() if line.startswith('Error: ')]
    assert line.startswith(f'Error: {message}')
    assert result.stderr.endswith(f'{line}\n')


def test_steps_have_no_scenario(invoke_compare: InvokeCompare, tmp_path: Path) -> None:
    """A user's own steps are the scenario, so another one is an error."""
    result = invoke_compare('load', *shop_options(tmp_path), '--scenario', 'session')

    assert result.exit_code == 2
    assert '--steps and --scenario exclude each other: use one of them' in result.stderr


def test_invalid_output_is_a_one_line_error(invoke_compare: InvokeCompare, tmp_path: Path) -> None:
    """An output folder that cannot be made is refused before anything is measured."""
    (tmp_path / 'file').touch()
    folder = tmp_path / 'file' / 'out'

    result = invoke_compare('load', '--output', folder)

    assert result.exit_code == 2
    assert result.stderr == f'Error: {folder}: {os.strerror(errno.ENOTDIR)}\n'


@pytest.mark.parametrize('package', ['hdrh', 'granian'])
def test_missing_extra_is_a_one_line_error(package: str) -> None:
    """Without a package of the extra the command names the extra to install."""
    arguments = [sys.executable, str(APPS / 'quart_without.py'), package, *LOAD[3:]]

    result = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True)

    assert result.returncode == 2
    assert result.stderr.count('\n') == 1
    assert f"'compare': {install_command('compare')}" in result.stderr


def test_scenario_without_postgres_is_skipped(
    invoke_compare: InvokeCompare, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without PostgreSQL its scenarios are skipped with one line, and the others are measured."""
    monkeypatch.setattr(postgres, 'find_program', lambda _: None)
    monkeypatch.setattr(runner, 'measure_ceiling', lambda _: 50_000.0)
    options = ['--scenario', 'database', '--scenario', 'waiting', '--blocks', '1']

    result = invoke_compare('load', *options, *SHORT_RUN[1:], '--output', tmp_path)

    assert result.exit_code == 0, result.stderr
    reason = 'there is no PostgreSQL: install it (apt-get install postgresql), or use --postgres '
    [line] = [line for line in result.stderr.splitlines() if 'database' in line]
    assert line.startswith(f'database is skipped: {reason}')
    assert f'- `database` was not measured: {reason}' in result.stdout
    results = read(tmp_path / 'results.json')
    assert list(results.skipped) == ['database']
    assert [comparison.scenario for comparison in results.comparisons] == ['waiting']


@needs_full_device
def test_full_standard_error_does_not_stop_the_run(tmp_path: Path) -> None:
    """If the progress cannot be printed, the results are measured and printed."""
    options = [*SHORT_RUN, '--blocks', '1', '--output', str(tmp_path)]
    with Path('/dev/full').open('w') as full:
        result = subprocess.run(
            [*LOAD, *options], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=full, text=True
        )

    assert result.returncode == 0
    assert '| Flask sync ' in result.stdout
    assert read(tmp_path / 'results.json').complete


@dataclass(frozen=True)
class InterruptedRun:
    """A run after Ctrl-C.

    Attributes:
        status: The exit status.
        printed: The standard output.
        terminal: The standard error, which was a terminal.
        processes: The processes that the run had started, with their command lines.
        folder: The output folder.
    """

    status: int
    printed: str
    terminal: str
    processes: dict[int, list[str]]
    folder: Path


@pytest.fixture(scope='module')
def interrupted_run(tmp_path_factory: pytest.TempPathFactory) -> InterruptedRun:
    """Return a run that was interrupted in its second block, with WEB_CONCURRENCY=3."""
    folder = tmp_path_factory.mktemp('load')
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*LOAD, *SHORT_RUN, '--blocks', '1000', '--output', str(folder)],
        env={**ENVIRONMENT, 'WEB_CONCURRENCY': '3', 'COLUMNS': '80'},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    terminal = b''
    with process, os.fdopen(ours, 'rb', 0) as reader:
        while b'block 2' not in terminal:
            terminal += reader.read(4096)
        children = psutil.Process(process.pid).children(recursive=True)
        processes = {child.pid: child.cmdline() for child in children}
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate()
        try:
            while part := reader.read(4096):
                terminal += part
        except OSError:
            # Linux reports the end of a terminal as an error.
            pass
    return InterruptedRun(process.returncode, printed, terminal.decode(), processes, folder)


def test_ctrl_c_reports_what_was_measured(interrupted_run: InterruptedRun) -> None:
    """Ctrl-C reports the measurements so far, marks them incomplete and leaves no process."""
    assert interrupted_run.status == 128 + signal.SIGINT
    assert 'Traceback' not in interrupted_run.terminal
    assert 'The run was interrupted after ' in interrupted_run.printed
    assert f'Report: {interrupted_run.folder}/report.html\n' in interrupted_run.printed
    results = read(interrupted_run.folder / 'results.json')
    assert not results.complete
    [comparison] = results.comparisons
    assert [item.name for item in comparison.contenders] == ['flask-sync', 'flask-gevent']
    assert all(item.samples for item in comparison.contenders)
    assert interrupted_run.processes
    wait_until_gone(interrupted_run.processes)


def test_terminal_shows_the_progress(interrupted_run: InterruptedRun) -> None:
    """In a terminal a line shows what is measured, and fits in the terminal."""
    lines = interrupted_run.terminal.replace('\n', '\r').split('\r')

    assert 'session, 2 users, block 1, about ' in interrupted_run.terminal
    assert max(map(len, lines)) <= 80


def test_web_concurrency_has_no_effect(interrupted_run: InterruptedRun) -> None:
    """Each gunicorn has one worker beside its first process, in spite of WEB_CONCURRENCY."""
    gunicorns = [line for line in interrupted_run.processes.values() if 'gunicorn' in line]

    assert len(gunicorns) == 4


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
    seen: list[psutil.Process] = []

    def has_started() -> bool:
        assert process.poll() is None
        seen[:] = psutil.Process(process.pid).children(recursive=True)
        return bool(seen)

    with process:
        wait_until(has_started)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()

    assert process.returncode == 128 + signal.SIGINT
    assert errors == ''
    wait_until_gone(child.pid for child in seen)
