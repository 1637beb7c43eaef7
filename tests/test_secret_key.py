"""The key that is made when none is configured: one for all workers and all starts."""

import multiprocessing
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from quart_session_demo import create_app, secret_key
from quart_session_demo.compare.harness.servers import ServerCommand, hypercorn, run_servers
from tests.conftest import ROOT

START = (
    'import asyncio, sys\n'
    'from quart_session_demo import app\n'
    'async def start():\n'
    '    async with app.test_app(): print(app.secret_key)\n'
    'sys.stdin.readline()\n'
    'asyncio.run(start())\n'
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Move to a copy of the package, whose instance folder is its own."""
    shutil.copytree(ROOT / 'quart_session_demo', tmp_path / 'quart_session_demo')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('PYTHONDONTWRITEBYTECODE', '1')
    return tmp_path


def python(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], input='\n', capture_output=True, text=True, check=check
    )


def test_two_workers_share_the_key(home: Path) -> None:
    two = ServerCommand('two workers', hypercorn('quart_session_demo:app', '--workers', '2'))
    # Each on a connection of its own: one that is kept alive would stay with its worker.
    fresh = httpx.Limits(max_keepalive_connections=0)

    with run_servers(two) as [server], httpx.Client(base_url=server.url, limits=fresh) as visitor:
        visitor.get('/')
        replies = [visitor.get('/get_session/').text for _ in range(200)]

    assert replies == ['zhiliao'] * 200


def test_session_survives_a_restart(home: Path) -> None:
    lesson = ServerCommand('Hypercorn', hypercorn('quart_session_demo:app'))

    with run_servers(lesson) as [server]:
        cookies = dict(httpx.get(server.url).cookies)
    with run_servers(lesson) as [server]:
        reply = httpx.get(f'{server.url}/get_session/', cookies=cookies).text

    assert reply == 'zhiliao'


def make_and_read(folder: Path, rounds: int, together: Barrier) -> list[tuple[bool, str]]:
    results = []
    for number in range(rounds):
        path = folder / str(number) / 'secret_key'
        together.wait()
        results.append((secret_key._create(path), secret_key._read(path)))
    return results


def test_four_starting_at_once_share_the_key(tmp_path: Path) -> None:
    four, rounds = 4, 50
    context = multiprocessing.get_context('spawn')

    with context.Manager() as manager, ProcessPoolExecutor(four, context) as processes:
        together = manager.Barrier(four)
        futures = [processes.submit(make_and_read, tmp_path, rounds, together) for _ in range(four)]
        results = [future.result() for future in futures]

    for number, of_one_start in enumerate(zip(*results, strict=True)):
        makers, keys = zip(*of_one_start, strict=True)
        assert len(set(keys)) == 1
        assert sum(makers) == 1
        assert [path.name for path in (tmp_path / str(number)).iterdir()] == ['secret_key']


def test_key_is_for_its_owner_only(home: Path) -> None:
    python('-c', START)

    assert stat.S_IMODE((home / 'instance/secret_key').stat().st_mode) == 0o600


def test_start_without_key_warns_once_and_names_the_remedy(home: Path) -> None:
    result = python('-c', START)

    assert result.stderr.count('WARNING') == 1
    assert 'QUART_SECRET_KEY' in result.stderr
    assert result.stdout.strip() not in result.stderr


def test_later_start_does_not_warn_again(home: Path) -> None:
    key = python('-c', START).stdout

    again = python('-c', START)

    assert (again.stdout, again.stderr) == (key, '')


def test_start_with_configured_key_neither_warns_nor_writes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('QUART_SECRET_KEY', 'configured')

    result = python('-c', START)

    assert (result.stdout, result.stderr) == ('configured\n', '')
    assert not (home / 'instance').exists()


def test_unwritable_folder_gives_a_key_in_memory_and_a_louder_warning(home: Path) -> None:
    # A file where the folder should be: mode bits would not stop root.
    (home / 'instance').touch()

    result = python('-c', START)

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
    python(*arguments)

    assert [path.name for path in home.iterdir()] == ['quart_session_demo']


async def test_key_that_the_caller_sets_later_is_kept(home: Path) -> None:
    app = create_app()
    app.instance_path = str(home / 'instance')
    app.secret_key = 'set later'

    async with app.test_app():
        assert app.secret_key == 'set later'

    assert not (home / 'instance').exists()


def test_key_that_somebody_put_into_the_file_is_used(home: Path) -> None:
    key = 'put-there_by-hand_of-more-than-32-bytes'
    (home / 'instance').mkdir()
    (home / 'instance/secret_key').write_text(f'{key}\n', 'utf-8')

    assert python('-c', START).stdout.strip() == key


def test_commands_read_an_existing_key(home: Path) -> None:
    key = python('-c', START).stdout

    printed = python('-c', 'from quart_session_demo import app; print(app.secret_key)').stdout

    assert printed == key


async def test_testing_keeps_the_key_in_memory(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app({'TESTING': True})
    app.instance_path = str(home / 'instance')

    async with app.test_app() as running_app:
        assert (await running_app.test_client().get('/')).status_code == 200

    assert not (home / 'instance').exists()
    assert caplog.records == []


def test_testing_leaves_an_existing_key_alone(home: Path) -> None:
    key = python('-c', START).stdout.strip()
    code = (
        'from quart_session_demo import create_app; print(create_app({"TESTING": True}).secret_key)'
    )

    in_tests = python('-c', code).stdout.strip()

    assert len(in_tests) == len(key)
    assert in_tests != key


@pytest.mark.parametrize('content', [b'', b'short', b'\xff' * 64, b'\0' * 64])
def test_bad_key_file_stops_the_start_with_one_line(home: Path, content: bytes) -> None:
    (home / 'instance').mkdir()
    (home / 'instance/secret_key').write_bytes(content)

    result = python('-c', START, check=False)

    assert result.returncode == 1
    assert result.stderr.count('\n') == 1
    assert 'secret_key' in result.stderr
