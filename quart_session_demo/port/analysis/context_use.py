"""Find out what a function uses of the request or the app."""

import libcst as cst

from quart_session_demo.port.analysis import library
from quart_session_demo.port.analysis.decorators import decorator_expressions
from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.kinds import Defined, Object
from quart_session_demo.port.analysis.modules import Module, last_name
from quart_session_demo.port.analysis.propagation import Propagation

#: Flask's objects that belong to a request or an app.
CONTEXT_TYPES = frozenset(['App', 'Globals', 'Request', 'Session'])


def used_context(propagation: Propagation, function: Function) -> str:
    """Return what a function, or one that it calls, uses of the request or the app."""
    return _used(propagation, function, set())


def called_function(
    module: Module, propagation: Propagation, node: cst.BaseExpression
) -> Function | None:
    """Return the function of the project that a name or an attribute is."""
    if isinstance(node, cst.Call):
        return None
    match propagation.kinds.of(module, node):
        case Defined(_, cst.FunctionDef() as definition):
            return propagation.functions[definition]
    return None


def _used(propagation: Propagation, function: Function, seen: set[Function]) -> str:
    if function in seen or _has_context(function):
        return ''
    seen.add(function)
    for node in function.expressions:
        value = node.value if isinstance(node, cst.Attribute) else None
        if isinstance(value, cst.Name) and value.value in library.OBJECTS:
            match propagation.kinds.of(function.module, value):
                case Object(type_) if type_ in CONTEXT_TYPES:
                    return value.value
        if isinstance(node, cst.Call):
            inner = called_function(function.module, propagation, node.func)
            if inner is not None and (used := _used(propagation, inner, seen)):
                return used
    return ''


def _has_context(function: Function) -> bool:
    """Return whether a function has, or enters, a context of its own."""
    return any(
        last_name(expression) in library.CONTEXT_COPIES
        for expression in decorator_expressions(function)
    ) or any(
        isinstance(item.item, cst.Call)
        and last_name(item.item.func) in ('app_context', 'test_request_context')
        for statement in function.with_statements
        for item in statement.items
    )
