"""When and with what the scripts of this folder measure."""

import os
import platform
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

#: Where a server finds the apps of this folder, and the package.
PYTHONPATH = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[3])])


def date_and_versions(names: Iterable[str], find_version: Callable[[str], str] = version) -> str:
    """Return the date, and the versions of Python and of some packages."""
    versions = ', '.join(f'{name} {find_version(name)}' for name in names)
    return f'{datetime.now(UTC):%d %B %Y}, Python {platform.python_version()}, {versions}'
