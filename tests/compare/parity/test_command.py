"""`quart compare parity` with your own apps: output, errors and exit status."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.compare.conftest import (
    APPS,
    COMPARE,
    InvokeCompare,
    RunCompare,
    WriteSteps,
    compare_environment,
)
from tests.compare.parity.conftest import ONE_STEP, TEST_APPS, Run, RunParity, with_json
from tests.conftest import ROOT
from tests.processes import wait_until_gone

needs_full_device = pytest.mark.skipif(
    not Path('/dev/full').exists(), reason='needs /dev/full, which Linux has'
)
LONG_NAME = 'a step with a name that is too long for a terminal of only eighty columns'


@pytest.fixture(scope='module')
def piped_run(run_compare: RunCompare, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Compare in a pipe whose encoding has no check mark; return the process and the JSON."""
    steps = tmp_path_factory.mktemp('piped') / 'steps.toml'
    steps.write_text(
        ONE_STEP.replace("'one'", f"'{LONG_NAME}'")
        + "[[step]]\nname = 'start'\nrestart = { GREETING = 'first' }\n"
        "[[step]]\nname = 'one'\npath = '/greeting'\nignore = ['x-port']\n"
        "[[step]]\nname = 'again'\nrestart = {}\n"
        "[[step]]\nname = 'two'\npath = '/greeting'\nignore = ['x-port']\n",
        'utf-8',
    )
    result = run_compare(
        'parity',
        *TEST_APPS,
        '--steps',
        steps,
        '--json',
        PYTHONIOENCODING='latin-1',
        COLUMNS='80',
    )
    return with_json(result)


def test_documented_example_has_no_differences(tmp_path: Path) -> None:
    """The example of docs/comparison.md works as the page shows it."""
    page = (ROOT / 'docs' / 'comparison.md').read_text('utf-8')
    for name, text in re.findall(r'```\w+\n# (shop\S+)\n(.*?)```', page, re.DOTALL):
        (tmp_path / name).write_text(text, 'utf-8')
    arguments = '--sync shop_flask:app --async shop_quart:app --steps shop.toml'
    summary = '4 steps: 4 the same, 0 different on purpose, 0 different.'
    assert arguments in page
    assert summary in page

    result = subprocess.run(
        [*COMPARE, 'parity', *arguments.split()],
        cwd=tmp_path,
        env=compare_environment(),
        capture_output=True,
        text=True,
    )

    assert summary in result.stdout
    assert result.returncode == 0, result.stdout + result.stderr


def test_apps_without_a_shared_key_are_reported(
    invoke_compare: InvokeCompare, write_steps: WriteSteps
) -> None:
    """Apps with different keys are reported first, and their `handover` steps differ."""
    path = write_steps(
        "[[step]]\nname = 'one'\npath = '/count'\n"
        "[[step]]\nname = 'two'\npath = '/count'\nhandover = true\n"
    )

    result = invoke_compare(
        'parity',
        '--sync',
        'parity_apps:sync',
        '--async',
        'parity_apps:other_key',
        '--steps',
        path,
    )

    assert result.stdout.startswith('The two apps do not share a secret key')
    assert 'do not exchange cookies and count as different' in ' '.join(result.stdout.split())
    assert '✓  GET /count  one' in result.stdout
    assert 'handover: ' in result.stdout
    assert '2 steps: 1 the same, 0 different on purpose, 1 different.' in result.stdout
    assert result.exit_code == 1


def test_dead_server_stops_the_run(run_parity: RunParity) -> None:
    """A server that dies is an error, after the results of the steps before."""
    result = run_parity(ONE_STEP + "[[step]]\nname = 'deadly'\npath = '/die'\n", '--json')

    summary = 'stopped after 1 of 2 steps: 1 the same, 0 different on purpose, 0 different.'
    assert '✓  GET /count  one' in result.stderr
    assert summary in result.stderr
    error = "Error: Quart died at step 'deadly' (SIGKILL)"
    assert f'\n{error}' in result.stderr
    assert 'Traceback' not in result.stderr
    assert result.exit_code == 2
    assert json.loads(result.stdout)['error'].startswith(error.removeprefix('Error: '))


def test_app_that_does_not_start_is_an_error(invoke_compare: InvokeCompare) -> None:
    """An app that cannot be imported is one line with the end of the server's log."""
    result = invoke_compare('parity', '--async', 'parity_apps:no_such_app')

    assert result.stderr.startswith(
        'Error: Quart did not start (exit status 1); the end of its log:\n'
    )
    assert 'no_such_app' in result.stderr
    assert result.exit_code == 2


