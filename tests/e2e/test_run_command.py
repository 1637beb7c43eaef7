"""The run command, and so the first half of the test command, works after any failure."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.markdown import code_blocks, read, section

pytestmark = pytest.mark.e2e

#: Without the server, which would run until it is stopped.
COMMAND, _, SERVER = code_blocks(section(read('README.md'), '## Run'), 'sh')[0].rpartition('&&\n')
PYENV = Path(os.environ.get('PYENV_ROOT', Path.home() / '.pyenv'))


def run(folder: Path, python: str | Path) -> tuple[int, list[str]]:
    """Run the command with another `python3`; return its status and its lines.

    pip takes all packages from the tests' own environment, without the network.
    """
    programs = folder / 'programs'
    programs.mkdir(exist_ok=True)
    (programs / 'python3').unlink(missing_ok=True)
    (programs / 'python3').write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
    (programs / 'python3').chmod(0o755)
    packages = [path for path in sys.path[1:] if path.endswith('-packages')]
    result = subprocess.run(
        ['bash', '-c', COMMAND],
        cwd=folder,
        env={
            'PATH': f'{programs}{os.pathsep}{os.environ["PATH"]}',
            'PIP_NO_BUILD_ISOLATION': '0',
            'PIP_NO_INDEX': '1',
            'PYTHONPATH': os.pathsep.join(packages),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return result.returncode, result.stdout.splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout without a `.venv`."""
    folder = tmp_path / 'my copy'
    folder.mkdir()
    for name in ('pyproject.toml', 'README.md', 'LICENSE'):
        shutil.copy(ROOT / name, folder)
    (folder / 'quart_session_demo').mkdir()
    shutil.copy(ROOT / 'quart_session_demo/__init__.py', folder / 'quart_session_demo')
    return folder


def old_python(folder: Path) -> Path:
    """Return an interpreter that is too old, or one that claims to be."""
    for version in ('3.10.*', '3.9.*', '3.8.*', '2.7.*'):
        for python in PYENV.glob(f'versions/{version}/bin/python'):
            return python
    python = folder / 'old_python'
    code = 'import sys; sys.version_info = (3, 10, 0); exec(sys.argv.pop(2))'
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c \'{code}\' "$@"\n')
    python.chmod(0o755)
    return python


def test_old_python_is_refused_in_one_line(checkout: Path) -> None:
    """An old Python ends with one line that names the version needed, and makes no `.venv`."""
    status, lines = run(checkout, old_python(checkout))

    assert (status, lines) == (1, ['Python 3.11 or later is needed'])
    assert not (checkout / '.venv').exists()


def test_venv_of_another_python_is_made_anew(checkout: Path) -> None:
    """A `.venv` whose interpreter and packages belong to another Python does no harm."""
    programs = checkout / '.venv/bin'
    programs.mkdir(parents=True)
    for name in ('python', 'python3', 'pip'):
        (programs / name).symlink_to('/no/such/python3.10')
    (checkout / '.venv/lib/python3.10/site-packages').mkdir(parents=True)

    assert run(checkout, sys.executable) == (0, [])
    assert run(checkout, sys.executable) == (0, [])

    # `-I` leaves the current folder and PYTHONPATH out of the path.
    code = 'import quart_session_demo; print(quart_session_demo.__file__)'
    python = checkout / '.venv/bin/python'
    assert str(checkout) in subprocess.check_output([python, '-I', '-c', code], text=True)
    assert not (checkout / '.venv/lib/python3.10').exists()
    assert SERVER.strip() == '.venv/bin/hypercorn quart_session_demo:app'
