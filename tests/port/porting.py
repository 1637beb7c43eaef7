"""Port sources that a test writes down, without files."""

from pathlib import Path

from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.findings.finding import Finding
from quart_session_demo.port.port import check_sources, find_changes
from quart_session_demo.port.sources import Sources, parse

ROOT = Path('/port')


def _sources(files: dict[str, str]) -> Sources:
    python = {ROOT / name: source.encode() for name, source in files.items()}
    names = {path: _name(path) for path in python}
    return Sources(python, names, [])


def _name(path: Path) -> str:
    """Return the name that imports use."""
    module = path.parent if path.name == '__init__.py' else path.with_suffix('')
    return '.'.join(module.relative_to(ROOT).parts)


def _ported(sources: Sources, *, all_handlers: bool) -> Sources:
    """Return the ported sources, without the report."""
    modules, errors = parse(sources)
    assert errors == {}
    changes = find_changes(modules, Propagation(modules, all_handlers=all_handlers))
    return sources.with_ported({item.module.path: item.source for item in changes})


def _port(files: dict[str, str], *, all_handlers: bool = False) -> Sources:
    """Port files, and make sure that the result can be compiled, and is not changed again."""
    ported = _ported(_sources(files), all_handlers=all_handlers)
    for path, source in ported.python.items():
        compile(source, path, 'exec')
    assert _ported(ported, all_handlers=all_handlers) == ported
    return ported


def port(source: str, *, name: str = 'app.py', all_handlers: bool = False) -> str:
    """Return the ported source of one file."""
    return _port({name: source}, all_handlers=all_handlers).python[ROOT / name].decode()


def port_files(files: dict[str, str]) -> dict[str, str]:
    """Return the ported sources of some files."""
    python = _port(files).python
    return {str(path.relative_to(ROOT)): source.decode() for path, source in python.items()}


def findings(source: str, *, name: str = 'app.py') -> list[Finding]:
    """Return what is left to a person after a port."""
    found = check_sources(_port({name: source})).findings
    # There are no settings of pytest beside the file.
    return [item for item in found if item.id != 'pytest-asyncio']


def found(source: str, *, name: str = 'app.py') -> list[tuple[int, str]]:
    """Return the lines and ids of what is left to a person after a port."""
    return [(item.line, item.id) for item in findings(source, name=name)]
