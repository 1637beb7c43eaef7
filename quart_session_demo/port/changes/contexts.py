"""Enter asynchronous context managers with `async with`."""

import libcst as cst

from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.modules import decorator_name
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.changes.imports import replace_import
from quart_session_demo.port.changes.module_changes import Changes
from quart_session_demo.port.changes.rewrite import ASYNC, make_async, rename


def change_contexts(changes: Changes, propagation: Propagation, function: Function) -> None:
    """Change the `with` statements of an async function."""
    for statement in function.with_statements:
        if statement.asynchronous is None and propagation.is_async_with(changes.module, statement):
            _change_with(changes, propagation, statement)


def change_context_managers(changes: Changes, propagation: Propagation) -> None:
    """Make context managers asynchronous that are async generators."""
    names = []
    for function in propagation.collected[changes.module].functions.values():
        for decorator in function.node.decorators:
            if function.is_async and decorator_name(decorator) == 'contextmanager':
                name = decorator.decorator
                changes.add(
                    name,
                    rename('asynccontextmanager'),
                    'missing-async-with',
                    f'{function.name}() awaits, but is not an asynchronous context manager',
                    'decorate it with `contextlib.asynccontextmanager`',
                )
                if isinstance(name, cst.Name):
                    names.append(name)
    replace_import(changes, names, 'contextlib.asynccontextmanager')


def _change_with(changes: Changes, propagation: Propagation, statement: cst.With) -> None:
    needed = [propagation.is_async_context(changes.module, item) for item in statement.items]
    edit = make_async if all(needed) else lambda node: nest(node, needed)
    changes.add(
        statement,
        edit,
        'missing-async-with',
        'this context manager is asynchronous',
        'use `async with`',
    )


def nest(node: cst.With, needed: list[bool]) -> cst.With:
    """Return nested `with` statements, one for each item, asynchronous where needed."""
    *outer, last = zip(node.items, needed, strict=True)

    def statement(item: cst.WithItem, is_async: bool, body: cst.BaseSuite) -> cst.With:
        asynchronous = ASYNC if is_async else None
        item = item.with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return cst.With([item], body, asynchronous=asynchronous)

    inner = statement(*last, node.body)
    for item, is_async in reversed(outer):
        inner = statement(item, is_async, cst.IndentedBlock([inner]))
    return inner.with_changes(leading_lines=node.leading_lines)
