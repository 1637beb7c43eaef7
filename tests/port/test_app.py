"""A whole app is ported: its tests pass on Quart, and its responses stay the same."""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from quart_session_demo.compare.harness.servers import ServerCommand, run_servers
from tests.conftest import ROOT
from tests.port.journal import BY_HAND, GUIDE, JOURNAL, Guide

#: How many tests the app has.
TESTS = 32


@pytest.fixture(scope='module')
def ported(tmp_path_factory: pytest.TempPathFactory) -> Guide:
    """Return a folder with the ported app; no test changes it."""
    guide = Guide(tmp_path_factory.mktemp('ported'))
    guide.port()
    return guide


@pytest.fixture(scope='module')
def finished(ported: Guide, tmp_path_factory: pytest.TempPathFactory) -> Guide:
    """Return a folder with the ported app and the changes by hand."""
    guide = copy(ported, tmp_path_factory.mktemp('finished'))
    guide.change_by_hand()
    return guide


def copy(ported: Guide, folder: Path) -> Guide:
    """Return another folder with the ported app."""
    guide = Guide(folder)
    shutil.copytree(ported.folder / 'journal_quart', guide.folder / 'journal_quart')
    return guide


def compare(guide: Guide) -> subprocess.CompletedProcess[str]:
    """Compare the responses of the Flask app and of its port."""
    tables = guide.run('5. Compare the responses')
    assert tables.stdout == 'Created the tables.\n' * 2, tables.stderr
    return guide.run('5. Compare the responses', 1)


def test_app_passes_its_tests_on_flask(tmp_path: Path) -> None:
    """Before the port, the app's own tests pass on Flask."""
    assert f'{TESTS} tests' in GUIDE

    result = Guide(tmp_path).run_commands('cd journal && python -m pytest -q')

    assert f'{TESTS} passed' in result.stdout, result.stdout + result.stderr


@pytest.mark.git
def test_ported_tests_pass_on_quart(finished: Guide) -> None:
    """The app's ported tests pass on Quart, and nothing in them was left without `await`."""
    result = finished.run('4. Run its tests')

    assert f'{TESTS} passed' in result.stdout, result.stdout + result.stderr
    assert 'never awaited' not in result.stdout + result.stderr


def test_second_run_changes_nothing(ported: Guide) -> None:
    """The port of a ported app changes no file."""
    result = ported.run_commands('python -m quart_session_demo.port --json journal_quart')

    report = json.loads(result.stdout)
    assert (report['ported'], report['diff'], report['errors']) == ([], '', {})


def test_other_files_are_copied(ported: Guide) -> None:
    """All files but Python's are the same bytes in the ported app, and none is added or lost."""
    before, after = (
        {
            path.relative_to(folder): None if path.suffix == '.py' else path.read_bytes()
            for path in folder.rglob('*')
            if path.is_file() and '__pycache__' not in path.parts
        }
        for folder in (JOURNAL, ported.folder / 'journal_quart')
    )

    assert before == after


@pytest.mark.parametrize(
    ('file', 'id_', 'text'),
    [
        ('Procfile', 'server-command', 'gunicorn wsgi:app'),
        ('journal/auth.py', 'blocking-call', 'check_password_hash(user'),
        ('journal/auth.py', 'blocking-call', '(username, generate_password_hash'),
        ('journal/auth.py', 'blocking-call', '(generate_password_hash'),
        ('pyproject.toml', 'requirement', 'flask'),
        ('requirements.txt', 'requirement', 'flask'),
        ('requirements.txt', 'requirement', 'gunicorn'),
        ('tests/test_auth.py', 'client-globals', 'g.user'),
    ],
)
def test_report_lists_changes_by_hand(ported: Guide, file: str, id_: str, text: str) -> None:
    """What the guide changes by hand, the report of the port lists, at its line."""
    place = rf'journal_quart/{re.escape(file)}:(\d+):\d+: .* \[{id_}\]'
    numbers = re.findall(f'^{place}$', ported.report, re.MULTILINE)
    lines = (ported.folder / 'journal_quart' / file).read_text('utf-8').splitlines()
    found = [line for line in (lines[int(number) - 1] for number in numbers) if text in line]

    assert found
    assert f'-{found[0]}\n' in BY_HAND.read_text('utf-8')


