"""The functions of the modules, and the expressions in each that may have to be awaited."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import libcst as cst

from quart_session_demo.port.analysis.modules import Module


class Place(Enum):
    """Where an expression is, if it cannot be awaited there."""

    LAMBDA = 'a lambda'
    MODULE = 'the top level'


@dataclass(eq=False)
class Function:
    """A function or method.

    Attributes:
        module: The module that it is in.
        node: Its definition.
        parent: The function that it is in.
        class_: The class that it is a method of.
        expressions: Attributes and calls in it, but not in a function in it.
        with_statements: The same for `with` statements.
        loops: The same for `for` statements and the `for` of comprehensions.
        delegations: The same for `yield from`.
        is_async: Whether it is `async def`, now or after the port.
        needs_loop: Whether it is a command that awaits something.
        is_generator: Whether it yields.
        returns_value: Whether it has a `return` with a value.
    """

    module: Module
    node: cst.FunctionDef
    parent: 'Function | None' = None
    class_: cst.ClassDef | None = None
    expressions: list[cst.Attribute | cst.Call] = field(default_factory=list)
    with_statements: list[cst.With] = field(default_factory=list)
    loops: list[cst.For | cst.CompFor] = field(default_factory=list)
    delegations: list[cst.Yield] = field(default_factory=list)
    is_async: bool = False
    needs_loop: bool = False
    is_generator: bool = False
    returns_value: bool = False

    @property
    def name(self) -> str:
        """Return the name without its class."""
        return self.node.name.value


@dataclass
class Collected:
    """What is in a module.

    Attributes:
        functions: All functions, from the outside to the inside.
        stray: Attributes and calls outside of all functions and in lambdas, and where they are.
        calls: All calls.
        attributes: All attributes, also those that are assigned.
        with_statements: `with` statements outside of all functions.
        names: All names that may have been imported from Flask.
        imports: All `import` and `from … import` statements.
        loops: All `for` loops, also those of comprehensions.
        generators: All generator expressions.
        awaited_items: All items that are awaited, such as in `await session['name']`.
        subscripts: All items that are assigned, such as `app.config['NAME']`.
    """

    functions: dict[cst.FunctionDef, Function] = field(default_factory=dict)
    stray: list[tuple[cst.Attribute | cst.Call, Place]] = field(default_factory=list)
    calls: list[cst.Call] = field(default_factory=list)
    attributes: list[cst.Attribute] = field(default_factory=list)
    with_statements: list[cst.With] = field(default_factory=list)
    names: list[cst.Name] = field(default_factory=list)
    imports: list[cst.Import | cst.ImportFrom] = field(default_factory=list)
    loops: list[cst.For | cst.CompFor] = field(default_factory=list)
    generators: list[cst.GeneratorExp] = field(default_factory=list)
    awaited_items: list[tuple[cst.Await, cst.Subscript]] = field(default_factory=list)
    subscripts: list[cst.Subscript] = field(default_factory=list)


class _Collector(cst.CSTVisitor):
    """Collects a module's functions in one pass."""

    def __init__(self, module: Module) -> None:
        self.found = Collected()
        self._module = module
        # A function, a class, or None for a lambda.
        self._stack: list[Function | cst.ClassDef | None] = []

    def _function(self) -> Function | None:
        for item in reversed(self._stack):
            if not isinstance(item, cst.ClassDef):
                return item
        return None

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        above = self._stack[-1] if self._stack else None
        function = Function(
            self._module,
            node,
            parent=self._function(),
            class_=above if isinstance(above, cst.ClassDef) else None,
            is_async=node.asynchronous is not None,
        )
        self.found.functions[node] = function

    # Decorators and default values belong to what the function is in; only its body is its own.
    def visit_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self._stack.append(self.found.functions[node])

    def leave_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self._stack.pop()

    def visit_ClassDef_body(self, node: cst.ClassDef) -> None:
        self._stack.append(node)

    def leave_ClassDef_body(self, node: cst.ClassDef) -> None:
        self._stack.pop()

    def visit_Lambda_body(self, node: cst.Lambda) -> None:
        self._stack.append(None)

    def leave_Lambda_body(self, node: cst.Lambda) -> None:
        self._stack.pop()

    def visit_Yield(self, node: cst.Yield) -> None:
        if function := self._function():
            function.is_generator = True
            if isinstance(node.value, cst.From):
                function.delegations.append(node)

    def visit_For(self, node: cst.For) -> None:
        self.found.loops.append(node)
        if function := self._function():
            function.loops.append(node)

    def visit_CompFor(self, node: cst.CompFor) -> None:
        self.found.loops.append(node)
        if function := self._function():
            function.loops.append(node)

    def visit_Await(self, node: cst.Await) -> None:
        if isinstance(node.expression, cst.Subscript):
            self.found.awaited_items.append((node, node.expression))

    def visit_Return(self, node: cst.Return) -> None:
        if node.value is not None and (function := self._function()):
            function.returns_value = True

    def visit_With(self, node: cst.With) -> None:
        function = self._function()
        (function.with_statements if function else self.found.with_statements).append(node)

    def visit_Import(self, node: cst.Import) -> None:
        self.found.imports.append(node)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        self.found.imports.append(node)

    def visit_GeneratorExp(self, node: cst.GeneratorExp) -> None:
        self.found.generators.append(node)

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        if isinstance(node.target, cst.Subscript):
            self.found.subscripts.append(node.target)

    def visit_Call(self, node: cst.Call) -> None:
        self.found.calls.append(node)
        self._add(node)

    def visit_Name(self, node: cst.Name) -> None:
        if node.value.lower().startswith('flask'):
            self.found.names.append(node)

    def visit_Attribute(self, node: cst.Attribute) -> None:
        self.found.attributes.append(node)
        match self._module.parent(node):
            case cst.AssignTarget() | cst.Del():
                return
            case cst.AugAssign(target=target) | cst.AnnAssign(target=target) if target is node:
                return
        self._add(node)

    def _add(self, node: cst.Attribute | cst.Call) -> None:
        if function := self._function():
            function.expressions.append(node)
        else:
            place = Place.LAMBDA if None in self._stack else Place.MODULE
            self.found.stray.append((node, place))


def collect(modules: Sequence[Module]) -> dict[Module, Collected]:
    """Return what is in each module."""
    collected = {}
    for module in modules:
        collector = _Collector(module)
        module.tree.visit(collector)
        collected[module] = collector.found
    return collected
