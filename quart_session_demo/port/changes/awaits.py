"""Add `async` and `await`."""

import libcst as cst

from quart_session_demo.port.analysis.functions import Function, Place
from quart_session_demo.port.analysis.kinds import Decorated, Defined, ObjectOf
from quart_session_demo.port.analysis.modules import decorator_name, last_name
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.changes.contexts import change_contexts
from quart_session_demo.port.changes.iteration import change_iteration, generators_around
from quart_session_demo.port.changes.module_changes import Changes
from quart_session_demo.port.changes.rewrite import (
    add_await,
    add_await_in_parentheses,
    make_async,
    make_list,
    needs_parentheses,
    rename,
)
from quart_session_demo.port.findings.finding import shorten

#: Decorators that store what a function returns, but not what its coroutine returns.
CACHES = frozenset(['cached', 'memoize'])


def add_awaits(changes: Changes, propagation: Propagation) -> None:
    """Make functions async, and await what must be awaited in them."""
    for function in propagation.collected[changes.module].functions.values():
        if function.is_async or function.needs_loop:
            _change_function(changes, propagation, function)
    run_main(changes, propagation)


def run_main(changes: Changes, propagation: Propagation) -> None:
    """Run the async functions that a script calls below `if __name__ == '__main__'`."""
    module = changes.module
    for node, place in propagation.collected[module].stray:
        if (
            place is Place.MODULE
            and isinstance(node, cst.Call)
            and any(map(is_main_guard, module.parents(node)))
            and propagation.must_await(module, node)
        ):
            changes.add(
                node,
                add_run,
                'cannot-await',
                f'`{shorten(module, node)}` must be awaited, but is in the top level',
                'use `asyncio.run(…)`',
            )
            changes.imports.add('asyncio')


def is_main_guard(node: cst.CSTNode) -> bool:
    """Return whether a node is `if __name__ == '__main__'`."""
    match node:
        case cst.If(test=cst.Comparison(left=cst.Name(value='__name__'))):
            return True
    return False


def add_run(call: cst.Call) -> cst.Call:
    """Return `asyncio.run(call)`."""
    return cst.Call(cst.Attribute(cst.Name('asyncio'), cst.Name('run')), [cst.Arg(call)])


def _change_function(changes: Changes, propagation: Propagation, function: Function) -> None:
    module = changes.module
    if function.is_async and function.node.asynchronous is None:
        changes.add(
            function.node,
            make_async,
            'missing-async',
            f'{function.name}() awaits, but is not async',
            'make it `async def`',
        )
    if function.is_async:
        _report_decorators(changes, propagation, function)
    for node in function.expressions:
        if propagation.must_await(module, node):
            _add_await(changes, propagation, node)
    change_contexts(changes, propagation, function)
    change_iteration(changes, propagation, function)


def _report_decorators(changes: Changes, propagation: Propagation, function: Function) -> None:
    """Report decorators that do not await the function that they are given."""
    for decorator in function.node.decorators:
        kind = propagation.kinds.of(changes.module, decorator.decorator)
        match kind:
            case Defined(_, cst.ClassDef()) | ObjectOf():
                method = propagation.kinds.call_method(changes.module, decorator.decorator)
                is_awaited = method is not None
            case _:
                is_awaited = decorator_name(decorator) not in CACHES
        if not is_awaited:
            changes.report(
                decorator,
                'coroutine-callback',
                f'the decorator does not await the coroutine function {function.name}()',
                'await it in the decorator, or decorate a function that is not async',
            )


def _add_await(changes: Changes, propagation: Propagation, node: cst.Attribute | cst.Call) -> None:
    module = changes.module
    if isinstance(node, cst.Call):
        match propagation.kinds.of(module, node.func):
            case Decorated(_, decorator) if propagation.decorates_handlers(decorator):
                # Quart also has handlers that are not async.
                changes.also(node.func, ensure_async)
                changes.imports.add('quart.current_app')
        if isinstance(node.func, cst.Call) and last_name(node.func.func) == 'ensure_sync':
            changes.also(node.func.func, rename('ensure_async'))
    for generator in generators_around(changes, node):
        changes.also(generator, make_list)
    changes.add(
        node,
        add_await_in_parentheses if needs_parentheses(module.parent(node), node) else add_await,
        'missing-await',
        f'nothing awaits `{shorten(module, node)}`',
        'put `await` before it',
    )


def ensure_async(function: cst.BaseExpression) -> cst.Call:
    """Return `current_app.ensure_async(function)`."""
    method = cst.Attribute(cst.Name('current_app'), cst.Name('ensure_async'))
    return cst.Call(method, [cst.Arg(function)])
