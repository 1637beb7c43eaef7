"""`quart compare parity` with your own apps: output, errors and exit status."""

import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quart_session_demo.sessions.extras import install_command
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

PAGE = (ROOT / 'docs' / 'comparison.md').read_text('utf-8')
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


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Return a folder with the files of the example in docs/comparison.md."""
    for name, text in re.findall(r'```\w+\n# (shop\S+)\n(.*?)```', PAGE, re.DOTALL):
        (tmp_path / name).write_text(text, 'utf-8')
    return tmp_path


def compare_example(folder: Path, arguments: str) -> subprocess.CompletedProcess[str]:
    """Compare in the folder of the example, with the arguments in one text."""
    return subprocess.run(
        [*COMPARE, 'parity', *arguments.split()],
        cwd=folder,
        env=compare_environment(),
        capture_output=True,
        text=True,
    )


def test_documented_example_has_no_differences(example: Path) -> None:
    """The example of docs/comparison.md works as the page shows it, and ignores nothing."""
    arguments = '--sync shop_flask:app --async shop_quart:app --steps shop.toml'
    summary = '6 steps: 6 the same, 0 different on purpose, 0 different.'
    assert arguments in PAGE
    assert summary in PAGE
    assert 'ignore' not in (example / 'shop.toml').read_text('utf-8')

    result = compare_example(example, arguments)

    assert summary in result.stdout
    assert result.returncode == 0, result.stdout + result.stderr


async def test_documented_example_escapes_the_cart(
    example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither app of the example shows what a user types as HTML."""
    monkeypatch.setenv('SECRET_KEY', 'a key')
    flask_client, quart_client = (
        runpy.run_path(str(example / name))['app'].test_client()
        for name in ('shop_flask.py', 'shop_quart.py')
    )
    with flask_client.session_transaction() as session:
        session['cart'] = ['<b>']
    async with quart_client.session_transaction() as session:
        session['cart'] = ['<b>']

    assert 'Cart: &lt;b&gt;<form' in flask_client.get('/').text
    assert 'Cart: &lt;b&gt;<form' in await (await quart_client.get('/')).get_data(as_text=True)


def test_example_finds_a_cart_that_is_always_empty(example: Path) -> None:
    """A port whose home page never shows the cart differs, although each page has a token."""
    port = (example / 'shop_quart.py').read_text('utf-8')
    wrong = port.replace("', '.join(session.get('cart', [])) or 'empty'", "'empty'")
    assert wrong != port
    (example / 'shop_empty.py').write_text(wrong, 'utf-8')

    result = compare_example(
        example, '--sync shop_flask:app --async shop_empty:app --steps shop.toml'
    )

    assert 'body: Flask <p>Cart: tea, cake<form' in result.stdout
    assert 'Quart <p>Cart: empty<form' in result.stdout
    assert '6 steps: 4 the same, 0 different on purpose, 2 different.' in result.stdout
    assert result.returncode == 1


def test_documented_recipe_compares_server_sessions(example: Path) -> None:
    """A port with sessions on a server has no difference but the two that the page declares."""
    steps = (example / 'shop.toml').read_text('utf-8')
    [declared] = re.findall(r'```toml\n(\[\[declared\]\]\n.*?)```', PAGE, re.DOTALL)
    assert "fields = ['cookie', 'session']" in declared
    steps = steps.replace('handover = true\n', '') + declared
    (example / 'server.toml').write_text(steps, 'utf-8')

    result = compare_example(
        example, '--sync shop_flask:app --async shop_server:app --steps server.toml --json'
    )

    report = json.loads(result.stdout)
    fields = {item['field'] for step in report['steps'] for item in step['differences']}
    assert fields >= {'cookie.session.value', 'session.csrf_token', 'session.cart'}
    assert {field.partition('.')[0] for field in fields} == {'cookie', 'session'}
    assert report['steps'][2]['async']['body'].startswith('<p>Cart: tea, cake<form')
    assert report['hints'] == []
    assert result.returncode == 0, result.stdout + result.stderr


