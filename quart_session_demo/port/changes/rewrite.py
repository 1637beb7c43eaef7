"""Change nodes of a syntax tree, and leave all other characters of the source as they are."""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import libcst as cst

#: Returns what takes the place of a node.
Edit = Callable[[Any], Any]

ASYNC = cst.Asynchronous(whitespace_after=cst.SimpleWhitespace(' '))


class Rewriter(cst.CSTTransformer):
    """Applies edits to the nodes that they are for, from the inside to the outside."""

    def __init__(
        self, edits: Mapping[cst.CSTNode, Sequence[Edit]], around: Container[cst.CSTNode]
    ) -> None:
        """Make edits.

        Args:
            edits: The edits of each node, in their order.
            around: The nodes that have nodes with edits in them. All others are not visited.
        """
        self._edits = edits
        self._around = around

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Return whether there are edits in a node."""
        return node in self._around

    def on_leave(self, original_node: cst.CSTNode, updated_node: Any) -> Any:
        """Return a node with its own edits."""
        for edit in self._edits.get(original_node, ()):
            updated_node = edit(updated_node)
        return updated_node


def add_await(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return `await node`."""
    return cst.Await(node)


def add_await_in_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return `(await node)`."""
    return cst.Await(node, lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def make_async(node: Any) -> Any:
    """Return a function, a `with` statement or a loop with `async`."""
    return node.with_changes(asynchronous=ASYNC)


def rename(name: str) -> Edit:
    """Return an edit that changes a name, or the last part of a dotted name."""

    def edit(node: Any) -> Any:
        if isinstance(node, cst.Attribute):
            return node.with_changes(attr=node.attr.with_changes(value=name))
        return node.with_changes(value=name)

    return edit


def make_list(node: cst.GeneratorExp) -> cst.ListComp:
    """Return a list of what a generator expression yields."""
    return cst.ListComp(node.elt, node.for_in)


def read_list(call: cst.Call) -> cst.ListComp:
    """Return `[item async for item in call]`."""
    return cst.ListComp(
        cst.Name('item'), cst.CompFor(cst.Name('item'), call, asynchronous=cst.Asynchronous())
    )


def yield_items(statement: cst.SimpleStatementLine) -> cst.For:
    """Return a loop that yields the items of `yield from`."""
    expression = cst.ensure_type(cst.ensure_type(statement.body[0], cst.Expr).value, cst.Yield)
    body = cst.parse_statement('yield item')
    return cst.For(
        cst.Name('item'),
        cst.ensure_type(expression.value, cst.From).item,
        cst.IndentedBlock([body]),
        leading_lines=statement.leading_lines,
    )


def needs_parentheses(parent: cst.CSTNode | None, node: cst.CSTNode) -> bool:
    """Return whether `await node` must be in parentheses in its place."""
    match parent:
        case cst.Attribute(value=inner) | cst.Subscript(value=inner) | cst.Call(func=inner):
            return inner is node
        case cst.BinaryOperation(left=inner, operator=cst.Power()):
            return inner is node
    return isinstance(parent, cst.Await)
