"""Find tests that pytest does not await."""

import re
from collections.abc import Iterator
from pathlib import Path

from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.findings.finding import Finding, finding

#: The files that pytest reads settings from.
FILES = ('pytest.ini', '.pytest.ini', 'pytest.toml', 'pyproject.toml', 'tox.ini', 'setup.cfg')

_AUTO = re.compile(
    r'^\s*(?!#).*(?:asyncio_mode|asyncio-mode|anyio_mode|trio_mode)\s*[= ]\s*["\']?(?:auto|true)',
    re.MULTILINE,
)

_MARK = re.compile(r'\bmark\.(?:anyio|asyncio|trio)\b')


def find_test_settings(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield the first async test of a folder, where no setting lets pytest await it."""
    test = _first_test(module, propagation)
    if test is None or has_auto_mode(module.path):
        return
    for other in propagation.modules:
        is_earlier = other.path.parent == module.path.parent and other.path < module.path
        if is_earlier and _first_test(other, propagation) is not None:
            return
    yield finding(
        module,
        test.node,
        'pytest-asyncio',
        f'pytest does not await {test.name}() and the other async tests in its folder',
        'install pytest-asyncio, and set `asyncio_mode = "auto"` in '
        '`[tool.pytest.ini_options]` of pyproject.toml (`asyncio_mode = auto` in pytest.ini)',
    )


def _first_test(module: Module, propagation: Propagation) -> Function | None:
    """Return the first async test of a module that marks none of its tests as async."""
    if not module.is_test or _MARK.search(module.tree.code):
        return None
    functions = propagation.collected[module].functions.values()
    return next((item for item in functions if _is_test(item)), None)


def _is_test(function: Function) -> bool:
    if not (function.is_async and function.name.startswith('test') and function.parent is None):
        return False
    # A test case of `unittest` has a loop of its own.
    return function.class_ is None or not function.class_.bases


def has_auto_mode(path: Path) -> bool:
    """Return whether a setting next to a file, or above it, lets pytest await all tests."""
    for folder in path.absolute().parents:
        for name in FILES:
            file = folder / name
            if file.is_file() and _AUTO.search(file.read_text('utf-8', 'replace')):
                return True
    return False
