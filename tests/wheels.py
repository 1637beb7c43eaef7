"""Build the wheel of the package and install it outside of the repository, without a network."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def build_wheel(folder: Path) -> Path:
    """Build the wheel in an empty folder; return its path."""
    subprocess.run(
        [sys.executable, '-m', 'flit_core.wheel', '--outdir', folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.iterdir()
    return built


def install_wheel(wheel: Path, folder: Path) -> None:
    """Install a wheel in a folder, without the packages that it needs."""
    options = ['-q', '--no-compile', '--no-deps', '--no-index']
    pip = [sys.executable, '-m', 'pip', 'install', *options]
    subprocess.run([*pip, '--target', folder, wheel], check=True, cwd=folder, capture_output=True)
