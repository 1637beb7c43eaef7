"""The load comparison: the real thing, briefly, and what it does when something goes wrong."""

import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from quart_session_demo import create_app
from quart_session_demo.compare.harness.client import SimulatedUser, make_client
from quart_session_demo.compare.harness.servers import ServerCommand, run_servers
from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.load import output as report
from quart_session_demo.compare.load import run as command
from quart_session_demo.compare.load.results import Results, read
from quart_session_demo.compare.load.run import plan_for
from quart_session_demo.compare.load.runner import Measurement, Plan, Turn, measure, turns
from quart_session_demo.compare.load.scenarios import (
    LESSON,
    LONG_WAIT,
    MIXED,
    SESSION,
    WAITING,
    Visit,
    Work,
)
from quart_session_demo.compare.load.targets import (
    QUART,
    Entry,
    Pair,
    entries,
    lesson_environment,
)
from tests.conftest import ROOT
from tests.processes import wait_until_gone

LOAD = [sys.executable, '-m', 'quart', '--app', 'quart_session_demo', 'compare', 'load']
ENVIRONMENT = {
    **os.environ,
    'PYTHONPATH': str(ROOT),
}
# Longer than a visitor of the mixed work pauses.
BRIEFLY = ['--users', '8', '--duration', '0.8', '--rounds', '1']
CONTENDERS = ['Flask sync', 'Flask 8 threads', 'Flask gevent', QUART]

# Answers two requests of one connection right, and the third not at all.
DIES = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    left = 3
    def do_GET(self):
        Handler.left -= 1
        if not Handler.left:
            print('out of memory', flush=True)
            os._exit(7)
        self.send_response(200)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'ok')
http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
"""

# Says what it was sent, and sets a Secure cookie.
ECHO = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_POST(self):
        content = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        names = 'Host', 'Content-Type', 'X-Own', 'Cookie', 'Accept'
        sent = [', '.join(self.headers.get_all(name, [])) for name in names]
        body = ' | '.join(sent).encode('latin-1') + content
        self.send_response(200)
        self.send_header('Set-Cookie', 'a=b; Secure')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST
http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
"""
ECHOED = 'shop | text/plain | 会 | {} | */*a=b'

LATIN = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        body = 'drink: caf\\xe9'.encode('latin-1')
        self.send_response(200)
        self.send_header('Content-Type', 'text/plain; charset=ISO-8859-1')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
"""

SHOP = """
import quart, flask, secrets
sync, port = flask.Flask('sync'), quart.Quart('port')
sync.secret_key = port.secret_key = 'a key'

def form(session, token):
    session['token'] = token
    return f'token={token}'

@sync.get('/form')
def sync_form():
    return form(flask.session, secrets.token_hex(8))

@port.get('/form')
async def port_form():
    return form(quart.session, secrets.token_hex(8))

@sync.post('/buy')
def sync_buy():
    right = flask.request.form['token'] == flask.session.get('token')
    return ('bought', 201) if right else ('forged', 403)

@port.post('/buy')
async def port_buy():
    right = (await quart.request.form)['token'] == quart.session.get('token')
    return ('bought', 201) if right else ('forged', 403)

@sync.get('/bye')
def sync_bye():
    return 'bye'

@port.get('/bye')
async def port_bye():
    return 'good bye'
"""
SHOP_STEPS = """
[[step]]
name = 'form'
path = '/form'
capture = { token = 'token=(.+)' }
ignore = ['body']

[[step]]
name = 'buy'
method = 'POST'
path = '/buy'
form = { token = '$token' }

[[step]]
name = 'forge'
visitor = 'a forger'
method = 'POST'
path = '/buy'
form = { token = '' }

