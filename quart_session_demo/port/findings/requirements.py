"""Find the packages that an app requires, with the places where they are named."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_NAME = re.compile(r'\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)(?=\s*(?:\[|[=<>!~;@#]|$))')


def canonical_name(name: str) -> str:
    """Return the name of a package as indexes compare it (PEP 503)."""
    return re.sub(r'[-_.]+', '-', name).lower()


def find_requirements(path: Path, text: str) -> Iterator[tuple[int, int, str]]:
    """Yield line, column and name of each package that a file requires.

    Args:
        path: The file. Others than requirements*.txt, pyproject.toml and Pipfile require nothing.
        text: Its content.
    """
    if path.suffix in {'.in', '.txt'} and 'requirements' in str(Path(path.parent.name, path.name)):
        for number, line in enumerate(text.splitlines(), 1):
            if found := _NAME.match(line):
                yield number, found.start(1) + 1, found[1]
    elif path.name in {'Pipfile', 'pyproject.toml'}:
        try:
            names = _named(path.name, tomllib.loads(text))
            yield from sorted(set(_places(text, names)))
        except (tomllib.TOMLDecodeError, AttributeError, TypeError):
            # The program that reads the file reports it.
            return


def _named(file_name: str, content: dict[str, Any]) -> set[str]:
    """Return the names of the packages in a parsed file."""
    if file_name == 'Pipfile':
        return {*content.get('packages', {}), *content.get('dev-packages', {})}
    project = content.get('project', {})
    tools = content.get('tool', {})
    poetry = tools.get('poetry', {})
    lists = [
        project.get('dependencies', []),
        *project.get('optional-dependencies', {}).values(),
        *content.get('dependency-groups', {}).values(),
        tools.get('uv', {}).get('dev-dependencies', []),
    ]
    tables = [poetry, *poetry.get('group', {}).values()]
    names = {found[1] for requirement in lists for found in _matches(requirement)}
    for table in tables:
        names |= {*table.get('dependencies', {}), *table.get('dev-dependencies', {})}
    return names


def _matches(requirements: Iterable[Any]) -> Iterator[re.Match[str]]:
    for requirement in requirements:
        # A group of dependencies may include another one, by a table.
        if isinstance(requirement, str) and (found := _NAME.match(requirement)):
            yield found


def _places(text: str, names: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """Yield where names are required: as a key, or at the start of a string in a list."""
    table = key = ''
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r'\s*\[{1,2}([\w.-]+)\]', line):
            table, key = found[1], ''
        elif found := re.match(r'\s*["\']?([\w.-]+)["\']?\s*=(?!=)', line):
            key = found[1]
        in_table = 'dependenc' in table or 'packages' in table
        for name in names if in_table or 'dependenc' in key else ():
            escaped = re.escape(name)
            pattern = rf'["\'](?P<item>{escaped})(?=\s*["\'\[<>=!~;@])'
            if in_table:
                pattern = rf'^\s*["\']?(?P<key>{escaped})["\']?\s*=(?!=)|{pattern}'
            for place in re.finditer(pattern, line):
                yield number, place.start(place.lastgroup or 0) + 1, name