def test_cookies_with_a_domain_are_stored(run_parity: RunParity) -> None:
    """Sessions in cookies with a Domain continue, also in the other app."""
    steps = "[[step]]\nname = 'start'\nrestart = {{ COOKIE_DOMAIN = '{}' }}\n" + ''.join(
        f"[[step]]\nname = '{name}'\npath = '/count'\nignore = ['x-port']\n{handover}\n"
        for name, handover in (('one', ''), ('two', ''), ('three', 'handover = true'))
    )

    result = run_parity(steps.format('app.localhost'), '--json')

    assert result.exit_code == 0, result.stdout
    *_, last = json.loads(result.stdout)['steps']
    assert last['sync']['body'] == last['async']['body'] == 'count: 3'
    assert last['async']['cookie.session.domain'] == 'app.localhost'


def test_lost_cookies_have_a_hint(run_parity: RunParity) -> None:
    """A cookie that both apps lose is reported once, as their responses may be the same."""
    result = run_parity(
        "[[step]]\nname = 'start'\nrestart = { COOKIE_DOMAIN = 'shop.example' }\n"
        + ONE_STEP
        + ONE_STEP.replace("'one'", "'two'")
        + ONE_STEP.replace("'one'", "'with a host'")
        + "headers = { Host = 'www.shop.example' }\n"
    )

    printed = ' '.join(result.stdout.split())
    hint = (
        "Hint: step 'one': the cookie 'session' is not stored, because its domain 'shop.example' "
        "does not include the host 'app.localhost'; change the domain, or send another Host "
        'header with every step'
    )
    assert printed.count('Hint: ') == 1
    assert hint in printed
    assert result.exit_code == 0


def test_unknown_names_have_a_hint(run_parity: RunParity) -> None:
    """A name that no response has is reported with the closest one, and changes no result."""
    result = run_parity(
        "random = ['coutn']\n"
        + ONE_STEP.replace("['x-port']", "['x-port', 'x-prot', 'session.cuont', 'cookie']")
        + "random = ['session', 'count']\n"
        "[[declared]]\nreason = 'r'\nfields = ['zzz']\n",
        '--json',
    )

    hints = [
        "`random` has 'coutn', which no session and no cookie has; did you mean 'count'?",
        "step 'one': `ignore` has 'x-prot', which no response has; did you mean 'x-port'?",
        "step 'one': `ignore` has 'session.cuont', which no response has; "
        "did you mean 'session.count'?",
        "declared 'r': `fields` has 'zzz', which no response has; correct or remove it",
    ]
    assert json.loads(result.stdout)['hints'] == hints
    printed = ' '.join(result.stderr.split())
    assert all(f'Hint: {hint}' in printed for hint in hints)
    assert result.exit_code == 0


@pytest.mark.parametrize('command', ['parity', 'load'])
@pytest.mark.parametrize('options', [('--sync', 'a:b'), ('--async', 'a:b'), ('--steps', 'x.toml')])
def test_options_of_own_apps_need_each_other(
    invoke_compare: InvokeCompare, command: str, options: tuple[str, ...]
) -> None:
    """One of --sync, --async and --steps alone is an error: no own app meets the lesson."""
    result = invoke_compare(command, *options)

    assert result.exit_code == 2
    assert '--sync, --async and --steps need each other: use all three' in result.stderr


@pytest.mark.parametrize('command', ['parity', 'load'])
@pytest.mark.parametrize(
    ('value', 'hint'),
    [
        ('shop', 'shop:app'),
        ('shop:', 'shop:app'),
        (':app', 'module:app'),
        ('shop.py', 'shop:app'),
        ('./src/shop.py:web', 'src.shop:web'),
    ],
)
@pytest.mark.parametrize('option', ['--sync', '--async'])
def test_missing_app_has_a_hint(
    invoke_compare: InvokeCompare, command: str, option: str, value: str, hint: str
) -> None:
    """An option without the name of an app is one line that shows how to write it."""
    options = {'--sync': 'a:b', '--async': 'a:b', '--steps': 'x.toml'} | {option: value}

    result = invoke_compare(command, *(part for pair in options.items() for part in pair))

    assert result.exit_code == 2
    assert result.stderr == (
        f'Error: {option} is {value!r}, which is not MODULE:APP: write the module and the name of '
        f'the app in it, such as {hint}\n'
    )


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


def test_app_that_does_not_start_is_an_error(
    invoke_compare: InvokeCompare, write_steps: WriteSteps
) -> None:
    """An app that cannot be imported is one line with the end of the server's log."""
    apps = ('--sync', 'parity_apps:sync', '--async', 'parity_apps:no_such_app')

    result = invoke_compare('parity', *apps, '--steps', write_steps(ONE_STEP))

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
        f"Error: this command needs the extra 'compare': {install_command('compare')}\n"
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
