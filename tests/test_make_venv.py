"""`python3 make_venv.py`, the first half of the run and test commands, works after any failure."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.e2e

SCRIPT = 'make_venv.py'
PYENV = Path(os.environ.get('PYENV_ROOT', Path.home() / '.pyenv'))
#: Runs the script as an older Python would.
AS_OLD_PYTHON = """
import runpy, sys
sys.version_info = (3, 10, 13, 'final', 0)
runpy.run_path('make_venv.py')
"""
#: Runs the script as Debian's Python does without the package python3-venv.
WITHOUT_ENSUREPIP = """
import runpy, sys
sys.modules['ensurepip'] = None
sys.argv = ['make_venv.py']
runpy.run_path('make_venv.py')
"""


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command. pip takes all packages from the tests' own environment, without network."""
    packages = [path for path in sys.path[1:] if path.endswith('-packages')]
    return subprocess.run(
        command,
        cwd=folder,
        env={
            'PATH': os.environ['PATH'],
            'PIP_NO_BUILD_ISOLATION': '0',
            'PIP_NO_INDEX': '1',
            'PYTHONPATH': os.pathsep.join(packages),
        },
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope='module')
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a checkout without a `.venv`."""
    folder = tmp_path_factory.mktemp('checkout') / 'my copy'
    folder.mkdir()
    for name in (SCRIPT, 'pyproject.toml', 'README.md', 'LICENSE'):
        shutil.copy(ROOT / name, folder)
    (folder / 'quart_session_demo').mkdir()
    shutil.copy(ROOT / 'quart_session_demo/__init__.py', folder / 'quart_session_demo')
    return folder


@pytest.fixture(scope='module')
def checkout(empty: Path) -> Path:
    """Make the `.venv` of that checkout; tests change copies of it only."""
    result = run(empty, sys.executable, SCRIPT)
    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')
    return empty


def old_pythons() -> list[Path]:
    """Return the interpreters on this machine that are too old."""
    patterns = ('2.7.*', '3.[6-9].*', '3.10.*')
    paths = [path for pattern in patterns for path in PYENV.glob(f'versions/{pattern}/bin/python')]
    names = (f'python{version}' for version in ('2.7', '3.8', '3.9', '3.10'))
    return [*paths, *(Path(path) for name in names if (path := shutil.which(name)))]


def test_old_python_is_named_in_the_first_line(empty: Path) -> None:
    """An old Python ends with one line that names both versions, and makes no `.venv`."""
    results = [run(empty, sys.executable, '-c', AS_OLD_PYTHON)]
    # PATH may have a pyenv shim for a version that is not selected: it prints no version.
    real = [path for path in old_pythons() if not run(empty, path, '--version').returncode]
    results += [run(empty, path, SCRIPT) for path in real]

    for result in results:
        assert result.returncode == 1
        [line] = result.stderr.splitlines()
        assert line.startswith('Python 3.11 or later is needed, and this is Python ')
    assert 'this is Python 3.10.13 (' in results[0].stderr
    assert not (empty / '.venv').exists()


def test_missing_ensurepip_is_one_line(empty: Path) -> None:
    """Without Debian's python3-venv, one line names the package, and no `.venv` is made."""
    result = run(empty, sys.executable, '-c', WITHOUT_ENSUREPIP)

    [line] = result.stderr.splitlines()
    assert f'sudo apt install python3.{sys.version_info[1]}-venv' in line
    assert result.returncode == 1
    assert not (empty / '.venv').exists()


def test_good_venv_is_used_again(checkout: Path) -> None:
    """A second run works, also without ensurepip, and keeps what the user installed."""
    own = checkout / '.venv/own'
    own.touch()

    result = run(checkout, sys.executable, '-c', WITHOUT_ENSUREPIP)

    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')
    assert own.exists()
    shown = run(checkout, '.venv/bin/python', '-c', 'import quart_session_demo as q; print(q)')
    assert str(checkout) in shown.stdout


def point_to_an_old_python(venv: Path) -> None:
    """Replace the interpreter by a script that fails as Python 3.10 does in the check."""
    (venv / 'bin/python').unlink()
    (venv / 'bin/python').write_text('#!/bin/sh\nexit 1\n')
    (venv / 'bin/python').chmod(0o755)


def remove_the_interpreter(venv: Path) -> None:
    """Leave a link to an interpreter that was uninstalled."""
    (venv / 'bin/python').unlink()
    (venv / 'bin/python').symlink_to('/no/such/python')


def interrupt_pip(venv: Path) -> None:
    """Leave a package without the file that pip writes last."""
    [record] = venv.glob('lib/*/site-packages/quart_session_demo-*/RECORD')
    record.unlink()


def interrupt_ensurepip(venv: Path) -> None:
    """Leave pip's program without its package."""
    [metadata] = venv.glob('lib/*/site-packages/pip-*')
    shutil.rmtree(metadata)


def upgrade_python(venv: Path) -> None:
    """Leave the packages in the folder of another version of Python."""
    [packages] = venv.glob('lib/python3.*')
    packages.rename(packages.with_name('python3.1'))


def remove_pip(venv: Path) -> None:
    """Leave a `.venv` as Debian's Python makes it without python3-venv."""
    (venv / 'bin/pip').unlink()


@pytest.mark.parametrize(
    'damage',
    [
        point_to_an_old_python,
        remove_the_interpreter,
        interrupt_pip,
        interrupt_ensurepip,
        upgrade_python,
        remove_pip,
        shutil.rmtree,
    ],
)
def test_damaged_venv_is_not_used(
    checkout: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """A `.venv` that does not work is to be made again, which needs ensurepip."""
    backup = tmp_path / 'backup'
    # Links are enough: no damage changes a file in place.
    shutil.copytree(checkout / '.venv', backup, symlinks=True, copy_function=os.link)
    try:
        damage(checkout / '.venv')

        result = run(checkout, sys.executable, '-c', WITHOUT_ENSUREPIP)
    finally:
        shutil.rmtree(checkout / '.venv', ignore_errors=True)
        backup.rename(checkout / '.venv')

    assert 'has no ensurepip' in result.stderr


def test_moved_venv_is_made_again(checkout: Path, tmp_path: Path) -> None:
    """In a copy of the folder, whose programs start those of the first one, all is made anew."""
    copy = tmp_path / 'copy'
    shutil.copytree(checkout, copy, symlinks=True)
    (copy / '.venv/own').touch()

    result = run(copy, sys.executable, SCRIPT)

    assert (result.returncode, result.stderr) == (0, '')
    assert not (copy / '.venv/own').exists()
    assert str(copy / '.venv').encode() in (copy / '.venv/bin/pip').read_bytes()


def test_failed_installation_is_the_status(checkout: Path) -> None:
    """What pip cannot install ends the command with pip's message and status."""
    result = run(checkout, sys.executable, SCRIPT, 'not an extra')

    assert result.returncode != 0
    assert 'ERROR' in result.stderr
