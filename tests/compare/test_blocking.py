"""`quart compare blocking`: which lines it names, and which not."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from quart import Blueprint, Quart
from quart.views import MethodView

from quart_session_demo.compare.blocking.attribution import find_blocks
from quart_session_demo.compare.blocking.clocks import Reading
from quart_session_demo.compare.blocking.places import Place, is_own_file
from quart_session_demo.compare.blocking.sync_handlers import count_sync_functions, count_views
from quart_session_demo.compare.blocking.watchdog import (
    TICK_SECONDS,
    LoopCallback,
    Sample,
    blocked_seconds,
)
from quart_session_demo.compare.harness.servers import EXECUTOR_THREADS
from tests.compare.conftest import (
    APPS,
    COMPARE,
    InvokeCompare,
    RunCompare,
    WriteSteps,
    compare_environment,
)
from tests.conftest import ROOT
from tests.processes import wait_until_gone

APP = ('--async', 'blocking_app:app')
STEPS = APPS / 'blocking.toml'
TEMPLATE = APPS / 'templates' / 'blocking.html'

Run = tuple[subprocess.CompletedProcess[str], Any]


def planted(file: Path) -> set[tuple[str, str, int]]:
    """Return the route, the file and the line of each comment `blocks: ROUTE`."""
    lines = enumerate(file.read_text('utf-8').splitlines(), 1)
    marks = ((number, re.search(r'# blocks: (.*?)( #\})?$', line)) for number, line in lines)
    return {(mark[1], str(file), number) for number, mark in marks if mark}


PLANTED = planted(APPS / 'blocking_app.py') | planted(TEMPLATE)


@pytest.fixture(scope='module')
def blocking_run(run_compare: RunCompare) -> Run:
    """Run all steps of blocking_app.py; return the process and the JSON.

    The thread that takes the samples may miss a line. So this repeats such a run, at most twice.
    """
    for _ in range(3):
        result = run_compare('blocking', *APP, '--steps', STEPS, '--json')
        content = json.loads(result.stdout)
        if found(content) >= PLANTED and found(content, own=False):
            break
    return result, content


def found(content: Any, *, own: bool = True) -> set[tuple[str, str, int]]:
    return {
        (line['route'], str(Path(line['file']).resolve()), line['line'])
        for line in content['blocking']
        if line['own'] == own
    }


def test_every_blocking_line_is_named(blocking_run: Run) -> None:
    """Each line that blocks is named with its route, whichever kind of function it is in."""
    result, content = blocking_run

    assert len(PLANTED) > 25
    assert PLANTED - found(content) == set()
    assert result.returncode == 1


def test_nothing_else_is_named(blocking_run: Run) -> None:
    """Neither `run_sync`, sync views, awaited waits, nor blocks below the limit are reported."""
    _, content = blocking_run
    routes = {step['request'] for step in content['steps'] if step['status'] == 200}

    assert len([route for route in routes if '/fine/' in route]) > 10
    assert found(content) - PLANTED == set()


def test_block_without_own_line_names_the_library(blocking_run: Run) -> None:
    """If the app's own code does not run, the line of the library is named as such."""
    _, content = blocking_run

    assert 'GET /encoded' in {route for route, _, _ in found(content, own=False)}
    assert 'GET /encoded' not in {route for route, _, _ in found(content)}


def test_report_warns_of_sync_handlers(blocking_run: Run) -> None:
    """The report counts the handlers that run in threads, and names the number of threads."""
    result, content = blocking_run

    assert content['handlers'] == {'views': 42, 'sync_views': 2, 'sync_functions': 2}
    assert content['threads'] == EXECUTOR_THREADS
    assert result.stderr.startswith(
        'Warning: 2 of 42 views and 2 functions around views are not `async`. Quart runs them in '
        f'threads, at most {EXECUTOR_THREADS} at once on this machine'
    )