[[step]]
name = 'bye'
path = '/bye'
"""


def load(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LOAD, *arguments], env=ENVIRONMENT | environment, capture_output=True, text=True
    )


def load_shop(
    folder: Path, *arguments: str | Path, steps: str = SHOP_STEPS, port: str = 'port'
) -> subprocess.CompletedProcess[str]:
    """Run a pair of apps of one's own, by their steps, which are written into a folder."""
    (folder / 'shop.py').write_text(SHOP, 'utf-8')
    steps_file = folder / 'shop.toml'
    steps_file.write_text(steps, 'utf-8')
    return load(
        *('--sync', 'shop:sync', '--async', f'shop:{port}', '--steps', steps_file, *arguments),
        PYTHONPATH=f'{ROOT}{os.pathsep}{folder}',
    )


@pytest.fixture(scope='module')
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Measure everything once; return what was printed, and the folder that was written."""
    folder = tmp_path_factory.mktemp('load')
    result = load(*BRIEFLY, '--output', folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout, folder


@pytest.fixture
def results(run: tuple[str, Path]) -> Results:
    return read(run[1] / 'results.json')


def requests_per_second(results: Results, work: Work) -> dict[str, float]:
    return {
        item.contender: item.window.requests_per_second
        for item in results.measurements
        if item.work == work.name and item.window
    }


def test_load_measures_every_contender_at_every_work(results: Results) -> None:
    for work in LESSON:
        assert list(requests_per_second(results, work)) == CONTENDERS
    for item in results.measurements:
        assert item.window
        assert item.window.requests_per_second > 0
        assert item.window.failures == {}
        assert item.window.cpu_ms is not None
        # The system counts in hundredths of a second: of a few requests that wait it may see none.
        assert item.window.cpu_ms > 0 or item.work != SESSION.name
        assert item.window.cpu_ms >= 0
        assert 0 < item.window.generator_busy < 2
        # Python alone takes more than 5 MB.
        assert item.window.peak_memory > 5e6
        assert item.rest_memory is not None
        assert item.rest_memory > 5e6
        assert item.start_seconds is not None
        assert item.start_seconds > 0.05


def test_waiting_is_bounded_by_the_threads(results: Results) -> None:
    waiting = requests_per_second(results, WAITING)

    # One at once ÷ 0.1 s, and one more that began before the time did.
    assert waiting['Flask sync'] <= 10 + 1 / 0.8
    assert waiting[QUART] > waiting['Flask sync']
    assert waiting['Flask 8 threads'] > waiting['Flask sync']


def test_waiting_takes_no_less_than_the_wait(results: Results) -> None:
    for item in results.measurements:
        if item.work == WAITING.name and item.window:
            assert item.window.p50 is not None
            assert item.window.p50 >= 100


def test_load_tells_what_it_ran_on(results: Results) -> None:
    assert results.complete
    assert results.settings['users'] == '8'
    assert {'quart', 'flask', 'gunicorn', 'hypercorn', 'locust'} <= set(results.versions)
    assert results.machine['processors']


def test_load_prints_tables_and_a_verdict_for_each_work(run: tuple[str, Path]) -> None:
    printed, _ = run

    for work in LESSON:
        assert f'{work.name}: {work.text}' in printed
        assert f'- {work.name}, 8 users: ' in printed
    assert 'One round tells nothing about chance' in printed


def test_load_writes_page_and_charts(run: tuple[str, Path]) -> None:
    _, folder = run

    charts = [f'{work.name}.svg' for work in LESSON]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*charts, 'report.html', 'results.json']
    )


def test_quart_is_served_as_in_the_procfile() -> None:
    procfile = (ROOT / 'Procfile').read_text('utf-8')
    [web] = [line for line in procfile.splitlines() if line.startswith('web:')]
    variables, _, deployed = web.partition('hypercorn ')
    quart = entries(Pair(), 8)[-1].contender

    assert quart.name == QUART
    [(name, value)] = re.findall(r'(\w+)=(\w+)', variables)
    assert quart.environment[name] == value
    assert options(quart.command[3:]) == options(shlex.split(deployed))


def options(arguments: tuple[str, ...] | list[str]) -> dict[str, str]:
    """Return Hypercorn's options, all of which take a value, but for the address."""
    pairs = dict(pairwise(arguments))
    return {
        name: value for name, value in pairs.items() if name.startswith('--') and name != '--bind'
    }


