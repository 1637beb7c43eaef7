"""The parts of the pages that cog generates from the code."""

import os
import subprocess
import sys

from tests.conftest import ROOT
from tests.docs.markdown import PAGES, relative


def test_generated_parts_are_current() -> None:
    """The generated parts of each page are what the code generates now."""
    result = subprocess.run(
        [sys.executable, '-m', 'cogapp', '--check', '--diff', *map(relative, PAGES)],
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stdout + result.stderr
