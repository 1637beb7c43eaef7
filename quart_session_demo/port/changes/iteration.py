"""Iterate over generators that become asynchronous."""

from collections.abc import Iterator

import libcst as cst

from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.modules import last_name
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.changes.module_changes import Changes
from quart_session_demo.port.changes.rewrite import make_async, make_list, read_list, yield_items


def change_iteration(changes: Changes, propagation: Propagation, function: Function) -> None:
    """Change the loops of an async function, and what else reads asynchronous iterators."""
    for loop in function.loops:
        if loop.asynchronous is None and propagation.iterates(changes.module, loop.iter):
            _change_loop(changes, loop)
    for node in function.expressions:
        if isinstance(node, cst.Call) and propagation.reads(changes.module, node):
            _read_items(changes, propagation, node)
    if function.is_async:
        for delegation in function.delegations:
            _change_delegation(changes, propagation, delegation)


def _change_loop(changes: Changes, loop: cst.For | cst.CompFor) -> None:
    if isinstance(loop, cst.CompFor):
        for generator in generators_around(changes, loop):
            changes.also(generator, make_list)
    changes.add(
        loop, make_async, 'sync-iteration', 'this iterator is asynchronous', 'use `async for`'
    )


def _read_items(changes: Changes, propagation: Propagation, node: cst.Call) -> None:
    """Give a function such as `list` the items of an asynchronous iterator."""
    module = changes.module
    for argument in node.args:
        if propagation.iterates(module, argument.value):
            is_list = last_name(node.func) == 'list' and len(node.args) == 1
            for generator in generators_around(changes, node):
                changes.also(generator, make_list)
            changes.add(
                node if is_list else argument.value,
                (lambda call: read_list(call.args[0].value)) if is_list else read_list,
                'sync-iteration',
                'this iterator is asynchronous',
                'use `[item async for item in …]`',
            )


def _change_delegation(changes: Changes, propagation: Propagation, node: cst.Yield) -> None:
    module = changes.module
    statement = module.parent(module.parent(node) or node)
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) > 1:
        return
    if propagation.delegates(module, node):
        changes.also(statement, lambda node: make_async(yield_items(node)))
    else:
        changes.also(statement, yield_items)


def change_streams(changes: Changes, propagation: Propagation) -> None:
    """Give `stream_with_context` generators, where Flask's takes what they return."""
    for call in propagation.collected[changes.module].calls:
        if last_name(call.func) != 'stream_with_context' or not call.args:
            continue
        generator = call.args[0].value
        if isinstance(generator, cst.Call) and propagation.streamed_generator(
            changes.module, generator
        ):
            changes.add(
                call,
                stream_generator,
                'sync-iteration',
                '`stream_with_context` takes a function that is an asynchronous generator',
                'use `stream_with_context(generate)(…)`',
            )


def stream_generator(call: cst.Call) -> cst.Call:
    """Return `stream_with_context(generate)(…)` for `stream_with_context(generate(…))`."""
    inner = cst.ensure_type(call.args[0].value, cst.Call)
    argument = call.args[0].with_changes(value=inner.func)
    return inner.with_changes(func=call.with_changes(args=[argument, *call.args[1:]]))


def generators_around(changes: Changes, node: cst.CSTNode) -> Iterator[cst.GeneratorExp]:
    """Yield the generator expressions that would become asynchronous if a node were awaited."""
    inner: cst.CSTNode = node
    for outer in changes.module.parents(node):
        if isinstance(outer, cst.FunctionDef | cst.Lambda):
            return
        # The first iterable is evaluated before the generator exists.
        if isinstance(outer, cst.GeneratorExp) and not (
            inner is outer.for_in and _is_in(changes, node, outer.for_in.iter)
        ):
            yield outer
        inner = outer


def _is_in(changes: Changes, node: cst.CSTNode, outer: cst.CSTNode) -> bool:
    return node is outer or outer in changes.module.parents(node)
