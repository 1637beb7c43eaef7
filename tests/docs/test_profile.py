"""The scripts in docs/benchmarks/profile, and the results that they printed."""

import shutil
import subprocess
import sys
from types import ModuleType

import pytest

from tests.conftest import ROOT
from tests.docs.markdown import read

FOLDER = ROOT / 'docs/benchmarks/profile'
sys.path.insert(0, str(FOLDER))

import profile_servers  # noqa: E402
import stacks  # noqa: E402
import startup  # noqa: E402
import upstream  # noqa: E402
import upstream_changes  # noqa: E402

# As py-spy 0.4.3 records them: the first frame is a process.
SITE = '/app/quart_session_demo/.venv/lib/python3.11/site-packages'
PACKAGE = '/app/quart_session_demo/quart_session_demo'
FRAMES = {
    'server': f'TaskGroup._handle ({SITE}/hypercorn/asyncio/task_group.py:20)',
    'h11': f'Connection.send ({SITE}/h11/_connection.py:506)',
    'loop': 'Runner.run (/usr/lib/python3.11/asyncio/runners.py:86)',
    'starter': f'OpenRequests.__call__ ({PACKAGE}/serve/open_requests.py:60)',
    'middleware': f'HealthMiddleware.__call__ ({PACKAGE}/middleware/health.py:46)',
    'quart': f'Quart.full_dispatch_request ({SITE}/quart/app.py:1521)',
    'session': f'load_session ({PACKAGE}/sessions/cookie_reading.py:20)',
    'signer': f'Signer.unsign ({SITE}/itsdangerous/signer.py:247)',
    'hmac': 'HMAC.digest (/usr/lib/python3.11/hmac.py:150)',
    'lesson': f'get_session ({PACKAGE}/lesson.py:26)',
    'escape': f'LocalProxy.__getattr__ ({SITE}/werkzeug/local.py:311)',
    'thread': 'Thread._bootstrap (/usr/lib/python3.11/threading.py:988)',
    'wait': 'Condition.wait (/usr/lib/python3.11/threading.py:295)',
}


def sample(*names: str, count: int = 1) -> str:
    frames = ';'.join(FRAMES[name] for name in names)
    return f'process 7:"python -m hypercorn app:app";{frames} {count}\n'


def only_stack(*names: str) -> tuple[stacks.Frame, ...]:
    [stack] = stacks.read_samples([sample(*names)])
    return stack


@pytest.mark.parametrize(
    ('name', 'owner'),
    [
        ('server', stacks.SERVER),
        ('h11', stacks.SERVER),
        ('loop', stacks.LOOP),
        ('starter', stacks.STARTER),
        ('middleware', stacks.MIDDLEWARE),
        ('quart', stacks.FRAMEWORK),
        ('session', stacks.SESSION),
        ('signer', stacks.OTHER),
        ('hmac', stacks.PYTHON),
        ('lesson', stacks.HANDLER),
    ],
)
def test_running_function_has_an_owner(name: str, owner: str) -> None:
    """A sample counts for whoever's function runs."""
    assert stacks.running(only_stack('loop', name)) == owner


@pytest.mark.parametrize(
    ('names', 'function'),
    [
        (('loop', 'server'), None),
        (('server', 'middleware'), 'HealthMiddleware.__call__'),
        (('server', 'middleware', 'hmac'), 'HealthMiddleware.__call__'),
        (('server', 'starter', 'middleware'), 'HealthMiddleware.__call__'),
        (('server', 'starter', 'middleware', 'quart'), None),
        (('quart', 'middleware', 'server', 'h11'), None),
        (('quart', 'session', 'signer', 'hmac'), 'load_session'),
        (('server', 'middleware', 'quart', 'session', 'quart'), 'load_session'),
        (('server', 'middleware', 'quart', 'lesson', 'escape'), None),
        (('quart', 'lesson', 'session'), 'load_session'),
    ],
    ids=str,
)
def test_only_our_own_work_is_ours(names: tuple[str, ...], function: str | None) -> None:
    """What a session calls is ours; what middleware wraps, and a handler's work, is not."""
    frame = stacks.responsible(only_stack(*names))

    assert (frame and frame.function) == function