def test_report_lists_settings_of_the_tests(ported: Guide) -> None:
    """The setting that the guide adds for the tests, the report names."""
    [setting] = re.findall(r'^\+(asyncio_mode = .*)$', BY_HAND.read_text('utf-8'), re.MULTILINE)
    findings = re.findall(r'^.* \[pytest-asyncio\]$', ported.report, re.MULTILINE)

    assert findings
    assert all(setting in finding for finding in findings)


@pytest.mark.git
def test_check_of_finished_app_is_empty(finished: Guide) -> None:
    """After the changes by hand, the check finds nothing more."""
    result = finished.run('3. Check')

    assert result.stdout == '0 findings.\n'
    assert result.stdout in GUIDE
    assert result.returncode == 0


@pytest.mark.git
def test_responses_are_the_same(finished: Guide) -> None:
    """Each step of the app's users has the same response from Flask and from its port."""
    result = compare(finished)

    assert result.returncode == 0, result.stdout + result.stderr
    [summary] = re.findall(r'^.* steps: .*$', result.stdout, re.MULTILINE)
    assert summary.endswith(' 0 different.')
    assert summary in GUIDE


def test_port_alone_differs_in_vary_at_most(ported: Guide, tmp_path: Path) -> None:
    """Without any change by hand, only the header differs that Quart 0.22 does not send."""
    result = compare(copy(ported, tmp_path))

    causes = result.stdout.partition('The differences by cause:')
    if version('quart').startswith('0.22.'):
        assert ''.join(causes[1:]) in GUIDE
        assert result.returncode == 1
    else:
        assert result.stdout.endswith(' 0 different.\n')
        assert result.returncode == 0


@pytest.mark.git
def test_hashes_block_until_changed_by_hand(ported: Guide, finished: Guide, tmp_path: Path) -> None:
    """The hashes of the ported app block the event loop, and none after the changes by hand."""
    before, after = (
        # A fast machine needs less than 50 ms for a hash, a busy disk more for SQLite.
        guide.run('6. Find what blocks', options='--limit 15')
        for guide in (copy(ported, tmp_path), finished)
    )

    assert len(lines_with_hashes(GUIDE)) == 3
    assert lines_with_hashes(before.stdout) == lines_with_hashes(GUIDE)
    assert before.returncode == 1
    assert lines_with_hashes(after.stdout) == []
    assert '38 steps: ' in after.stdout, after.stderr
    [warning] = re.findall(r'^Warning: .* not `async`', GUIDE, re.MULTILINE)
    assert before.stdout.count(warning) == after.stdout.count(warning) == 1


def lines_with_hashes(text: str) -> list[list[str]]:
    """Return the cells of the lines with hashes that blocked, without the milliseconds."""
    rows = re.findall(r'^\| \d+ ms +\|(.*(?:_hash|check_p).*)\|$', text, re.MULTILINE)
    return sorted([cell.strip() for cell in row.split('|')] for row in rows)


@pytest.mark.git
def test_starter_serves_the_ported_app(finished: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line that the guide writes to the Procfile serves the app."""
    monkeypatch.chdir(finished.folder / 'journal_quart')
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    kind, program, *arguments = Path('Procfile').read_text('utf-8').split()
    assert (kind, program) == ('web:', 'python')

    command = 'env', 'PORT={port}', sys.executable, *arguments
    with run_servers(ServerCommand('Starter', command)) as [server]:
        assert httpx.get(f'{server.url}/hello').text == 'Hello, reader!'
