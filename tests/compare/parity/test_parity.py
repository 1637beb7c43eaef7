import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from quart_session_demo.compare.harness.servers import (
    HOST,
    Server,
    ServerCommand,
    ServerError,
    run_servers,
)
from quart_session_demo.compare.harness.steps import LESSON, load
from quart_session_demo.compare.parity import replay as parity
from quart_session_demo.compare.parity.diff import LEFT_OUT
from quart_session_demo.compare.parity.replay import ParityError, replay
from tests.conftest import ROOT
from tests.processes import wait_until_gone

PARITY = [sys.executable, '-m', 'quart', '--app', 'quart_session_demo', 'compare', 'parity']
OWN = ['--sync', 'parity_apps:sync', '--async', 'parity_apps:port']
ENVIRONMENT = {
    **os.environ,
    'PYTHONPATH': str(ROOT / 'tests' / 'apps'),
    'COLUMNS': '200',
}

ONE_STEP = "[[step]]\nname = 'one'\npath = '/count'\nignore = ['x-port']\n"
# A server that starts quickly.
FILES = ServerCommand('Files', (sys.executable, '-m', 'http.server', '--bind', HOST, '{port}'))
needs_full_device = pytest.mark.skipif(not Path('/dev/full').exists(), reason='Linux has it')

FAULTS = """
[[declared]]
reason = 'Our header is better.'
fields = ['cache-control']
steps = ['other headers']

[[declared]]
reason = 'We say who we are.'
fields = ['x-port']

[[step]]
name = 'the same'
path = '/count'

[[step]]
name = 'handed over'
path = '/count'
handover = true

[[step]]
name = 'for another visitor'
visitor = 'another'
path = '/count'

[[step]]
name = 'a changed reply'
path = '/reply'

[[step]]
name = 'a missing route'
path = '/missing'

[[step]]
name = 'another cookie attribute'
path = '/cookie'

[[step]]
name = 'other types'
visitor = 'types'
path = '/types'

[[step]]
name = 'other headers'
path = '/header'

[[step]]
name = 'a form'
visitor = 'poster'
path = '/token'
capture = { token = 'name="csrf_token" value="([^"]+)"' }
ignore = ['body', 'session.csrf_token']

[[step]]
name = 'the form, sent'
visitor = 'poster'
method = 'POST'
path = '/token'
form = { csrf_token = '$token', name = 'a $$ and 你好' }
ignore = ['session.csrf_token']

[[step]]
name = 'json'
method = 'PUT'
path = '/json'
headers = { X-Test = 'sent' }
json = { list = [1, 'two'] }

[[step]]
name = 'a worker that crashes'
path = '/crash'
"""


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PARITY, *arguments],
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def write_steps(folder: Path, text: str) -> Path:
    path = folder / 'steps.toml'
    path.write_text(text, 'utf-8')
    return path


def found(report: dict[str, Any]) -> dict[str, dict[str, tuple[str, str]]]:
    return {
        step['name']: {
            item['field']: (item['sync'], item['async'])
            for item in step['differences']
            if item['on_purpose'] != 'We say who we are.'
        }
        for step in report['steps']
        if not step['same']
    }