def test_blocks_of_a_line_are_counted(
    invoke_compare: InvokeCompare, write_steps: WriteSteps
) -> None:
    """A line that blocks for several requests of a route is one line, with the longest block."""
    steps = write_steps(
        ''.join(f"[[step]]\nname = '{n}'\npath = '/sleep/{n}'\n" for n in range(3))
        + "[[step]]\nname = 'restart'\nrestart = { GREETING = 'again' }\n"
        + "[[step]]\nname = 'last'\npath = '/sleep/4'\n"
    )

    result = invoke_compare('blocking', *APP, '--steps', steps, '--json')

    content = json.loads(result.stdout)
    lines = {line['route']: line for line in content['blocking']}
    assert lines.keys() == {'startup', 'shutdown', 'GET /sleep/<int:number>'}
    line = lines['GET /sleep/<int:number>']
    assert line['count'] == len(line['ms']) == 4
    assert line['longest_ms'] == max(line['ms'])
    # The line sleeps 600 ms. On a busy machine, not all of it can be seen.
    assert line['longest_ms'] > 100
    assert line['code'].startswith('time.sleep(2 * SECONDS)')
    assert lines['startup']['count'] == lines['shutdown']['count'] == 2


def test_longer_limit_reports_nothing(
    invoke_compare: InvokeCompare, write_steps: WriteSteps
) -> None:
    """With a limit above all blocks, the status is 0 and the summary counts no line."""
    steps = write_steps("[[step]]\nname = 'one'\npath = '/sleep/1'\n")

    result = invoke_compare('blocking', *APP, '--steps', steps, '--limit', '9000')

    assert result.exit_code == 0
    assert '1 step: no line blocked the event loop for more than 9000 ms.' in result.stdout


def test_lesson_does_not_block(invoke_compare: InvokeCompare) -> None:
    """Without options the command runs the lesson's steps, and the lesson blocks nowhere."""
    result = invoke_compare('blocking', '--limit', '1000')

    assert result.exit_code == 0, result.output
    assert '71 steps: no line blocked' in result.stdout


def test_failing_steps_are_a_hint(invoke_compare: InvokeCompare, write_steps: WriteSteps) -> None:
    """Steps at which the app fails are named, because their handlers did not run to the end."""
    steps = write_steps("[[step]]\nname = 'wrong'\npath = '/raises'\n")

    result = invoke_compare('blocking', '--async', 'blocking_app:app', '--steps', steps)

    assert "Hint: the app fails at 1 step, first at 'wrong' (status 500)" in result.stdout


