"""Find calls in async functions that block the event loop."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files

import libcst as cst

from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.kinds import Named
from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.origins import origin
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.findings.finding import Finding, finding, shorten

_TABLES = tomllib.loads((files(__package__) / 'blocking.toml').read_text('utf-8'))

#: What to use instead of a blocking call, by the full name of a function or of a package.
REPLACEMENTS: dict[str, str] = _TABLES['calls']

#: Calls of these packages that do not block.
NOT_BLOCKING: frozenset[str] = frozenset(_TABLES['not_blocking']['names'])


def find_blocking_calls(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield the blocking calls in the async functions of a module, at most one a statement."""
    for function in propagation.collected[module].functions.values():
        # The event loop of a test serves nobody else.
        if not function.is_async or module.is_test:
            continue
        found: dict[cst.CSTNode, tuple[cst.Call, str]] = {}
        for node, name in _calls(module, propagation, function):
            if replacement := _replacement(name):
                # Of calls in a chain, the last one found is the first one made.
                found[_statement(module, node)] = node, replacement
        for node, replacement in found.values():
            yield finding(
                module,
                node,
                'blocking-call',
                f'{_called(module, propagation, node)}() blocks the event loop',
                f'use {replacement}',
            )


def _calls(
    module: Module, propagation: Propagation, function: Function
) -> Iterator[tuple[cst.Call, str]]:
    for node in function.expressions:
        if (
            isinstance(node, cst.Call)
            and not isinstance(module.parent(node), cst.Await)
            and (name := origin(module, propagation, node.func))
        ):
            yield node, name


def _called(module: Module, propagation: Propagation, node: cst.Call) -> str:
    """Return what a call calls: the full name of a function, or the source of a method."""
    match propagation.kinds.of(module, node.func):
        case Named(name):
            return name.removeprefix('builtins.')
    return shorten(module, node.func)


def _statement(module: Module, node: cst.CSTNode) -> cst.CSTNode:
    for outer in module.parents(node):
        if isinstance(outer, cst.BaseSmallStatement | cst.BaseCompoundStatement):
            return outer
    return node


def _replacement(name: str) -> str | None:
    if name in NOT_BLOCKING or name.endswith(('Error', 'Exception', 'Timeout')):
        return None
    key = name
    while key:
        # A package stands for its functions, not for what these return.
        if key in REPLACEMENTS and ('()' in key or '()' not in name):
            return REPLACEMENTS[key]
        key = key.rpartition('.')[0]
    return None
