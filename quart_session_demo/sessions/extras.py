"""The command that installs an extra, for the messages about a missing one."""

import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

_NAME = 'quart_session_demo'


def install_command(extra: str) -> str:
    """Return a command that installs an extra for this Python, to be pasted into a shell.

    In a checkout it is `.venv/bin/pip install -e '.[redis]'`, with full paths where the current
    folder is another. The package is on no index: outside a checkout, pip finds what is installed.
    """
    folder = Path(__file__).parents[2]
    is_checkout = (folder / 'pyproject.toml').is_file() and (folder / _NAME).is_dir()
    target = ['-e', f'{_shorten(folder)}[{extra}]'] if is_checkout else [f'{_NAME}[{extra}]']
    return shlex.join([*_install(), *target])


def _install() -> list[str]:
    programs = Path(sys.executable).parent
    # Windows adds `.exe`.
    if pip := shutil.which('pip', path=programs):
        return [_shorten(Path(pip)), 'install']
    python = _shorten(Path(sys.executable))
    if find_spec('pip') is not None:
        return [python, '-m', 'pip', 'install']
    # An environment that uv made has no pip.
    return ['uv', 'pip', 'install', '--python', python]


def _shorten(path: Path) -> str:
    """Return a path from the current folder if it is inside."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
