"""Findings: places in the source that need a person's attention."""

import io
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

from quart_session_demo.port.analysis.modules import Module

_IGNORE = re.compile(r'(?:#|<!--)\s*port:\s*ignore\[([\w\s,-]+)\]')


@dataclass(frozen=True, order=True)
class Finding:
    """A place in a file.

    Attributes:
        path: The file.
        line: The line, from 1.
        column: The column, from 1.
        id: What kind of finding it is.
        text: What was found, in one line.
        remedy: What to do, in one line.
    """

    path: Path
    line: int
    column: int
    id: str
    text: str
    remedy: str


def finding(module: Module, node: cst.CSTNode, id_: str, text: str, remedy: str) -> Finding:
    """Return a finding at a node."""
    position = module.position(node)
    return Finding(module.path, position.line, position.column + 1, id_, text, remedy)


def shorten(module: Module, node: cst.CSTNode) -> str:
    """Return the source of a node in one line of at most 50 characters."""
    line = ' '.join(module.tree.code_for_node(node).split())
    return line if len(line) <= 50 else f'{line[:49]}…'


def without_ignored(findings: Iterable[Finding], source: str) -> list[Finding]:
    """Return the findings that no `# port: ignore[id]` silences.

    The comment is on the line of the finding, or on the first line of its statement.
    """
    items = list(findings)
    if not _IGNORE.search(source):
        return items
    lines = source.splitlines()
    first_lines = _first_lines(source)

    def is_ignored(item: Finding) -> bool:
        return any(
            item.id in _ignored(lines, line)
            for line in (item.line, first_lines.get(item.line, item.line))
        )

    return [item for item in items if not is_ignored(item)]


def _first_lines(source: str) -> dict[int, int]:
    """Return the first line of the statement, or of its head, that each line belongs to."""
    found: dict[int, int] = {}
    first = None
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in (tokenize.COMMENT, tokenize.NL):
                continue
            first = first or token.start[0]
            found.update(dict.fromkeys(range(token.start[0], token.end[0] + 1), first))
            if token.type == tokenize.NEWLINE:
                first = None
    except (SyntaxError, tokenize.TokenError):
        # A template, or another file.
        return {}
    return found


def _ignored(lines: list[str], line: int) -> set[str]:
    found = _IGNORE.search(lines[line - 1]) if line <= len(lines) else None
    return {name.strip() for name in found[1].split(',')} if found else set()
