"""The Python modules to port, and what LibCST knows of the names in them."""

import os
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import libcst as cst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import (
    Assignment,
    CodePosition,
    CodeRange,
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    Scope,
    ScopeProvider,
)

#: Decorators of pytest's fixtures.
FIXTURES = frozenset(['fixture', 'yield_fixture'])


@dataclass(eq=False)
class Module:
    """A module with its syntax tree.

    Attributes:
        path: The file.
        name: The name that other modules import, such as `flaskr.db`.
        wrapper: The syntax tree with its metadata.
        was_ported: Whether a port has just changed it.
    """

    path: Path
    name: str
    wrapper: MetadataWrapper
    was_ported: bool = False
    _parents: dict[cst.CSTNode, cst.CSTNode] = field(init=False, repr=False)
    _scopes: dict[cst.CSTNode, Scope | None] = field(init=False, repr=False)
    _ranges: dict[cst.CSTNode, CodeRange] = field(init=False, repr=False)
    _members: dict[
        cst.ClassDef, dict[str, list[tuple[cst.FunctionDef | None, cst.BaseExpression | None]]]
    ] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Compute the metadata."""
        # Together, some of them share one pass.
        found = self.wrapper.resolve_many([ParentNodeProvider, PositionProvider, ScopeProvider])
        self._parents = _mapping(found[ParentNodeProvider])
        self._ranges = _mapping(found[PositionProvider])
        self._scopes = _mapping(found[ScopeProvider])

    @property
    def tree(self) -> cst.Module:
        """Return the syntax tree."""
        return self.wrapper.module

    @property
    def package(self) -> str:
        """Return the package that relative imports start from."""
        return self.name if self.path.name == '__init__.py' else self.name.rpartition('.')[0]

    @cached_property
    def is_test(self) -> bool:
        """Return whether pytest reads the module: a file of tests, or a `conftest.py`."""
        stem = self.path.stem
        return stem.startswith('test_') or stem.endswith('_test') or stem in ('conftest', 'tests')

    @cached_property
    def fixtures(self) -> dict[str, cst.FunctionDef]:
        """Return the pytest fixtures that the module defines, by name."""
        found = {}
        for node in self.tree.body:
            if isinstance(node, cst.FunctionDef):
                for decorator in node.decorators:
                    if decorator_name(decorator) in FIXTURES:
                        found[_fixture_name(decorator) or node.name.value] = node
        return found

    @cached_property
    def star_imports(self) -> list[str]:
        """Return the modules of which the module imports all names."""
        collector = _StarImports()
        self.tree.visit(collector)
        return [self.absolute(name) for name in collector.names]

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """Return the node that a node is directly in."""
        return self._parents.get(node)

    def parents(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield the nodes that a node is in, from the inside to the outside."""
        while (node_or_none := self._parents.get(node)) is not None:
            node = node_or_none
            yield node

    def scope(self, node: cst.CSTNode) -> Scope | None:
        """Return the scope that a node is in."""
        return self._scopes.get(node)

    def position(self, node: cst.CSTNode) -> CodePosition:
        """Return the line, from 1, and the column, from 0, at which a node starts."""
        return self._ranges[node].start

    def line(self, node: cst.CSTNode) -> int:
        """Return the line at which a node starts, from 1."""
        return self.position(node).line

    def owner(self, node: cst.CSTNode) -> cst.FunctionDef | cst.ClassDef | None:
        """Return the function or class that a node is directly in."""
        for item in self.parents(node):
            if isinstance(item, cst.FunctionDef | cst.ClassDef):
                return item
        return None

    def absolute(self, name: str) -> str:
        """Return the full name of an import; dots at its start are relative to this module."""
        stripped = name.lstrip('.')
        level = len(name) - len(stripped)
        if not level:
            return name
        package = self.package.split('.')
        return '.'.join([*package[: len(package) - level + 1], stripped]).strip('.')

    def assigned(self, name: cst.Name) -> Iterator[cst.BaseExpression]:
        """Yield what `name = …` assigns to a name."""
        scope = self.scope(name)
        for assignment in scope[name.value] if scope is not None else ():
            if isinstance(assignment, Assignment):
                target = self.parent(assignment.node)
                statement = self.parent(target) if target is not None else None
                if isinstance(target, cst.AssignTarget) and isinstance(statement, cst.Assign):
                    yield statement.value

    def returned(self, function: cst.FunctionDef) -> list[cst.BaseExpression]:
        """Return what a function returns or yields."""
        collector = _Returned(function)
        function.body.visit(collector)
        return collector.expressions

    def members(
        self, class_: cst.ClassDef, name: str
    ) -> list[tuple[cst.FunctionDef | None, cst.BaseExpression | None]]:
        """Return the methods of a name, and what is assigned to the attribute of this name."""
        if class_ not in self._members:
            collector = _Members()
            class_.body.visit(collector)
            self._members[class_] = collector.members
        return self._members[class_].get(name, [])


