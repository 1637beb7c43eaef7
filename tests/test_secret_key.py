"""The generated key: one for all workers and all starts."""

import multiprocessing
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from quart_session_demo import create_app, secret_key
from quart_session_demo.compare.harness.servers import ServerCommand, hypercorn, run_servers
from tests.conftest import ROOT

START = str(ROOT / 'tests/apps/print_key.py')


def copy_package(folder: Path) -> None:
    """Copy the package into a folder, so that it has its own instance folder."""
    shutil.copytree(ROOT / 'quart_session_demo', folder / 'quart_session_demo')


def use_copy(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Make `python` use the package in a folder."""
    patch.chdir(folder)
    patch.setenv('PYTHONDONTWRITEBYTECODE', '1')
    patch.setenv('PYTHONPATH', str(folder))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a copy of the package, in which the test runs."""
    copy_package(tmp_path)
    use_copy(tmp_path, monkeypatch)
    return tmp_path


@dataclass
class FirstStart:
    """The first start in a folder."""

    folder: Path
    key: str
    log: str


@pytest.fixture(scope='module')
def started_once(tmp_path_factory: pytest.TempPathFactory) -> FirstStart:
    """Start the app once in a folder that tests may only read."""
    folder = tmp_path_factory.mktemp('started')
    copy_package(folder)
    with pytest.MonkeyPatch.context() as patch:
        use_copy(folder, patch)
        result = python(START)
    return FirstStart(folder, result.stdout, result.stderr)


@pytest.fixture
def first_start(started_once: FirstStart, monkeypatch: pytest.MonkeyPatch) -> FirstStart:
    """Run the test in the folder of the first start."""
    use_copy(started_once.folder, monkeypatch)
    return started_once


def python(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], input='\n', capture_output=True, text=True, check=check
    )


def test_two_workers_share_the_key(home: Path) -> None:
    """With two workers no request loses its session."""
    two = ServerCommand('two workers', hypercorn('quart_session_demo:app', '--workers', '2'))
    # A new connection for each request: an open one would stay with its worker.
    fresh = httpx.Limits(max_keepalive_connections=0)

    with run_servers(two) as [server], httpx.Client(base_url=server.url, limits=fresh) as client:
        client.get('/')
        texts = [client.get('/get_session/').text for _ in range(200)]

    assert texts == ['zhiliao'] * 200


def test_session_survives_a_restart(home: Path) -> None:
    """A session is valid after a restart."""
    lesson = ServerCommand('Hypercorn', hypercorn('quart_session_demo:app'))

    with run_servers(lesson) as [server]:
        cookies = dict(httpx.get(server.url).cookies)
    with run_servers(lesson) as [server]:
        text = httpx.get(f'{server.url}/get_session/', cookies=cookies).text

    assert text == 'zhiliao'


def create_and_read(folder: Path, rounds: int, barrier: Barrier) -> list[tuple[bool, str]]:
    results = []
    for number in range(rounds):
        path = folder / str(number) / 'secret_key'
        barrier.wait()
        results.append((secret_key._create_key_file(path), secret_key._read_key_file(path)))
    return results


def test_processes_starting_together_share_the_key(tmp_path: Path) -> None:
    """Of four processes that start at once one creates the file, and all read it."""
    four, rounds = 4, 50
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload([__name__])

    with context.Manager() as manager, ProcessPoolExecutor(four, context) as processes:
        barrier = manager.Barrier(four)
        futures = [
            processes.submit(create_and_read, tmp_path, rounds, barrier) for _ in range(four)
        ]
        results = [future.result() for future in futures]

    for number, one_start in enumerate(zip(*results, strict=True)):
        created, keys = zip(*one_start, strict=True)
        assert len(set(keys)) == 1
        assert sum(created) == 1
        assert [path.name for path in (tmp_path / str(number)).iterdir()] == ['secret_key']


def test_key_file_is_readable_by_owner_only(first_start: FirstStart) -> None:
    """The key file has the mode 0600."""
    assert stat.S_IMODE((first_start.folder / 'instance/secret_key').stat().st_mode) == 0o600


