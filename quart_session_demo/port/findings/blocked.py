"""Find what must be awaited in places that cannot be async."""

from collections.abc import Iterator

import libcst as cst

from quart_session_demo.port.analysis import library
from quart_session_demo.port.analysis.decorators import called_name
from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.kinds import Defined
from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.findings.finding import Finding, finding, shorten

_REMEDIES = {
    'a lambda': 'make it an `async def`',
    'the top level': 'move it into an async function, such as `@app.before_serving`',
    'a property': 'make it an async method',
}


def find_blocked_awaits(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield what must be awaited in functions that cannot be async, and outside of functions."""
    found = propagation.collected[module]
    for function in found.functions.values():
        if not (function.is_async or function.needs_loop):
            yield from _in_function(module, propagation, function)
    for node, place in found.stray:
        if propagation.must_await(module, node) and not _is_returned_coroutine(
            module, propagation, node
        ):
            yield _cannot_await(module, node, place.value, _REMEDIES[place.value])
    for statement in found.with_statements:
        if propagation.is_async_with(module, statement):
            yield _cannot_await(
                module, statement.items[0], 'the top level', _REMEDIES['the top level']
            )


def _is_returned_coroutine(module: Module, propagation: Propagation, node: cst.CSTNode) -> bool:
    """Return whether a lambda returns a coroutine, which its caller may await."""
    parent = module.parent(node)
    while isinstance(parent, cst.IfExp) and parent.test is not node:
        node, parent = parent, module.parent(parent)
    if not isinstance(parent, cst.Lambda) or not isinstance(node, cst.Call | cst.IfExp):
        return False
    if _is_registered(module, parent):
        return False
    if isinstance(module.parent(parent), cst.Arg) and not module.was_ported:
        return True
    match node:
        case cst.Call(func=func):
            match propagation.kinds.of(module, func):
                case Defined(_, cst.FunctionDef(asynchronous=cst.Asynchronous())):
                    return True
    return False


def _is_registered(module: Module, function: cst.Lambda) -> bool:
    """Return whether a lambda is given to Quart, such as to `add_url_rule`."""
    argument = module.parent(function)
    call = module.parent(argument) if isinstance(argument, cst.Arg) else None
    return isinstance(call, cst.Call) and called_name(call) in library.REGISTRATIONS


def _in_function(module: Module, propagation: Propagation, function: Function) -> Iterator[Finding]:
    if propagation.makes_app(function):
        place, remedy = 'an app factory', 'move it into a function of `@app.before_serving`'
    else:
        place, remedy = f'{function.name}(), which cannot be async', 'move it to its callers'
    for node in function.expressions:
        if propagation.must_await(module, node):
            yield _cannot_await(module, node, place, remedy)
    for statement in function.with_statements:
        if propagation.is_async_with(module, statement):
            yield _cannot_await(module, statement.items[0], place, remedy)


def _cannot_await(module: Module, node: cst.CSTNode, place: str, remedy: str) -> Finding:
    text = f'`{shorten(module, node)}` must be awaited, but is in {place}'
    return finding(module, node, 'cannot-await', text, remedy)
