"""What has an annotation, also one that is a string."""

import re
from typing import TYPE_CHECKING

import libcst as cst

from quart_session_demo.port.analysis.kinds import Kind
from quart_session_demo.port.analysis.modules import Module

if TYPE_CHECKING:
    from quart_session_demo.port.analysis.inference import Kinds

_DOTTED = re.compile(r'\w+(\.\w+)*')


def annotated_kind(
    kinds: 'Kinds', module: Module, annotation: cst.Annotation | None
) -> Kind | None:
    """Return what has an annotation."""
    return _of_type(kinds, module, annotation.annotation) if annotation else None


def _of_type(kinds: 'Kinds', module: Module, node: cst.BaseExpression) -> Kind | None:
    match node:
        case cst.BinaryOperation(left=left, operator=cst.BitOr()):
            return _of_type(kinds, module, left)
        case cst.Subscript(
            value=cst.Name(value='Optional') | cst.Attribute(attr=cst.Name(value='Optional')),
            slice=[cst.SubscriptElement(slice=cst.Index(value=inner))],
        ):
            return _of_type(kinds, module, inner)
        case cst.SimpleString(evaluated_value=str() as text) if _DOTTED.fullmatch(text):
            return kinds.result(_of_dotted(kinds, module, node, text))
    return kinds.result(kinds.of(module, node))


def _of_dotted(kinds: 'Kinds', module: Module, node: cst.CSTNode, name: str) -> Kind | None:
    """Return what a dotted name in a string means."""
    first, *others = name.split('.')
    scope = module.scope(node)
    assignments = list(scope[first]) if scope is not None else []
    found = kinds.of_assignment(module, assignments[-1]) if assignments else None
    for other in others:
        found = kinds.member(found, other) if found else None
    return found