def test_first_start_warns_once(first_start: FirstStart) -> None:
    """The start that creates the key warns once, names the remedy and hides the key."""
    assert first_start.log.count('WARNING') == 1
    assert 'QUART_SECRET_KEY' in first_start.log
    assert first_start.key.strip() not in first_start.log


def test_later_start_does_not_warn(first_start: FirstStart) -> None:
    """A later start uses the same key without a warning."""
    again = python(START)

    assert (again.stdout, again.stderr) == (first_start.key, '')


def test_configured_key_needs_no_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a configured key there is no warning and no file."""
    monkeypatch.setenv('QUART_SECRET_KEY', 'configured')

    result = python(START)

    assert (result.stdout, result.stderr) == ('configured\n', '')
    assert not (home / 'instance').exists()


def test_unwritable_folder_logs_an_error(home: Path) -> None:
    """Without a writable folder the key is in memory, and an error is logged."""
    # A file instead of the folder: root ignores mode bits.
    (home / 'instance').touch()

    result = python(START)

    assert len(result.stdout.strip()) == 64
    assert 'ERROR' in result.stderr
    assert 'QUART_SECRET_KEY' in result.stderr
    assert 'Traceback' not in result.stderr


@pytest.mark.parametrize(
    'arguments',
    [
        ('-c', 'import quart_session_demo'),
        ('-m', 'quart', '--app', 'quart_session_demo', 'routes'),
        ('-m', 'quart', '--app', 'quart_session_demo', '--help'),
    ],
    ids=' '.join,
)
def test_import_and_commands_write_nothing(home: Path, arguments: tuple[str, ...]) -> None:
    """Neither importing the package nor a command writes the key file."""
    python(*arguments)

    assert [path.name for path in home.iterdir()] == ['quart_session_demo']


async def test_key_set_later_is_used(home: Path) -> None:
    """A key set after `create_app` is used, and no file is written."""
    app = create_app()
    app.instance_path = str(home / 'instance')
    app.secret_key = 'set later'

    async with app.test_app():
        assert app.secret_key == 'set later'

    assert not (home / 'instance').exists()


def test_key_written_by_hand_is_used(home: Path) -> None:
    """A key that somebody wrote to the file is used."""
    key = 'put-there_by-hand_of-more-than-32-bytes'
    (home / 'instance').mkdir()
    (home / 'instance/secret_key').write_text(f'{key}\n', 'utf-8')

    assert python(START).stdout.strip() == key


def test_commands_read_an_existing_key(first_start: FirstStart) -> None:
    """The app has the key of the file before it serves, as commands need it."""
    printed = python('-c', 'from quart_session_demo import app; print(app.secret_key)').stdout

    assert printed == first_start.key


async def test_testing_writes_no_key_file(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With `TESTING` the key is in memory, without a log line."""
    app = create_app({'TESTING': True})
    app.instance_path = str(home / 'instance')

    async with app.test_app() as running_app:
        assert (await running_app.test_client().get('/')).status_code == 200

    assert not (home / 'instance').exists()
    assert caplog.records == []


def test_testing_ignores_the_key_file(first_start: FirstStart) -> None:
    """With `TESTING` the key of the file is not used."""
    key = first_start.key.strip()
    code = (
        'from quart_session_demo import create_app; print(create_app({"TESTING": True}).secret_key)'
    )

    in_tests = python('-c', code).stdout.strip()

    assert len(in_tests) == len(key)
    assert in_tests != key


@pytest.mark.parametrize('content', [b'', b'short', b'\xff' * 64, b'\0' * 64])
def test_bad_key_file_stops_the_start(home: Path, content: bytes) -> None:
    """A file without a key ends the start with one line that names it."""
    (home / 'instance').mkdir()
    (home / 'instance/secret_key').write_bytes(content)

    result = python(START, check=False)

    assert result.returncode == 1
    assert result.stderr.count('\n') == 1
    assert 'secret_key' in result.stderr
