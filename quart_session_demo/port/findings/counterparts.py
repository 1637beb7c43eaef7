"""Find what of Flask's Quart does not have, or has as something else."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files

import libcst as cst

from quart_session_demo.port.analysis import library
from quart_session_demo.port.analysis.kinds import Member
from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.findings.finding import Finding, finding

#: What to use instead of a missing member, by `Type.member`.
REPLACEMENTS: dict[str, str] = tomllib.loads(
    (files(__package__) / 'members.toml').read_text('utf-8')
)


def find_missing_members(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield uses of members that Quart's types do not have."""
    for node in propagation.collected[module].attributes:
        match propagation.kinds.of(module, node):
            case Member(type_, name) if is_missing(type_, name) and not _is_iterated(module, node):
                yield finding(
                    module,
                    node,
                    'no-counterpart',
                    f'Quart has no `{name}` here',
                    REPLACEMENTS.get(f'{type_}.{name}', 'remove it, or see what Quart has instead'),
                )


def is_missing(type_: str, name: str) -> bool:
    """Return whether Quart's type has no such member; other rules find those of WSGI."""
    if name in ('environ', 'wsgi_app'):
        return False
    # Flask had the first before 2.3. Quart has the second only to raise an error.
    return name in library.MISSING_MEMBERS.get(type_, ()) or (type_, name) in (
        ('App', 'before_first_request'),
        ('Request', 'stream'),
    )


def _is_iterated(module: Module, node: cst.Attribute) -> bool:
    """Return whether an attribute is what a loop iterates over: other rules find that."""
    match module.parent(node):
        case cst.For(iter=iterated) | cst.CompFor(iter=iterated):
            return iterated is node
    return False