def test_flask_is_measured_without_quart_and_with_the_same_settings() -> None:
    code = (
        'import json, sys\n'
        'from sync_app import app\n'
        'lifetime = {"PERMANENT_SESSION_LIFETIME": app.permanent_session_lifetime}\n'
        'print(json.dumps(["quart" in sys.modules, app.config | lifetime], default=str))'
    )
    environment = lesson_environment()
    config = create_app({'PRODUCTION': True, 'SECRET_KEY': environment['QUART_SECRET_KEY']}).config

    result = subprocess.run(
        [sys.executable, '-c', code], env=environment, capture_output=True, text=True, check=True
    )

    loads_quart, flasks = json.loads(result.stdout)
    assert not loads_quart
    names = [name for name in flasks if name == 'SECRET_KEY' or 'SESSION' in name]
    assert len(names) >= 10
    assert flasks == flasks | json.loads(
        json.dumps({name: config[name] for name in names}, default=str)
    )


def test_threads_are_as_many_as_users() -> None:
    assert [entry.at_once for entry in entries(Pair(), 256)] == [1, 8, 256, None, None]
    assert [entry.at_once for entry in entries(Pair(), 1)] == [1, 1, 8, None, None]
    assert [entry.at_once for entry in entries(Pair(), 8)] == [1, 8, None, None]


def test_contenders_take_turns_within_a_round() -> None:
    plan = Plan(Pair(), (SESSION, WAITING), (8,), duration=1, rounds=2)

    order = [(turn.round, turn.work.name, turn.entry.contender.name) for turn in turns(plan)]

    rotated = [*CONTENDERS[1:], CONTENDERS[0]]
    assert order == [
        *[(1, work, name) for work in ('session', 'waiting') for name in CONTENDERS],
        *[(2, work, name) for work in ('session', 'waiting') for name in rotated],
    ]


def test_mixed_counts_the_quick_reads_alone() -> None:
    [*_, quart] = entries(Pair(), 10)

    window = measure(Turn(1, MIXED, 10, quart), duration=1).window

    assert window
    assert window.failures == {}
    # Nine visitors with half a second between their reads, begun and ended within the second.
    assert 0 < window.requests_per_second <= 9 * 3
    assert window.p50 is not None
    assert window.p50 < LONG_WAIT * 1000


def measured(code: str, *visits: Visit) -> Measurement:
    contender = ServerCommand('Made up', (sys.executable, '-c', code, '{port}'))
    work = Work('made up', '', visits)
    return measure(Turn(1, work, 2, Entry(contender, None)), duration=1)


def test_wrong_replies_are_failures_and_not_counted() -> None:
    lasting = DIES.replace('left = 3', 'left = -1')

    window = measured(lasting, Visit(Step(name='hello', path='/'), body='hello')).window

    assert window
    assert window.requests_per_second == 0
    assert list(window.failures) == ['hello: not the reply that was expected']
    assert window.failures['hello: not the reply that was expected'] >= 2


def test_users_send_what_visitors_send() -> None:
    headers = {'host': 'shop', 'content-type': 'text/plain', 'X-Own': '会'}
    step = Step('steps', '/', method='POST', headers=headers, form={'a': 'b'})
    first, sent = Visit(step, body=ECHOED.format('')), Visit(step, body=ECHOED.format('a=b'))

    window = measured(ECHO, first, sent).window

    assert window
    assert window.failures == {}
    assert window.requests_per_second > 0


def test_users_send_the_json_that_visitors_send() -> None:
    step = Step('json', '/', method='POST', json={'list': [1, 'two 会'], 'none': None})
    cookie, visitor = Step('cookie', '/'), SimulatedUser()
    echo = ServerCommand('Made up', (sys.executable, '-c', ECHO, '{port}'))
    with run_servers(echo) as [server], make_client() as client:
        visitor.send(client, server.url, cookie)
        quiet = visitor.send(client, server.url, step).body

    window = measured(ECHO, Visit(cookie), Visit(step, body=quiet)).window

    assert window
    assert quiet.endswith('{"list":[1,"two 会"],"none":null}')
    assert list(window.failures) == []


