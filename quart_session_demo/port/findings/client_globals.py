"""Find uses of `g` after a request of the test client."""

from collections.abc import Iterator

import libcst as cst

from quart_session_demo.port.analysis.kinds import Object, value
from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.findings.finding import Finding, finding


def find_client_globals(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield uses of `g` in `async with client`, which keeps only `request` and `session`."""
    for node in propagation.collected[module].attributes:
        if (
            isinstance(node.value, cst.Name)
            and propagation.kinds.of(module, node.value) == Object('Globals')
            and _context(module, propagation, node) == 'Client'
        ):
            yield finding(
                module,
                node,
                'client-globals',
                "after `async with client`, `g` is not the request's",
                'test the response or the session, or store the value in `after_request`',
            )


def _context(module: Module, propagation: Propagation, node: cst.CSTNode) -> str:
    """Return the type of the innermost context that a node is in."""
    for outer in module.parents(node):
        if isinstance(outer, cst.FunctionDef):
            break
        if isinstance(outer, cst.With):
            for item in reversed(outer.items):
                match value(propagation.kinds.of(module, item.item)):
                    case Object('Client' | 'AppContext' as type_):
                        return type_
    return ''