def test_waiting_threads_do_not_count() -> None:
    """Only samples of the thread that serves requests are counted, as often as they were seen."""
    lines = [
        sample('loop', 'quart', count=3),
        sample('loop', 'quart', 'session', count=2),
        sample('thread', 'starter', count=9),
        sample('server', 'wait', count=9),
        'process 7:"python -m hypercorn app:app" 5\n',
    ]

    assert sorted(stacks.read_samples(lines).values()) == [2, 3]


def cells(text: str) -> list[list[str]]:
    """Return the cells of all tables in a text, their heads included."""
    lines = [line for line in text.splitlines() if line.startswith('| ') and '| ---' not in line]
    return [[cell.strip() for cell in line[1:-1].split('|')] for line in lines]


def stored(name: str) -> list[list[str]]:
    """Return the cells of the tables in a result of the repository."""
    return cells(read(f'docs/benchmarks/profile/{name}.md'))


def test_start_is_measured() -> None:
    """The start of a server takes time and memory, and the stored table has these rows."""
    start = startup.measure(startup.BARE)
    table = startup.table({app: [start] * 2 for app in (startup.BARE, startup.DEMO)})

    assert start.wall > 0
    assert start.cpu > 0
    assert start.rss > start.uss > 10
    assert {row[-1] for row in table.rows} == {'1.000'}
    head, *rows = stored('startup')
    assert head == list(table.header)
    assert [row[0] for row in rows] == [row[0] for row in table.rows]


@pytest.mark.parametrize(
    ('script', 'option'),
    [(startup, '--rounds=1'), (upstream, '--blocks=1')],
    ids=['startup', 'upstream'],
)
def test_too_few_measurements_are_an_error(
    script: ModuleType,
    option: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A number of measurements that has no quartiles is reported before a server starts."""
    monkeypatch.setattr(sys, 'argv', ['script', option])

    with pytest.raises(SystemExit):
        script.main()

    assert 'must be at least 2' in capsys.readouterr().err


def test_changes_of_other_packages_serve_the_scenario() -> None:
    """With all changes each response of the load is correct, and the stored table has them all."""
    script = FOLDER / 'upstream.py'
    options = ('--change=all', '--users=2', '--blocks=2', '--slice=0.1')

    result = subprocess.run(
        [sys.executable, script, *options], capture_output=True, text=True, cwd=ROOT
    )

    assert result.returncode == 0, result.stderr
    head, *rows = stored('upstream')
    assert head == cells(result.stdout)[0]
    changes = upstream_changes.CHANGES.values()
    assert [row[2] for row in rows] == [change.description for change in changes]


def test_missing_py_spy_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without py-spy the script starts no server, and reports how to install it."""
    monkeypatch.setattr(shutil, 'which', lambda *_, **__: None)
    monkeypatch.setattr(sys, 'argv', ['profile_servers.py'])
    monkeypatch.setattr(profile_servers, 'record', pytest.fail)

    with pytest.raises(SystemExit, match=r'^py-spy is missing: pip install py-spy$'):
        profile_servers.main()


def test_profile_tables_are_those_of_the_stored_result() -> None:
    """The tables that the script makes of samples have the columns of the stored ones."""
    samples = stacks.read_samples([sample('loop', 'quart'), sample('quart', 'session', count=3)])
    profiles = dict.fromkeys(
        ('Quart on Hypercorn', 'Quart on uvicorn', 'Quart on Granian'), samples
    )
    tables = (
        profile_servers.by_function_that_runs(profiles),
        profile_servers.ours(profiles),
        profile_servers.our_functions(profiles),
    )

    assert tables[1].rows[0] == ['Quart on Hypercorn', '75.0 %', '0.0 %', '0.0 %', '75.0 %']
    for table in tables:
        assert list(table.header) in stored('servers')