def test_capture_reads_the_charset_of_the_reply() -> None:
    finds = Step('finds', '/', capture={'drink': r'drink: (\w+)'})
    uses = Step('uses', '/$drink')

    window = measured(LATIN, Visit(finds), Visit(uses)).window

    assert window
    assert window.failures == {}


def test_capture_that_finds_nothing_is_a_failure() -> None:
    finds = Step('finds', '/', capture={'t': 'Host: (nowhere)'})
    uses = Step('uses', '/$t')

    window = measured(ECHO, Visit(finds), Visit(uses)).window

    assert window
    assert window.requests_per_second == 0
    assert list(window.failures) == ["finds: capture finds 't' nowhere"]
    assert window.failures["finds: capture finds 't' nowhere"] >= 2


def test_contender_that_dies_is_named_with_the_end_of_its_log() -> None:
    result = measured(DIES, Visit(Step(name='hello', path='/'), body='ok'))

    assert result.window is None
    assert result.rest_memory
    assert result.error
    assert result.error.startswith('Made up died (exit status 7); the end of its log:')
    assert 'out of memory' in result.error


def test_contender_that_does_not_start_is_named() -> None:
    result = measured('raise SystemExit("no such app")', Visit(Step(name='hello', path='/')))

    assert result.window is None
    assert result.error
    assert result.error.startswith('Made up did not start (exit status 1)')


def test_own_apps_are_measured_and_a_wrong_reply_is_shown(tmp_path: Path) -> None:
    result = load_shop(tmp_path, *BRIEFLY, '--output', tmp_path / 'out')

    assert result.returncode == 1, result.stderr
    results = read(tmp_path / 'out/results.json')
    failures = {
        item.contender: list(item.window.failures) for item in results.measurements if item.window
    }
    assert failures.pop(QUART) == ['bye: not the reply that was expected']
    assert failures == {'Flask sync': [], 'Flask 8 threads': [], 'Flask gevent': []}
    assert 'steps, 8 users: nothing to compare: Quart failed' in result.stdout


@pytest.mark.parametrize(
    ('steps', 'said'),
    [
        (
            "[[step]]\nname = 'a'\npath = '/'\n[[step]]\nname = 'again'\nrestart = {}\n",
            "step 'again': under load, only the first step may restart",
        ),
        ("[[step]]\nname = 'a'\n", "step 'a': `path` must start with /"),
        (
            "[[step]]\nname = 'a'\npath = '/'\ncapture = { t = '(?!)(.)' }\n",
            "step 'a': capture finds 't' nowhere",
        ),
    ],
)
def test_steps_that_cannot_be_used_are_one_line(tmp_path: Path, steps: str, said: str) -> None:
    result = load_shop(tmp_path, steps=steps)

    assert result.returncode == 2
    assert result.stderr.count('\n') == 1
    assert said in result.stderr


def test_quart_app_that_does_not_start_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    result = load_shop(tmp_path, port='typo')

    assert result.returncode == 2
    assert result.stdout == ''
    assert result.stderr.startswith('Error: Quart did not start')


def test_lesson_is_measured_without_the_users_own_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('QUART_SESSION_COOKIE_NAME', 'own')
    monkeypatch.setenv('FLASK_TRUSTED_HOSTS', '["example.com"]')

    plan = plan_for(None, None, None, (8,), 1, 1)

    assert plan.pair.environment['FLASK_SESSION_COOKIE_NAME'] == '"__Host-session"'
    assert not [name for name in os.environ if name.startswith(('FLASK_', 'QUART_'))]


