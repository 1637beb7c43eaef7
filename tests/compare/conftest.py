"""Factories for the tests of the comparison: commands, steps files and small servers."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from quart import Quart

from quart_session_demo.compare.harness.servers import ServerCommand
from quart_session_demo.compare.load.contenders import Contender, Pair, contenders
from quart_session_demo.signals import TERMINATION_SIGNALS
from tests.conftest import ROOT

APPS = ROOT / 'tests' / 'apps'
COMPARE = (sys.executable, '-m', 'quart', '--app', 'quart_session_demo', 'compare')

RunCompare = Callable[..., subprocess.CompletedProcess[str]]
InvokeCompare = Callable[..., Result]
WriteSteps = Callable[[str], Path]


def compare_environment(**variables: str) -> dict[str, str]:
    """Return this process's environment with `tests/apps` on the import path."""
    return {
        **os.environ,
        'PYTHONPATH': os.pathsep.join([str(APPS), str(ROOT)]),
        'COLUMNS': '200',
        **variables,
    }


def app_command(name: str, *arguments: str) -> ServerCommand:
    """Return how to run `tests/apps/NAME.py`; `{port}` in an argument is the port to listen on."""
    return ServerCommand('Test server', (sys.executable, str(APPS / f'{name}.py'), *arguments))


def find_contender(pair: Pair, name: str, users: int = 1, processes: int = 1) -> Contender:
    """Return the contender with a name."""
    found = contenders(pair, users, processes)
    return next(contender for contender in found if contender.name == name)


@pytest.fixture(scope='session')
def run_compare() -> RunCompare:
    """Return a function that runs `quart compare ARGUMENTS` with variables in its environment."""

    def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMPARE, *arguments],
            env=compare_environment(**variables),
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture
def invoke_compare(app: Quart, monkeypatch: pytest.MonkeyPatch) -> Iterator[InvokeCompare]:
    """Return a function that runs `quart compare ARGUMENTS` in this process, to save its start."""

    def invoke(*arguments: str | Path) -> Result:
        result: Result = app.test_cli_runner().invoke(args=['compare', *map(str, arguments)])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    for name, value in compare_environment().items():
        monkeypatch.setenv(name, value)
    handlers = {number: signal.getsignal(number) for number in TERMINATION_SIGNALS}
    yield invoke
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def write_steps(tmp_path: Path) -> WriteSteps:
    """Return a function that writes a steps file and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / 'steps.toml'
        path.write_text(text, 'utf-8')
        return path

    return write
