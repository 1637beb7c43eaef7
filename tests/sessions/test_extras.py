"""The message of a missing extra shows a command that installs it."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from quart_session_demo.sessions.extras import install_command
from tests.conftest import ROOT

SHOW = 'from quart_session_demo.sessions.extras import install_command as f; print(f("compare"))'


def make_checkout(folder: Path) -> None:
    """Make a folder like a checkout, with a `.venv` whose Python is that of the tests."""
    shutil.copytree(ROOT / 'quart_session_demo', folder / 'quart_session_demo')
    (folder / 'pyproject.toml').touch()
    programs = folder / '.venv/bin'
    programs.mkdir(parents=True)
    (programs / 'python').symlink_to(sys.executable)


def shown(python: Path, package: Path, folder: Path) -> str:
    """Return the command that a Python shows in a folder."""
    path = ':'.join([str(package), *sys.path[1:]])
    result = subprocess.run(
        [python, '-B', '-c', SHOW],
        cwd=folder,
        env={'PYTHONPATH': path},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def test_command_in_a_checkout_is_short(tmp_path: Path) -> None:
    """In a checkout, the command is the one of the README, and elsewhere it has full paths."""
    make_checkout(tmp_path / 'my copy')
    checkout = tmp_path / 'my copy'
    pip = checkout / '.venv/bin/pip'
    python = checkout / '.venv/bin/python'
    assert shown(python, checkout, checkout).startswith('.venv/bin/python -m pip install -e ')
    pip.touch(mode=0o755)

    assert shown(python, checkout, checkout) == ".venv/bin/pip install -e '.[compare]'"
    assert shlex.split(shown(python, checkout, tmp_path / 'my copy/quart_session_demo')) == [
        str(pip),
        'install',
        '-e',
        f'{checkout}[compare]',
    ]


def test_command_outside_a_checkout_names_the_package(tmp_path: Path) -> None:
    """An installed wheel is no folder that pip could install from."""
    make_checkout(tmp_path)
    (tmp_path / 'pyproject.toml').unlink()
    python = tmp_path / '.venv/bin/python'

    command = shlex.split(shown(python, tmp_path, tmp_path))

    assert command == ['.venv/bin/python', '-m', 'pip', 'install', 'quart_session_demo[compare]']


def test_command_without_pip_is_that_of_uv(tmp_path: Path) -> None:
    """An environment that uv made has no pip, so the command is `uv pip`."""
    make_checkout(tmp_path)
    (tmp_path / 'without').mkdir()
    (tmp_path / 'without/sitecustomize.py').write_text("import sys; sys.modules['pip'] = None")
    python = tmp_path / '.venv/bin/python'

    command = shlex.split(shown(python, tmp_path / 'without', tmp_path))

    assert command == ['uv', 'pip', 'install', '--python', '.venv/bin/python', '-e', '.[compare]']


def test_command_is_one_that_pip_understands() -> None:
    """The command of this checkout installs it, as a dry run shows."""
    command = shlex.split(install_command('compare'))

    result = subprocess.run(
        [*command, '--dry-run', '--no-deps', '--no-build-isolation', '--no-index'],
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stderr