def test_missing_capture_stops_the_run(
    invoke_compare: InvokeCompare, write_steps: WriteSteps
) -> None:
    """A capture that finds nothing ends the run with status 2, after the report so far."""
    steps = write_steps(
        "[[step]]\nname = 'one'\npath = '/sleep/1'\ncapture = { token = '(token)' }\n"
        "[[step]]\nname = 'two'\npath = '/$token'\n"
    )

    result = invoke_compare('blocking', *APP, '--steps', steps)

    assert result.exit_code == 2
    assert "Error: step 'one': capture 'token' is not found in the response" in result.stderr
    assert 'GET /sleep/<int:number>' in result.stdout
    assert 'stopped after 1 of 2 steps' in result.stdout


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--async', 'a:b'], '--async and --steps need each other'),
        (['--async', 'app.py', '--steps', 'x.toml'], 'such as app:app'),
        (['--limit', 'nan'], '--limit is nan: use 10 to 10,000 milliseconds'),
        ([*APP, '--steps', 'no.toml'], 'no.toml: No such file'),
        (['--async', 'no_such_module:app', '--steps', str(STEPS)], 'Quart did not start'),
        (['--async', 'blocking_app:price', '--steps', str(STEPS)], 'price is not an ASGI app'),
    ],
)
def test_wrong_arguments_are_status_2(
    invoke_compare: InvokeCompare, arguments: list[str], message: str
) -> None:
    """What cannot run is status 2, with what to do."""
    result = invoke_compare('blocking', *arguments)

    assert result.exit_code == 2
    assert message in ' '.join(result.stderr.split())


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_the_server(write_steps: WriteSteps, tmp_path: Path, number: int) -> None:
    """A signal ends the command with the lines so far, and its server is not left."""
    steps = write_steps(
        "[[step]]\nname = 'one'\npath = '/sleep/1'\n"
        "[[step]]\nname = 'pid'\npath = '/pid'\n"
        "[[step]]\nname = 'late'\npath = '/sleep/2'\nwait = 60\n"
    )
    pid = tmp_path / 'pid'
    process = subprocess.Popen(
        [*COMPARE, 'blocking', *APP, '--steps', steps, '--json'],
        env=compare_environment(PID_FILE=str(pid)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        while not (pid.exists() and pid.read_text()):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        output, errors = process.communicate()

    assert process.returncode == 128 + number
    assert errors.splitlines()[-1].startswith('stopped after ')
    content = json.loads(output)
    assert content['error'] == f'stopped by {signal.Signals(number).name}'
    assert 'GET /sleep/<int:number>' in {line['route'] for line in content['blocking']}
    wait_until_gone([int(pid.read_text())])


def test_documented_example_prints_the_documented_lines(
    tmp_path: Path, invoke_compare: InvokeCompare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example of docs/comparison.md names the lines that the page shows."""
    page = (ROOT / 'docs' / 'comparison.md').read_text('utf-8')
    for text in re.findall(r'```\w+\n(# slow_shop\.\S+\n.*?)```', page, re.DOTALL):
        (tmp_path / text.split()[1]).write_text(text, 'utf-8')
    monkeypatch.chdir(tmp_path)
    arguments = ('--async', 'slow_shop:app', '--steps', 'slow_shop.toml')
    assert ' '.join(arguments) in page

    # A fast machine needs less than 50 ms for the hash.
    result = invoke_compare('blocking', *arguments, '--limit', '15')

    shown = page.partition('it prints, in a pipe:')[2].partition('\n[')[0]
    assert len(rows(shown)) == 2
    assert rows(result.stdout) == rows(shown)
    assert result.exit_code == 1


def rows(text: str) -> list[list[str]]:
    """Return the cells of the example's lines that blocked, without the milliseconds."""
    lines = [line for line in text.splitlines() if re.match(r'\| \d+ ms.* slow_shop', line)]
    return sorted([cell.strip() for cell in line.split('|')[2:]] for line in lines)


def test_documented_tool_finds_more() -> None:
    """The stored results have all lines of the test's app, and this tool finds each of them."""
    results = (ROOT / 'docs' / 'benchmarks' / 'blocking' / 'results.md').read_text('utf-8')
    page = (ROOT / 'docs' / 'comparison.md').read_text('utf-8')
    routes = re.findall(r'^\| `(.+?)`: ', results, re.MULTILINE)
    [(ours, others)] = re.findall(r'^\| found +\| (\d+) +\| (\d+) ', results, re.MULTILINE)

    assert sorted(routes) == sorted(route for route, _, _ in PLANTED)
    assert int(ours) == len(PLANTED) > int(others)
    assert f'fewer of the {ours} lines' in page


A, B, C, X = (Place('app.py', line, is_own=line < 4) for line in range(1, 5))


def samples(text: str) -> list[Sample]:
    """Return samples of 20 ms at places that letters name."""
    return [Sample({'A': A, 'B': B, 'C': C, 'X': X}[letter], 0.02, 0.02) for letter in text]


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('AAAA', [(A, 80)]),
        ('AAABBB', [(A, 60), (B, 60)]),
        ('AB', []),
        ('ABABBAB', [(B, 140)]),
        ('AAAABC', [(A, 80)]),
        ('AAAABCB', [(A, 80), (B, 60)]),
        ('ABXX', []),
        ('', []),
    ],
)
def test_time_is_attributed_to_lines(text: str, expected: list[tuple[Place, float]]) -> None:
    """Runs of one line count by themselves; shorter ones count together, as in a loop."""
    blocks = [(place, round(seconds * 1000)) for place, seconds in find_blocks(samples(text), 0.05)]

    assert blocks == expected


def reading(seconds: float, worked: float = 0, waited: float = 0, own_waited: float = 0) -> Reading:
    return Reading(seconds, worked, waited, own_waited)


@pytest.mark.parametrize(
    ('now', 'collecting', 'expected'),
    [
        pytest.param(reading(0.005), 0, 0.005, id='in time'),
        pytest.param(reading(0.1, own_waited=0.095), 0, 0.1, id='watchdog without a processor'),
        pytest.param(reading(0.1, waited=0.08, own_waited=0.095), 0, 0.02, id='both without one'),
        pytest.param(reading(0.005, waited=0.02), 0, -0.015, id='a wait from before'),
        pytest.param(reading(0.1), 0, TICK_SECONDS, id='another thread computes'),
        pytest.param(reading(0.1, worked=0.09), 0, 0.09, id='the loop computes'),
        pytest.param(reading(0.1, worked=0.09), 0.08, 0.01, id='the loop collects garbage'),
    ],
)
def test_only_certain_time_counts(now: Reading, collecting: float, expected: float) -> None:
    """A busy machine, other threads and garbage collection are not what a line blocked."""
    callback = LoopCallback(context=None, started=0)  # type: ignore[arg-type]

    assert blocked_seconds(callback, reading(0), now, collecting) == pytest.approx(expected)


@pytest.mark.parametrize(
    ('seconds', 'expected'),
    [(5, [5, 3, 5]), (-2, [5, 1, 0]), (-10, [5, 0, 0]), (-22, [3, 0, 0]), (-90, [0, 0, 0])],
)
def test_a_wait_shortens_the_samples_before(seconds: float, expected: list[float]) -> None:
    """A wait that was counted when it ended is subtracted from the samples of its time."""
    callback = LoopCallback(context=None, started=0)  # type: ignore[arg-type]

    # Of the 20 seconds of B, 17 were not certain.
    for sample in (Sample(A, 5, 5), Sample(B, 3, 20), Sample(X, seconds, 5)):
        callback.add_sample(sample)

    assert [sample.seconds for sample in callback.samples] == expected


def test_installed_code_is_not_own(tmp_path: Path) -> None:
    """Own code is not the standard library's, nor below a folder of installed packages."""
    environment = tmp_path / '.venv' / 'lib' / 'site-packages' / 'package.py'

    assert is_own_file(str(tmp_path / 'app.py'))
    assert is_own_file(str(APPS / 'blocking_app.py'))
    assert not is_own_file(str(environment))
    assert not is_own_file(json.__file__)
    assert not is_own_file('<frozen importlib._bootstrap>')


def test_sync_handlers_are_counted() -> None:
    """Only functions of the app that are not coroutine functions count, by blueprint or not."""
    app = Quart(__name__)

    class Mixed(MethodView):
        async def get(self) -> str:
            return ''

        def post(self) -> str:
            return ''

    class Async(MethodView):
        async def get(self) -> str:
            return ''

    async def async_view() -> str:
        return ''

    app.add_url_rule('/mixed', view_func=Mixed.as_view('mixed'))
    app.add_url_rule('/async', view_func=Async.as_view('async'))
    app.add_url_rule('/view', 'view', async_view)
    app.add_url_rule('/sync', 'sync', lambda: '')
    app.before_request(lambda: None)
    app.teardown_appcontext(lambda _: None)
    app.errorhandler(404)(lambda _: '')
    blueprint = Blueprint('blueprint', __name__)
    blueprint.after_request(lambda response: response)
    app.register_blueprint(blueprint)

    assert count_views(app) == (4, 2)
    assert count_sync_functions(app) == 4
