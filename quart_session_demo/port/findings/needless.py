"""Find awaits of what is not awaitable."""

from collections.abc import Iterator

import libcst as cst

from quart_session_demo.port.analysis import library
from quart_session_demo.port.analysis.kinds import Defined, Kind, Member, Named, Object
from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.findings.finding import Finding, finding, shorten

#: Dicts of a request that need no await.
_DICTS = [Member('Request', 'args'), Member('Request', 'cookies'), Member('Request', 'headers')]

#: Dicts whose items are not awaitable.
_DICTS_OF_VALUES = [*_DICTS, Member('Request', 'form'), Object('Session')]


def find_needless_awaits(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield the awaits that raise `TypeError`."""
    for function in propagation.collected[module].functions.values():
        for node in function.expressions:
            parent = module.parent(node)
            if isinstance(parent, cst.Await) and _is_plain(module, propagation, node):
                yield _needless(module, parent, node)
    for await_, item in propagation.collected[module].awaited_items:
        if propagation.kinds.of(module, item.value) in _DICTS_OF_VALUES:
            yield _needless(module, await_, item)


def _needless(module: Module, await_: cst.Await, node: cst.CSTNode) -> Finding:
    text = f'`{shorten(module, node)}` is not awaitable'
    return finding(module, await_, 'needless-await', text, 'remove `await`')


def _is_plain(module: Module, propagation: Propagation, node: cst.Attribute | cst.Call) -> bool:
    """Return whether the value of an expression is known not to be awaitable."""
    if isinstance(node, cst.Call):
        match node.func:
            case cst.Attribute(value=owner, attr=cst.Name(value='get' | 'getlist')):
                if propagation.kinds.of(module, owner) in _DICTS:
                    return True
        return _returns_plain(propagation, propagation.kinds.of(module, node.func))
    match propagation.kinds.of(module, node):
        case Member(type_, name):
            # The body of a request is a stream that can be awaited, too.
            return name in library.SYNC_MEMBERS.get(type_, ()) and name != 'body'
    return False


def _returns_plain(propagation: Propagation, called: Kind | None) -> bool:
    match called:
        case Named(name):
            return library.short_name(name) in library.SYNC_MEMBERS['module'] - library.DECORATING
        case Member(type_, name):
            return name in library.SYNC_MEMBERS.get(type_, frozenset()) - library.DECORATING
        case Defined(module, cst.FunctionDef() as definition):
            function = propagation.functions[definition]
            return (
                not function.is_async
                and not definition.decorators
                and all(map(_is_literal, module.returned(definition)))
            )
    return False


def _is_literal(node: cst.BaseExpression) -> bool:
    return isinstance(
        node,
        cst.BaseString
        | cst.Dict
        | cst.FormattedString
        | cst.Integer
        | cst.List
        | cst.Set
        | cst.Tuple,
    ) or (isinstance(node, cst.Name) and node.value in ('False', 'None', 'True'))
