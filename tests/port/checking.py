"""Check files and snippets of source."""

import re
import shutil
from pathlib import Path

from quart_session_demo.port.findings.finding import Finding
from quart_session_demo.port.port import check_sources
from quart_session_demo.port.sources import read_sources

APPS = Path(__file__).parent.parent / 'apps' / 'port'

_EXPECT = re.compile(r'(?:#|<!--) expect: ([\w, -]+?)(?: -->)?$')


def check(*paths: Path) -> list[Finding]:
    """Return the findings in files and folders, all of which can be parsed."""
    result = check_sources(read_sources(paths))
    assert not result.errors
    return result.findings


def check_source(folder: Path, source: str, name: str = 'app.py') -> list[str]:
    """Return `line id` for each finding in the source of a module."""
    (folder / name).write_text(source)
    return [f'{item.line} {item.id}' for item in check(folder / name)]


def copy(folder: Path, target: Path) -> Path:
    """Copy a folder out of this project, whose settings its files would see."""
    return Path(shutil.copytree(folder, target / folder.name))


def expected(folder: Path) -> set[tuple[str, int, str]]:
    """Return the file, line and id of each finding that a comment expects."""
    found = set()
    for path in folder.rglob('*'):
        if path.is_file() and path.suffix != '.pyc':
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if comment := _EXPECT.search(line):
                    for id_ in comment[1].split(','):
                        found.add((path.name, number, id_.strip()))
    return found
