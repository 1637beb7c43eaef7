"""The ported app is written to a new folder, or into a clean git work tree; or not at all."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from quart_session_demo.cli.port import port
from tests.conftest import ROOT

FLASK = """\
from flask import Flask, request

app = Flask(__name__)


@app.post('/')
def index():
    return request.form['name']  # the name
"""
QUART = """\
from quart import Quart, request

app = Quart(__name__)


@app.post('/')
async def index():
    return (await request.form)['name']  # the name
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a folder with an app, and files of other kinds."""
    folder = tmp_path / 'shop'
    for name, content in {
        'app.py': FLASK,
        'templates/index.html': '{{ name }}\n',
        '.flaskenv': 'DEBUG=1\n',
        '.git/HEAD': 'ref: refs/heads/main\n',
        '__pycache__/app.pyc': '',
        '.venv/pyvenv.cfg': '',
        '.venv/lib/flask.py': FLASK,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (folder / 'uploads').mkdir()
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(port, list(map(str, arguments)))


def git(folder: Path, *arguments: str) -> str:
    command = ['git', '-C', str(folder), '-c', 'user.name=a', '-c', 'user.email=a@b', *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(shop: Path) -> Path:
    """Return the folder as a clean git work tree."""
    (shop / '.git/HEAD').unlink()
    (shop / '.git').rmdir()
    (shop / '.gitignore').write_text('.venv\n__pycache__\n')
    git(shop, 'init', '-q')
    git(shop, 'add', '.')
    git(shop, 'commit', '-qm', 'a')
    return shop


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file()}


def test_diff_is_printed_and_nothing_is_written(shop: Path) -> None:
    """Without options, a diff is on standard output and the report on standard error."""
    before = files(shop)

    result = run(shop)

    assert result.exit_code == 0
    assert "-    return request.form['name']  # the name\n" in result.stdout
    assert "+    return (await request.form)['name']  # the name\n" in result.stdout
    assert '1 of 1 Python files change.' in result.stderr
    assert files(shop) == before
    assert (shop / 'app.py').read_text() == FLASK


@pytest.mark.git
def test_diff_can_be_applied(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git apply` takes the diff, also for names with spaces and files without a last line feed."""
    (repository / 'my app.py').write_text(FLASK.rstrip('\n'))
    monkeypatch.chdir(repository)

    diff = run('.').stdout
    subprocess.run(['git', 'apply'], input=diff, text=True, check=True)

    assert (repository / 'app.py').read_text() == QUART
    assert (repository / 'my app.py').read_text() == QUART.rstrip('\n')


def test_output_has_all_files(shop: Path, tmp_path: Path) -> None:
    """The new folder has all files of the app, and nothing that git or Python made."""
    result = run(shop, '--output', tmp_path / 'ported')

    assert result.exit_code == 0
    assert files(tmp_path / 'ported') == {'app.py', 'templates/index.html', '.flaskenv'}
    assert (tmp_path / 'ported/uploads').is_dir()
    assert (tmp_path / 'ported/app.py').read_text() == QUART
    assert (shop / 'app.py').read_text() == FLASK


