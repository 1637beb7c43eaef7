"""What the tests of `compare parity` share."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from quart_session_demo.compare.harness.steps import Steps
from quart_session_demo.compare.harness.steps_file import load_steps
from tests.compare.conftest import InvokeCompare, WriteSteps

# The options that compare the two apps of tests/apps/parity_apps.py.
TEST_APPS = ('--sync', 'parity_apps:sync', '--async', 'parity_apps:port')
ONE_STEP = "[[step]]\nname = 'one'\npath = '/count'\nignore = ['x-port']\n"

Run = tuple[subprocess.CompletedProcess[str], dict[str, Any]]
RunParity = Callable[..., Result]
ParseSteps = Callable[[str], Steps]


@pytest.fixture
def run_parity(invoke_compare: InvokeCompare, write_steps: WriteSteps) -> RunParity:
    """Return a function that compares the two test apps by steps, which are TOML."""

    def run(steps: str, *arguments: str | Path) -> Result:
        return invoke_compare('parity', *TEST_APPS, '--steps', write_steps(steps), *arguments)

    return run


@pytest.fixture
def parse_steps(write_steps: WriteSteps) -> ParseSteps:
    """Return a function that parses steps."""
    return lambda text: load_steps(write_steps(text))


def with_json(result: subprocess.CompletedProcess[str]) -> Run:
    """Return a run with `--json`, and the JSON on its standard output."""
    content: dict[str, Any] = json.loads(result.stdout)
    return result, content
