"""Find what must change in the files that start and install an app: servers and requirements."""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from quart_session_demo.port.findings.requirements import canonical_name, find_requirements
from quart_session_demo.port.findings.servers import SERVERS, find_commands

_EXTENSIONS = tomllib.loads((files(__package__) / 'extensions.toml').read_text('utf-8')).values()

#: Extensions that must be replaced, by the name of their requirement: name and remedy.
_EXTENSION_REQUIREMENTS: dict[str, tuple[str, str]] = {
    canonical_name(name): (name, extension['remedy'])
    for extension in _EXTENSIONS
    if extension['works'] != 'yes'
    for name in (extension['name'], *extension.get('also', ()))
}

_VARIABLE = re.compile(r'(?<!\w)FLASK_[A-Z_]+\b')


def find_deployment_lines(path: Path, text: str) -> Iterator[tuple[int, int, str, str, str]]:
    """Yield what must change in a file that starts or installs the app.

    Args:
        path: The file. Only its name counts.
        text: Its content.

    Yields:
        Line and column, from 1; the id, `server-command` or `requirement`; what was found; and what
        to do.
    """
    if path.name == '.flaskenv':
        found = '`quart` does not read `.flaskenv`'
        yield 1, 1, 'server-command', found, 'rename it to `.quartenv`'
    for line, column, name in find_requirements(path, text):
        canonical = canonical_name(name)
        if remedy := SERVERS['requirements'].get(canonical):
            yield line, column, 'requirement', f'`{name}` is not for Quart', remedy
        elif canonical in _EXTENSION_REQUIREMENTS:
            shown, remedy = _EXTENSION_REQUIREMENTS[canonical]
            yield line, column, 'requirement', f'{shown} is not for Quart', remedy
    if path.suffix != '.txt':
        for number, code in _logical_lines(text):
            for column, found, remedy in sorted([*_variables(code), *find_commands(code)]):
                yield number, column, 'server-command', found, remedy


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines without comments, each joined with those that continue it."""
    start, joined = 1, ''
    for number, line in enumerate(text.splitlines(), 1):
        code = re.sub(r'(?:^|\s)#.*', '', line)
        joined += code.removesuffix('\\')
        if not code.endswith('\\'):
            yield start, joined
            start, joined = number + 1, ''
    yield start, joined


def _variables(line: str) -> Iterator[tuple[int, str, str]]:
    for variable in _VARIABLE.finditer(line):
        name = variable[0]
        new = name.replace('FLASK', 'QUART', 1)
        other = f'rename it to `{new}`, which `app.config.from_prefixed_env()` of Quart reads'
        found = f'Quart does not read `{name}`'
        yield variable.start() + 1, found, SERVERS['variables'].get(name, other)