def test_run_that_measured_nothing_leaves_the_folder_alone(tmp_path: Path) -> None:
    (tmp_path / 'results.json').write_text('an earlier run', 'utf-8')

    command.run(Plan(Pair(), LESSON, (8,), duration=1, rounds=0), tmp_path)

    assert [path.read_text('utf-8') for path in tmp_path.iterdir()] == ['an earlier run']


def test_second_ctrl_c_waits_for_the_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def show(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        print('all of it')

    monkeypatch.setattr(report, 'show', show)

    with pytest.raises(KeyboardInterrupt):
        command.run(Plan(Pair(), LESSON, (8,), duration=1, rounds=0), None)

    assert 'all of it' in capsys.readouterr().out


def test_report_that_cannot_be_written_is_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(plan: Plan, results: Results) -> None:
        results.measurements.append(Measurement('session', 8, 1, QUART, None, error='died'))

    monkeypatch.setattr(command, '_measure', measure)
    (tmp_path / 'report.html').mkdir()

    with pytest.raises(IsADirectoryError):
        command.run(Plan(Pair(), LESSON, (8,), duration=1, rounds=1), tmp_path)

    assert '| Quart ' in capsys.readouterr().out


def test_half_a_pair_is_refused() -> None:
    result = load('--sync', 'shop:sync')

    assert result.returncode == 2
    assert '--sync, --async and --steps go together' in result.stderr


@pytest.mark.parametrize('duration', ['nan', 'inf', '1e300'])
def test_duration_that_is_no_time_is_one_line(duration: str) -> None:
    result = load('--duration', duration)

    assert result.returncode == 2
    assert result.stderr.startswith('Error: --duration: ')
    assert result.stderr.count('\n') == 1


def test_output_that_cannot_be_made_is_one_line_at_the_start(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    folder = tmp_path / 'file' / 'out'

    result = load('--output', folder)

    assert result.returncode == 2
    assert result.stderr == f'Error: {folder}: {os.strerror(errno.ENOTDIR)}\n'


def test_missing_extra_is_one_line_that_names_it() -> None:
    code = "import sys; sys.modules['locust'] = None; from quart.cli import main; main()"

    result = subprocess.run(
        [sys.executable, '-c', code, *LOAD[3:]], env=ENVIRONMENT, capture_output=True, text=True
    )

    assert result.returncode == 2
    assert result.stderr == (
        "Error: this command needs the extra 'compare': "
        'pip install "quart_session_demo[compare]"\n'
    )


def test_ctrl_c_reports_what_was_measured_and_leaves_no_process(tmp_path: Path) -> None:
    command = [*LOAD, '--users', '8', '--duration', '0.3', '--output', str(tmp_path)]
    process = subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    seen: set[psutil.Process] = set()
    with process:
        # Until the second generator works: one measurement is complete.
        while len([child for child in seen if _is_generator(child)]) < 2:
            assert process.poll() is None
            seen |= set(psutil.Process(process.pid).children(recursive=True))
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate()

    assert process.returncode == 128 + signal.SIGINT
    assert 'Traceback' not in errors
    assert 'Interrupted' in printed
    results = read(tmp_path / 'results.json')
    assert not results.complete
    assert [item.contender for item in results.measurements] == ['Flask sync']
    assert (tmp_path / 'report.html').exists()
    wait_until_gone(child.pid for child in seen)


def test_ctrl_c_before_the_first_measurement_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / 'slow.py').write_text('import time; time.sleep(600)', 'utf-8')
    steps = tmp_path / 'steps.toml'
    steps.write_text(SHOP_STEPS, 'utf-8')
    process = subprocess.Popen(
        [*LOAD, '--sync', 'slow:app', '--async', 'slow:app', '--steps', steps],
        env=ENVIRONMENT | {'PYTHONPATH': f'{ROOT}{os.pathsep}{tmp_path}'},
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


def _is_generator(process: psutil.Process) -> bool:
    if process not in _generators:
        try:
            _generators[process] = any('import locust' in part for part in process.cmdline())
        except psutil.NoSuchProcess:
            return False
    return _generators[process]
