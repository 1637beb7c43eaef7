"""Run the port: read the files, print or write what changes, and report what is left."""

import difflib
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from quart_session_demo.port.output import OutputError, copied_path, write_copy, write_in_place
from quart_session_demo.port.port import Ported, check_sources, port_sources
from quart_session_demo.port.sources import MAX_DEPTH, Sources, read_sources
from quart_session_demo.terminal import Terminal, print_json, standard_error, standard_output


def run_check(paths: Sequence[Path], *, as_json: bool) -> int:
    """Check files that are on Quart, and return the exit status."""
    result = check_sources(_read(paths))
    if as_json:
        print_json({'findings': _findings(result), 'errors': _errors(result)})
    else:
        print_report(standard_output(), result)
    return 1 if result.findings or result.errors else 0


def run_port(
    paths: Sequence[Path],
    *,
    output: Path | None,
    in_place: bool,
    all_handlers: bool,
    as_json: bool,
) -> int:
    """Port files, and return the exit status.

    Raises:
        OutputError: There are no files, or the ported ones cannot be written.
    """
    sources = _read(paths, output)
    result = port_sources(sources, all_handlers=all_handlers)
    if output is not None:
        write_copy(output, paths, result.sources)
        result.findings = [
            replace(item, path=copied_path(output, paths, item.path)) for item in result.findings
        ]
    elif in_place:
        write_in_place(result.sources)
    diff = '' if output or in_place else ''.join(unified_diff(sources, result.sources))
    if as_json:
        files = [str(path) for path in result.sources]
        findings = _findings(result)
        print_json({'ported': files, 'diff': diff, 'findings': findings, 'errors': _errors(result)})
    else:
        standard_output().write(diff)
        terminal = standard_error() if diff else standard_output()
        print_report(terminal, result)
        terminal.print(f'{len(result.sources)} of {len(sources.python)} Python files change.')
    return 1 if result.errors else 0


def _read(paths: Sequence[Path], output: Path | None = None) -> Sources:
    # LibCST calls a few functions for each level of nested source.
    sys.setrecursionlimit(20 * MAX_DEPTH)
    sources = read_sources(paths, output=output)
    if not sources.python:
        raise OutputError(f'{", ".join(map(str, paths))}: there is no Python file')
    return sources


def unified_diff(sources: Sources, ported: Mapping[Path, bytes]) -> Iterator[str]:
    """Yield the lines of a diff that `git apply` and `patch -p1` read."""
    for path, source in ported.items():
        name = str(path).lstrip('/')
        if ' ' in name:
            # This ends the name.
            name += '\t'
        before, after = (_lines(text) for text in (sources.python[path], source))
        for line in difflib.unified_diff(before, after, f'a/{name}', f'b/{name}'):
            yield line if line.endswith('\n') else f'{line}\n\\ No newline at end of file\n'


def _lines(source: bytes) -> list[str]:
    """Return the lines as programs for diffs count them: only a line feed ends one."""
    return re.findall(r'[^\n]*\n|[^\n]+', source.decode('utf-8', 'replace'))


def print_report(terminal: Terminal, result: Ported) -> None:
    """Print the findings, and how many there are of each kind."""
    for path, error in result.errors.items():
        text = f'cannot be parsed, and is skipped: {error}'
        terminal.print(text, prefix=f'{path}: ', color='red')
    for item in result.findings:
        place = f'{item.path}:{item.line}:{item.column}: '
        terminal.print(f'{item.text}: {item.remedy} [{item.id}]', prefix=place, indent=4)
    counts = Counter(item.id for item in result.findings)
    summary = ', '.join(f'{count} {id_}' for id_, count in sorted(counts.items()))
    noun = 'finding' if len(result.findings) == 1 else 'findings'
    terminal.print(f'{len(result.findings)} {noun}{": " if summary else "."}{summary}')


def _findings(result: Ported) -> list[dict[str, Any]]:
    return [{**asdict(item), 'path': str(item.path)} for item in result.findings]


def _errors(result: Ported) -> dict[str, str]:
    return {str(path): error for path, error in result.errors.items()}