class _StarImports(cst.CSTVisitor):
    """Collects the modules of `from … import *` outside of functions."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:
        for item in node.body:
            if isinstance(item, cst.ImportFrom) and isinstance(item.names, cst.ImportStar):
                module = get_full_name_for_node(item.module) if item.module else ''
                self.names.append('.' * len(item.relative) + (module or ''))
        return False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False


class _Returned(cst.CSTVisitor):
    """Collects what a function, but no function in it, returns or yields."""

    def __init__(self, function: cst.FunctionDef) -> None:
        self.expressions: list[cst.BaseExpression] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def visit_Return(self, node: cst.Return) -> None:
        if node.value is not None:
            self.expressions.append(node.value)

    def visit_Yield(self, node: cst.Yield) -> None:
        if isinstance(node.value, cst.BaseExpression):
            self.expressions.append(node.value)


class _Members(cst.CSTVisitor):
    """Collects the methods and attributes of a class."""

    def __init__(self) -> None:
        self.members: dict[str, list[tuple[cst.FunctionDef | None, cst.BaseExpression | None]]] = {}
        self._functions: list[cst.FunctionDef] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        if not self._functions:
            self.members.setdefault(node.name.value, []).append((node, None))
        self._functions.append(node)
        return True

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self._functions.pop()

    def visit_Assign(self, node: cst.Assign) -> None:
        for target in node.targets:
            self._add(target.target, node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self._add(node.target, node.value)

    def _add(self, target: cst.BaseExpression, value: cst.BaseExpression | None) -> None:
        match target:
            case cst.Name(value=name) if not self._functions:
                self.members.setdefault(name, []).append((None, value))
            case cst.Attribute(value=cst.Name(value='self'), attr=cst.Name(value=name)):
                self.members.setdefault(name, []).append((None, value))


class ModuleSet:
    """The modules of the given paths, found by the names that imports use."""

    def __init__(self, modules: Iterable[Module]) -> None:
        """Find these modules."""
        self.modules = list(modules)
        self._by_name = {module.name: module for module in self.modules}
        self._by_path = {module.path: module for module in self.modules}

    def __iter__(self) -> Iterator[Module]:
        """Yield the modules."""
        return iter(self.modules)

    def find(self, name: str) -> Module | None:
        """Return the module with a name; None if it is not one of the given paths'."""
        return self._by_name.get(name)

    def fixture(self, module: Module, name: str) -> tuple[Module, cst.FunctionDef] | None:
        """Return the pytest fixture of a name that a test of a module gets."""
        folders = module.path.parents
        candidates = [module, *(self._by_path.get(folder / 'conftest.py') for folder in folders)]
        for candidate in candidates:
            if candidate is not None and (found := candidate.fixtures.get(name)):
                return candidate, found
        return None


def last_name(node: cst.BaseExpression) -> str:
    """Return the last part of a name, such as `run` of `asyncio.run`."""
    match node:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
    return ''


def decorator_name(node: cst.Decorator) -> str:
    """Return the last name of a decorator, such as `route` for `@app.route('/')`."""
    expression = node.decorator
    if isinstance(expression, cst.Call):
        expression = expression.func
    match expression:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
    return ''


def _fixture_name(decorator: cst.Decorator) -> str | None:
    """Return the name that `@pytest.fixture(name=…)` gives."""
    if isinstance(decorator.decorator, cst.Call):
        for argument in decorator.decorator.args:
            match argument:
                case cst.Arg(keyword=cst.Name(value='name'), value=cst.SimpleString() as value):
                    return str(value.evaluated_value)
    return None


def _mapping(metadata: Any) -> dict[Any, Any]:
    return dict(metadata)


def module_name(path: Path, root: Path) -> str:
    """Return the name that imports use for a file.

    It begins at the outermost folder with an `__init__.py`; without one, at the given root.
    """
    # The parent of a relative path may be the path itself.
    path, root = Path(os.path.abspath(path)), Path(os.path.abspath(root))  # noqa: PTH100
    parts = [] if path.name == '__init__.py' else [path.stem]
    folder = path.parent
    if (folder / '__init__.py').exists():
        while (folder / '__init__.py').exists():
            parts.insert(0, folder.name)
            folder = folder.parent
    else:
        parts = [*folder.relative_to(root).parts, *parts]
    return '.'.join(parts)


def has_decorator(node: cst.FunctionDef, names: Container[str]) -> bool:
    """Return whether a function has a decorator whose last name is one of these."""
    return any(decorator_name(item) in names for item in node.decorators)