def test_output_can_be_inside_the_path(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new folder in the app's own folder does not get a copy of itself."""
    monkeypatch.chdir(shop)

    assert run('.', '--output', 'ported').exit_code == 0
    assert not (shop / 'ported/ported').exists()
    assert (shop / 'ported/app.py').read_text() == QUART


def test_output_of_several_paths_has_their_names(shop: Path, tmp_path: Path) -> None:
    """Of several paths, each is written under its own name."""
    test = tmp_path / 'test_app.py'
    test.write_text('from shop.app import app\n')

    run(shop, test, '--output', tmp_path / 'ported')

    assert (tmp_path / 'ported/shop/app.py').read_text() == QUART
    assert (tmp_path / 'ported/test_app.py').exists()


def test_output_of_overlapping_paths_is_an_error(shop: Path, tmp_path: Path) -> None:
    """A file would be written twice."""
    result = run(shop, shop / 'app.py', '--output', tmp_path / 'ported')

    assert result.exit_code == 2
    assert result.stderr == f'Error: {shop}/app.py is in {shop}: give only one of them\n'
    assert not (tmp_path / 'ported').exists()


def test_output_is_not_overwritten(shop: Path, tmp_path: Path) -> None:
    """A folder with files is left as it is."""
    result = run(shop, '--output', tmp_path)

    assert result.exit_code == 2
    assert result.stderr == f'Error: {tmp_path} exists: give a new folder\n'


def test_link_to_a_parent_is_copied_as_a_link(shop: Path, tmp_path: Path) -> None:
    """A link that leads to its own folder does not end in a loop."""
    (shop / 'self').symlink_to('../shop')

    assert run(shop, '--output', tmp_path / 'ported').exit_code == 0
    assert (tmp_path / 'ported/self').readlink() == Path('../shop')


@pytest.mark.git
def test_in_place_changes_a_clean_work_tree(repository: Path) -> None:
    """The files in git are changed; a second run changes nothing."""
    assert run(repository, '--in-place').exit_code == 0
    assert (repository / 'app.py').read_text() == QUART
    assert git(repository, 'diff', '--name-only') == 'app.py\n'

    git(repository, 'commit', '-qam', 'b')
    assert '0 of 1 Python files change.' in run(repository, '--in-place').stdout
    assert git(repository, 'status', '--porcelain') == ''


@pytest.mark.git
@pytest.mark.parametrize('change', ['app.py', 'templates/index.html', 'new.txt'])
def test_in_place_refuses_changes_that_are_not_committed(repository: Path, change: str) -> None:
    """With a changed or a new file in the work tree, nothing is written."""
    with (repository / change).open('a') as file:
        file.write('# changed\n')
    before = (repository / 'app.py').read_text()

    result = run(repository, '--in-place')

    assert result.exit_code == 2
    assert 'commit them first' in result.stderr
    assert (repository / 'app.py').read_text() == before


@pytest.mark.git
@pytest.mark.parametrize('is_ignored', [True, False])
def test_in_place_refuses_a_file_that_git_does_not_have(
    repository: Path, tmp_path: Path, is_ignored: bool
) -> None:
    """A file that git ignores, or outside of git, could not be restored."""
    folder = repository / '.venv/lib' if is_ignored else tmp_path / 'other'
    folder.mkdir(exist_ok=True)
    (folder / 'own.py').write_text(FLASK)

    result = run(folder / 'own.py', '--in-place')

    assert result.exit_code == 2
    assert 'use --output' in result.stderr
    assert (folder / 'own.py').read_text() == FLASK


@pytest.mark.parametrize('options', [['--check', '--in-place'], ['--check', '--output', 'x']])
def test_options_exclude_each_other(shop: Path, options: list[str]) -> None:
    """Two ways to write, or writing and checking, are a usage error."""
    assert 'Use one of' in run(shop, *options).stderr


def test_folder_without_python_is_an_error(tmp_path: Path) -> None:
    """A wrong folder is named."""
    result = run(tmp_path)

    assert result.exit_code == 2
    assert result.stderr == f'Error: {tmp_path}: there is no Python file\n'


def test_port_runs_in_a_project_with_wrong_settings(shop: Path) -> None:
    """Neither `QUART_*` variables nor the project's own modules and files are read."""
    (shop / 'wsgi.py').write_text('from app import app\nraise SystemExit("was imported")\n')
    (shop / '.env').write_text('QUART_APP=nothing\n')
    environment = {'PYTHONPATH': str(ROOT), 'QUART_APP': 'nothing', 'QUART_SECRET_KEY': '1'}

    result = subprocess.run(
        [sys.executable, '-m', 'quart_session_demo.port', '.'],
        cwd=shop,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0
    assert '+from quart import Quart, request' in result.stdout
