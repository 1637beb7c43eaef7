"""Find loops and calls that take what an asynchronous generator yields as if it were a list."""

from collections.abc import Iterator

import libcst as cst

from quart_session_demo.port.analysis.kinds import Defined, Member, Named, Object, value
from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.propagation import READERS, Propagation
from quart_session_demo.port.findings.finding import Finding, finding, shorten

#: Functions of Python that iterate over their arguments.
ITERATING = (READERS - {'join'}) | {'iter', 'next', 'reversed'}


def find_sync_iteration(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield the uses of asynchronous generators that raise `TypeError`."""
    found = propagation.collected[module]
    for loop in found.loops:
        if (
            loop.asynchronous is None
            and not _is_changed(module, propagation, loop.iter)
            and _is_asynchronous(module, propagation, loop.iter)
        ):
            text = f'`{shorten(module, loop.iter)}` is asynchronous'
            yield finding(module, loop, 'sync-iteration', text, 'use `async for`')
    for call in found.calls:
        if isinstance(module.parent(call), cst.Await) and _is_asynchronous(
            module, propagation, call
        ):
            text = f'`{shorten(module, call)}` is an asynchronous generator, not awaitable'
            yield finding(module, call, 'sync-iteration', text, 'use `async for`, without `await`')
        if not _iterates(module, propagation, call):
            continue
        for argument in call.args:
            is_changed = propagation.reads(module, call) and _is_changed(
                module, propagation, argument.value
            )
            if not is_changed and _is_asynchronous(module, propagation, argument.value):
                text = f'`{shorten(module, argument.value)}` is asynchronous'
                remedy = 'use `[item async for item in …]`'
                yield finding(module, argument.value, 'sync-iteration', text, remedy)


def _is_changed(module: Module, propagation: Propagation, node: cst.BaseExpression) -> bool:
    """Return whether the port changes what reads an asynchronous generator."""
    owner = module.owner(node)
    function = propagation.functions.get(owner) if isinstance(owner, cst.FunctionDef) else None
    is_async = function is not None and (function.is_async or function.needs_loop)
    return is_async and propagation.iterates(module, node)


def _iterates(module: Module, propagation: Propagation, call: cst.Call) -> bool:
    match call.func, propagation.kinds.of(module, call.func):
        case _, Named(name):
            return name.removeprefix('builtins.') in ITERATING
        case cst.Attribute(value=cst.SimpleString(), attr=cst.Name(value='join')), _:
            return True
    return False


def _is_asynchronous(module: Module, propagation: Propagation, node: cst.BaseExpression) -> bool:
    match node:
        case cst.GeneratorExp():
            return awaits_items(module, node)
        case cst.Call():
            match propagation.kinds.of(module, node.func):
                case Defined(_, cst.FunctionDef() as definition):
                    function = propagation.functions[definition]
                    return function.is_async and function.is_generator and not definition.decorators
        case cst.Attribute():
            match propagation.kinds.of(module, node):
                case Member('Request', 'body' | 'stream'):
                    return True
    return value(propagation.kinds.of(module, node)) == Object('Body')


def awaits_items(module: Module, node: cst.GeneratorExp) -> bool:
    """Return whether a generator expression is asynchronous: it awaits for its items."""
    collector = _Awaits(node.for_in.iter)
    node.visit(collector)
    return collector.found


class _Awaits(cst.CSTVisitor):
    """Looks for `await` and `async for`; the first iterable is evaluated outside."""

    def __init__(self, first: cst.BaseExpression) -> None:
        self.found = False
        self._first = first

    def on_visit(self, node: cst.CSTNode) -> bool:
        if node is self._first or isinstance(node, cst.Lambda):
            return False
        if isinstance(node, cst.Await) or (
            isinstance(node, cst.CompFor) and node.asynchronous is not None
        ):
            self.found = True
        return not self.found