def test_wrong_steps_file_is_one_line(run_parity: RunParity) -> None:
    """A mistake in the steps file ends the command with one line and exit status 2."""
    result = run_parity("[[step]]\nname = 'mistaken'\npth = '/'\n")

    assert result.stderr.count('\n') == 1
    assert "step 'mistaken'" in result.stderr
    assert result.exit_code == 2


def test_wrong_steps_file_prints_no_json(run_parity: RunParity) -> None:
    """A run that does not start prints nothing on standard output."""
    result = run_parity('', '--json')

    assert result.exit_code == 2
    assert result.stdout == ''


def test_json_goes_to_standard_output(run_parity: RunParity) -> None:
    """With `--json` only the JSON is on standard output."""
    result = run_parity(ONE_STEP, '--json')

    assert json.loads(result.stdout)['summary']['same'] == 1
    assert '1 step: 1 the same, 0 different on purpose, 0 different.' in result.stderr
    assert result.exit_code == 0


@needs_full_device
@pytest.mark.parametrize('options', [(), ('--json',)])
def test_full_standard_output_is_one_line(
    write_steps: WriteSteps, options: tuple[str, ...]
) -> None:
    """If standard output cannot be written, the command ends with one line."""
    with Path('/dev/full').open('w') as full:
        result = subprocess.run(
            [*COMPARE, 'parity', *TEST_APPS, '--steps', write_steps(ONE_STEP), *options],
            env=compare_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert f'Error: [Errno 28] {os.strerror(28)}' in result.stderr.splitlines()[-1]
    assert 'Traceback' not in result.stderr
    assert result.returncode == 2


def test_closed_pipe_ends_quietly(write_steps: WriteSteps) -> None:
    """If the reader of standard output has exited, the command ends without a message."""
    reader, writer = os.pipe()
    os.close(reader)

    result = subprocess.run(
        [*COMPARE, 'parity', *TEST_APPS, '--steps', write_steps(ONE_STEP)],
        env=compare_environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)

    assert result.stderr == ''
    assert result.returncode == 2


def test_table_needs_no_unicode(piped_run: Run) -> None:
    """Characters that the encoding does not have are escaped."""
    result, _ = piped_run

    assert r'\u2713  GET /greeting  one' in result.stderr
    # The header, three steps, two restarts, an empty line and the summary.
    assert len(result.stderr.splitlines()) == 8
    assert result.returncode == 0


def test_table_in_a_pipe_is_wide(piped_run: Run) -> None:
    """In a pipe a long name is on one line, also if COLUMNS is small."""
    result, _ = piped_run

    assert f'GET /count     {LONG_NAME}' in result.stderr
    assert '3 steps: 3 the same, 0 different on purpose, 0 different.' in result.stderr


def test_missing_extra_is_named() -> None:
    """Without the extra the command ends with one line that shows how to install it."""
    result = subprocess.run(
        [sys.executable, APPS / 'quart_without.py', 'rich', *COMPARE[3:], 'parity'],
        env=compare_environment(),
        capture_output=True,
        text=True,
    )

    assert result.stderr == (
        "Error: this command needs the extra 'compare': "
        'pip install "quart_session_demo[compare]"\n'
    )
    assert result.returncode == 2


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_the_servers(write_steps: WriteSteps, tmp_path: Path, number: int) -> None:
    """A signal ends the command with the steps so far, and none of its servers is left."""
    pids = tmp_path / 'pids'
    pids.mkdir()
    path = write_steps(
        ONE_STEP + "[[step]]\nname = 'reached'\npath = '/reached'\n"
        "[[step]]\nname = 'late'\npath = '/count'\nwait = 60\n"
    )
    process = subprocess.Popen(
        [*COMPARE, 'parity', *TEST_APPS, '--steps', path, '--json'],
        env=compare_environment(PIDS=str(pids)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        while not (pids / 'reached').exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        output, errors = process.communicate()

    assert process.returncode == 128 + number
    assert re.search('✓  GET /count +one', errors)
    assert re.search('^stopped after [12] of 3 steps: ', errors.splitlines()[-1])
    assert json.loads(output)['error'] == f'stopped by {signal.Signals(number).name}'
    servers = [int(file.name) for file in pids.iterdir() if file.name != 'reached']
    assert len(servers) >= 2
    wait_until_gone(servers)


def test_restart_replaces_the_variables(piped_run: Run) -> None:
    """The variables of a restart last until the next restart."""
    _, report = piped_run

    _, *steps = report['steps']
    bodies = [step[side].get('body') for step in steps for side in ('sync', 'async')]
    assert bodies == ['first', 'first', 'none', 'none']