@pytest.fixture(scope='module')
def lesson(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    path = tmp_path_factory.mktemp('lesson') / 'results.json'
    # A setting from outside, which the lesson's steps do not need.
    result = run('--verbose', '--json', path, QUART_SESSION_COOKIE_NAME='other')
    return result, json.loads(path.read_text('utf-8'))


@pytest.fixture(scope='module')
def faults(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    folder = tmp_path_factory.mktemp('faults')
    path = folder / 'results.json'
    result = run(*OWN, '--steps', write_steps(folder, FAULTS), '--json', path)
    return result, json.loads(path.read_text('utf-8'))


def test_the_lesson_is_the_same_on_both(
    lesson: tuple[subprocess.CompletedProcess[str], dict[str, Any]],
) -> None:
    result, report = lesson

    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ''
    assert report['share_key'] is True
    assert report['summary']['different'] == 0
    assert report['summary']['steps'] == len(report['steps'])


def test_the_lesson_shows_every_declared_difference_with_its_reason(
    lesson: tuple[subprocess.CompletedProcess[str], dict[str, Any]],
) -> None:
    result, report = lesson
    shown = {item['on_purpose'] for step in report['steps'] for item in step['differences']}

    assert shown == {item.reason for item in load(LESSON).declared}
    printed = ' '.join(result.stdout.split())
    assert printed.count('On purpose') == len(shown)
    assert all(reason in printed for reason in shown)


def test_the_lesson_hands_its_session_over(
    lesson: tuple[subprocess.CompletedProcess[str], dict[str, Any]],
) -> None:
    _, report = lesson
    bodies = {
        step['name'].removeprefix('hand-over: '): (step['sync']['body'], step['async']['body'])
        for step in report['steps']
        if step['name'].startswith('hand-over: ')
    }

    assert bodies == {
        'set': ('设置session成功',) * 2,
        'read and refreshed by the other app': ('zhiliao',) * 2,
        'changed by the other app': ('设置session成功',) * 2,
        'one value deleted by the other app': ('删除session成功...',) * 2,
        'what is left, read by the other app': ('没有session数据',) * 2,
        'set by the other app': ('设置session成功',) * 2,
        'deleted by the other app': ('删除session成功...',) * 2,
    }


def test_verbose_prints_what_is_left_out(
    lesson: tuple[subprocess.CompletedProcess[str], dict[str, Any]],
) -> None:
    result, report = lesson

    assert all(f'{name}: {reason}' in result.stdout for name, reason in LEFT_OUT.items())
    assert report['left_out'] == LEFT_OUT


def test_stock_quart_sessions_are_reported_for_their_vary(tmp_path: Path) -> None:
    path = write_steps(
        tmp_path,
        "[[step]]\nname = 'touched'\npath = '/get_session/'\n"
        "[[step]]\nname = 'untouched'\npath = '/no_such_page/'\n"
        "[[declared]]\nreason = 'security headers'\n"
        "fields = ['content-security-policy', 'referrer-policy', 'x-content-type-options']\n",
    )

    result = run('--async', 'parity_apps:stock', '--steps', path)

    # Quart 0.22 sends Vary never, 0.23 always.
    wrong = ('vary: Flask Cookie, Quart (absent)', 'vary: Flask (absent), Quart Cookie')
    assert any(line in result.stdout for line in wrong)
    assert '2 steps: 1 the same, 0 different on purpose, 1 different.' in result.stdout
    assert result.returncode == 1


def test_faults_are_all_found_and_nothing_else(
    faults: tuple[subprocess.CompletedProcess[str], dict[str, Any]],
) -> None:
    result, report = faults
    differences = found(report)
    no_reply, fine = differences.pop('a worker that crashes')['status']

    assert result.returncode == 1
    assert no_reply.startswith('no reply: ')
    assert fine == '200'
    missing = differences.pop('a missing route')
    assert missing['status'] == ('200', '404')
    assert missing.keys() == {'status', 'body'}
    assert differences == {
        'a changed reply': {
            'body': ('a long reply, ' * 10 + 'which ends', 'a long reply, ' * 10 + 'which differs')
        },
        'another cookie attribute': {'cookie.theme.samesite': ('Lax', 'Strict')},
        'other types': {
            'session.number': ('1', "'1'"),
            'session.flag': ('True', '1'),
            'session.pair': ('(1, 2)', '[1, 2]'),
        },
        'other headers': {
            'etag': ('"1"', '(absent)'),
            'cache-control': ('private', 'no-store'),
        },
    }


def test_faults_are_shown_exactly(
    faults: tuple[subprocess.CompletedProcess[str], dict[str, Any]],
) -> None:
    result, _ = faults
    lines = [' '.join(line.split()) for line in result.stdout.splitlines()]

    assert '✓ GET /count the same' in lines
    assert '✗ GET /missing a missing route' in lines
    assert 'status: Flask 200, Quart 404' in lines
    assert ('body: Flask …a long reply, which ends, Quart …a long reply, which differs') in lines
    assert 'cache-control: Flask private, Quart no-store (2)' in lines
    assert '(2) On purpose: Our header is better.' in lines
    assert '(1) On purpose, at every step (x-port): We say who we are.' in lines
    assert not [line for line in lines if line.startswith('x-port')]
    assert lines[-1] == '12 steps: 6 the same, 0 different on purpose, 6 different.'


def test_a_visitor_goes_on_with_the_other_apps_cookie(
    faults: tuple[subprocess.CompletedProcess[str], dict[str, Any]],
) -> None:
    _, report = faults
    steps = {step['name']: step for step in report['steps']}

    assert steps['handed over']['async']['body'] == 'visits: 2'
    assert steps['for another visitor']['async']['body'] == 'visits: 1'


def test_a_captured_token_and_json_reach_both_apps(
    faults: tuple[subprocess.CompletedProcess[str], dict[str, Any]],
) -> None:
    _, report = faults
    steps = {step['name']: step for step in report['steps']}

    for side in ('sync', 'async'):
        assert steps['the form, sent'][side]['status'] == '200'
        assert steps['the form, sent'][side]['body'] == 'a $ and 你好'
        assert json.loads(steps['json'][side]['body']) == [{'list': [1, 'two']}, 'sent']


def test_the_example_of_the_readme_is_the_same_on_both(tmp_path: Path) -> None:
    readme = (ROOT / 'docs' / 'comparison.md').read_text('utf-8')
    for name, text in re.findall(r'```\w+\n# (shop\S+)\n(.*?)```', readme, re.DOTALL):
        (tmp_path / name).write_text(text, 'utf-8')
    arguments = '--sync shop_flask:app --async shop_quart:app --steps shop.toml'
    summary = '4 steps: 4 the same, 0 different on purpose, 0 different.'
    assert arguments in readme
    assert summary in readme

    result = subprocess.run(
        [*PARITY, *arguments.split()], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True
    )

    assert summary in result.stdout
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_readme_counts_the_steps(
    lesson: tuple[subprocess.CompletedProcess[str], dict[str, Any]],
) -> None:
    _, report = lesson
    readme = (ROOT / 'README.md').read_text('utf-8')

    assert f'the same {report["summary"]["steps"]} steps' in readme
    assert report['summary']['on_purpose'] == 3
    assert 'Nothing differs but three steps' in readme


def test_apps_without_a_shared_key_are_told_so_first(tmp_path: Path) -> None:
    path = write_steps(
        tmp_path,
        "[[step]]\nname = 'one'\npath = '/count'\n"
        "[[step]]\nname = 'two'\npath = '/count'\nhandover = true\n",
    )

    result = run('--sync', 'parity_apps:sync', '--async', 'parity_apps:other_key', '--steps', path)

    assert result.stdout.startswith('The two apps do not share a secret key')
    assert 'Hand-overs are not made and count as different' in result.stdout
    assert '✓  GET /count  one' in result.stdout
    assert 'handover: ' in result.stdout
    assert '2 steps: 1 the same, 0 different on purpose, 1 different.' in result.stdout
    assert result.returncode == 1


def test_a_server_that_dies_is_named_with_what_was_compared_before(tmp_path: Path) -> None:
    path = write_steps(
        tmp_path,
        "[[step]]\nname = 'before'\npath = '/count'\nignore = ['x-port']\n"
        "[[step]]\nname = 'deadly'\npath = '/die'\n",
    )

    result = run(*OWN, '--steps', path, '--json', tmp_path / 'results.json')

    assert '✓  GET /count  before' in result.stdout
    assert (
        'stopped after 1 of 2 steps: 1 the same, 0 different on purpose, 0 different.'
        in result.stdout
    )
    error = "Error: Quart died at step 'deadly' (SIGKILL)"
    assert result.stderr.startswith(error)
    assert 'Traceback' not in result.stderr
    assert result.returncode == 2
    assert json.loads((tmp_path / 'results.json').read_text('utf-8'))['error'].startswith(error[7:])


def test_a_server_that_dies_after_the_last_step_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[Server] = []

    @contextmanager
    def known(*contenders: ServerCommand) -> Iterator[list[Server]]:
        with run_servers(*contenders) as servers:
            started.extend(servers)
            yield servers

    def kill(_: object) -> None:
        started[1].process.kill()
        started[1].process.wait()

    monkeypatch.setattr(parity, 'run_servers', known)
    steps = load(write_steps(tmp_path, "[[step]]\nname = 'last'\npath = '/'\n"))

    with pytest.raises(ServerError, match=r'^Files died after the last step \(SIGKILL\)'):
        replay(steps, FILES, FILES, kill)


def test_a_slow_step_does_not_make_dates_differ(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock = 1_000_000_000

    def reply(_: httpx.Request) -> httpx.Response:
        nonlocal clock
        clock += 10
        return httpx.Response(200, headers={'Expires': formatdate(clock + 60, usegmt=True)})

    monkeypatch.setattr(
        parity, 'time', SimpleNamespace(monotonic=lambda: clock, sleep=lambda seconds: None)
    )
    monkeypatch.setattr(
        parity, 'make_client', lambda: httpx.Client(transport=httpx.MockTransport(reply))
    )
    results: list[parity.Result] = []

    replay(
        load(write_steps(tmp_path, "[[step]]\nname = 'slow'\npath = '/'\n")),
        *(FILES, FILES, results.append),
    )

    [result] = results
    assert result.sync['expires'] != result.async_['expires']
    assert result.differences == ()


def test_an_app_that_does_not_start_is_one_line_and_its_log() -> None:
    result = run('--async', 'parity_apps:no_such_app')

    assert result.stderr.startswith(
        'Error: Quart did not start (exit status 1); the end of its log:\n'
    )
    assert 'no_such_app' in result.stderr
    assert result.returncode == 2


def test_a_capture_that_finds_nothing_names_the_step(tmp_path: Path) -> None:
    path = write_steps(
        tmp_path,
        "[[step]]\nname = 'hopeless'\npath = '/'\ncapture = { token = 'token=(.+)' }\n",
    )

    with pytest.raises(ParityError, match=r"^step 'hopeless': capture finds 'token' in neither"):
        replay(load(path), FILES, FILES, lambda _: None)


def test_a_mistake_in_the_steps_is_one_line(tmp_path: Path) -> None:
    path = write_steps(tmp_path, "[[step]]\nname = 'mistaken'\npth = '/'\n")

    result = run('--steps', path)

    assert result.stderr.count('\n') == 1
    assert "step 'mistaken'" in result.stderr
    assert result.returncode == 2


def test_a_run_that_fails_leaves_the_file_of_an_earlier_one(tmp_path: Path) -> None:
    written = tmp_path / 'results.json'
    written.write_text('earlier', 'utf-8')

    result = run('--steps', write_steps(tmp_path, ''), '--json', written)

    assert result.returncode == 2
    assert written.read_text('utf-8') == 'earlier'


def test_a_file_that_cannot_be_written_is_one_line_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / 'no folder' / 'results.json'

    result = run('--json', path)

    assert result.returncode == 2
    assert result.stdout == ''
    assert result.stderr == f'Error: {path}: {os.strerror(2)}\n'


def test_json_on_standard_output_is_alone_there(tmp_path: Path) -> None:
    result = run(*OWN, '--steps', write_steps(tmp_path, ONE_STEP), '--json', '-')

    assert json.loads(result.stdout)['summary']['same'] == 1
    assert '1 step: 1 the same, 0 different on purpose, 0 different.' in result.stderr
    assert result.returncode == 0


@needs_full_device
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    result = run(*OWN, '--steps', write_steps(tmp_path, ONE_STEP), '--json', '/dev/full')

    assert result.stderr == f"Error: [Errno 28] {os.strerror(28)}: '/dev/full'\n"
    assert result.returncode == 2


@needs_full_device
@pytest.mark.parametrize('options', [(), ('--json', '-')])
def test_a_standard_output_that_takes_nothing_is_one_line(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    steps = write_steps(tmp_path, ONE_STEP)

    with Path('/dev/full').open('w') as full:
        result = subprocess.run(
            [*PARITY, *OWN, '--steps', steps, *options],
            env=ENVIRONMENT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert f'Error: [Errno 28] {os.strerror(28)}' in result.stderr.splitlines()[-1]
    assert 'Traceback' not in result.stderr
    assert result.returncode == 2


def test_a_reader_that_went_away_is_one_line(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    result = subprocess.run(
        [*PARITY, *OWN, '--steps', write_steps(tmp_path, ONE_STEP)],
        env=ENVIRONMENT,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)

    assert result.stderr == f'Error: [Errno 32] {os.strerror(32)}\n'
    assert result.returncode == 2


def test_a_table_needs_no_unicode(tmp_path: Path) -> None:
    result = run(*OWN, '--steps', write_steps(tmp_path, ONE_STEP), PYTHONIOENCODING='latin-1')

    assert r'\u2713  GET /count  one' in result.stdout
    assert result.stderr == ''
    assert result.returncode == 0


def test_a_table_in_a_pipe_has_room(tmp_path: Path) -> None:
    name = 'a step with a name of its own, which is too long for eighty columns, alas'
    path = write_steps(
        tmp_path, f"[[step]]\nname = '{name}'\npath = '/count'\nignore = ['x-port']\n"
    )

    result = run(*OWN, '--steps', path, COLUMNS='80')

    assert f'✓  GET /count  {name}' in result.stdout
    assert '1 step: 1 the same, 0 different on purpose, 0 different.' in result.stdout


def test_without_the_extra_the_command_is_one_line_that_names_it() -> None:
    code = "import sys; sys.modules['rich'] = None; from quart.cli import main; main()"

    result = subprocess.run(
        [sys.executable, '-c', code, *PARITY[3:]], env=ENVIRONMENT, capture_output=True, text=True
    )

    assert result.stderr == (
        "Error: this command needs the extra 'compare': "
        'pip install "quart_session_demo[compare]"\n'
    )
    assert result.returncode == 2


def test_sigterm_leaves_no_server(tmp_path: Path) -> None:
    pids = tmp_path / 'pids'
    pids.mkdir()
    path = write_steps(
        tmp_path,
        "[[step]]\nname = 'reached'\npath = '/reached'\n"
        "[[step]]\nname = 'late'\npath = '/count'\nwait = 60\n",
    )
    process = subprocess.Popen(
        [*PARITY, *OWN, '--steps', path],
        env=ENVIRONMENT | {'PIDS': str(pids)},
        stdout=subprocess.DEVNULL,
    )
    with process:
        while not (pids / 'reached').exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.terminate()

    assert process.returncode == 128 + signal.SIGTERM
    servers = [int(file.name) for file in pids.iterdir() if file.name != 'reached']
    assert len(servers) >= 2
    wait_until_gone(servers)


def test_signal_in_a_request_leaves_no_lock_held(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Transport(httpx.BaseTransport):
        """Takes and gives back a lock as httpx's own does, in more than one step."""

        lock = threading.Lock()

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            self.lock.acquire()
            os.kill(os.getpid(), signal.SIGINT)
            self.lock.release()
            return httpx.Response(200)

        def close(self) -> None:
            assert self.lock.acquire(timeout=60)
            self.lock.release()

    monkeypatch.setattr(parity, 'make_client', lambda: httpx.Client(transport=Transport()))
    steps = load(write_steps(tmp_path, "[[step]]\nname = 'any'\npath = '/'\n"))

    with pytest.raises(KeyboardInterrupt):
        replay(steps, FILES, FILES, lambda result: None)


def test_restart_ends_the_variables_of_the_one_before(tmp_path: Path) -> None:
    path = write_steps(
        tmp_path,
        "[[step]]\nname = 'begin'\nrestart = { GREETING = 'first' }\n"
        "[[step]]\nname = 'one'\npath = '/greeting'\nignore = ['x-port']\n"
        "[[step]]\nname = 'again'\nrestart = {}\n"
        "[[step]]\nname = 'two'\npath = '/greeting'\nignore = ['x-port']\n",
    )

    run(*OWN, '--steps', path, '--json', tmp_path / 'results.json')

    report = json.loads((tmp_path / 'results.json').read_text('utf-8'))
    bodies = [step[side].get('body') for step in report['steps'] for side in ('sync', 'async')]
    assert bodies == ['first', 'first', 'none', 'none']
