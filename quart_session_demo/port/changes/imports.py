"""Import from Quart what was imported from Flask, under the names that Quart has."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import libcst as cst
from libcst.metadata import ImportAssignment

from quart_session_demo.port.analysis.library import has_counterpart
from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.changes.module_changes import Changes
from quart_session_demo.port.changes.rewrite import Edit, rename

#: Flask's names that Quart has under another name.
RENAMED = {
    'Flask': 'Quart',
    'FlaskClient': 'QuartClient',
    'FlaskCliRunner': 'QuartCliRunner',
    'FlaskGroup': 'QuartGroup',
}

#: Names that Flask had once, and where they are.
MOVED = {'flask.Markup': 'markupsafe.Markup', 'flask.escape': 'markupsafe.escape'}


def full_name(node: cst.BaseExpression | None) -> str:
    """Return a dotted name, such as `flask.views`; an empty string for anything else."""
    match node:
        case cst.Name(value=name):
            return name
        case cst.Attribute(value=owner, attr=cst.Name(value=name)):
            package = full_name(owner)
            return f'{package}.{name}' if package else ''
    return ''


def dotted(name: str) -> cst.Name | cst.Attribute:
    """Return the expression of a dotted name."""
    first, *others = name.split('.')
    node: cst.Name | cst.Attribute = cst.Name(first)
    for other in others:
        node = cst.Attribute(node, cst.Name(other))
    return node


def is_flask(name: str) -> bool:
    """Return whether a full name is `flask` or something in it."""
    return name == 'flask' or name.startswith('flask.')


def quart_name(name: str) -> str:
    """Return the full name of Quart's counterpart of a module of Flask's."""
    return f'quart{name.removeprefix("flask")}'


def change_imports(changes: Changes, names: Iterable[cst.Name]) -> None:
    """Import from Quart, and rename the uses."""
    changes.module.tree.visit(_Imports(changes))
    for node, new in renamed_references(changes.module, names):
        changes.also(node, rename(new))


def renamed_references(module: Module, names: Iterable[cst.Name]) -> Iterator[tuple[cst.Name, str]]:
    """Yield the uses of Flask and of its renamed classes, with their new names."""
    for node in names:
        imported = _imported_name(module, node)
        if imported == 'flask':
            yield node, 'quart'
            parent = module.parent(node)
            if isinstance(parent, cst.Attribute) and parent.attr.value in RENAMED:
                yield parent.attr, RENAMED[parent.attr.value]
        elif is_flask(imported) and imported.endswith(f'.{node.value}') and node.value in RENAMED:
            yield node, RENAMED[node.value]


def _imported_name(module: Module, node: cst.Name) -> str:
    """Return the full name of what a name refers to, if it was imported."""
    scope = module.scope(node)
    for assignment in scope[node.value] if scope is not None else ():
        if isinstance(assignment, ImportAssignment):
            names = {name.name for name in assignment.get_qualified_names_for(node.value)}
            return (
                'flask'
                if names == {'flask'} and node.value == 'flask'
                else min(names - {'flask'}, default='')
            )
    return ''


def replace_import(changes: Changes, names: Sequence[cst.Name], new: str) -> None:
    """Import what takes the place of a name; not the name, if all its uses are replaced."""
    if not names:
        return
    scope = changes.module.scope(names[0])
    for assignment in scope[names[0].value] if scope is not None else ():
        if isinstance(assignment, ImportAssignment) and isinstance(assignment.node, cst.ImportFrom):
            uses = {access.node for access in assignment.references}
            if uses == set(names) and not isinstance(assignment.node.names, cst.ImportStar):
                for alias in assignment.node.names:
                    if full_name(alias.name) == names[0].value and alias.asname is None:
                        changes.also(alias.name, rename(new.rpartition('.')[2]))
                        return
    changes.imports.add(new)


class _Imports(cst.CSTVisitor):
    """Changes the import statements."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._in_annotation = False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        module = full_name(node.module)
        if node.relative or not is_flask(module):
            return
        if isinstance(node.names, cst.ImportStar):
            self._add(node, lambda node: node.with_changes(module=dotted(quart_name(module))))
            return
        names = {alias: f'{module}.{full_name(alias.name)}' for alias in node.names}
        ported = [
            alias for alias, name in names.items() if has_counterpart(name) and name not in MOVED
        ]
        for alias, name in names.items():
            short = full_name(alias.name)
            if short in RENAMED:
                self._changes.also(alias.name, rename(RENAMED[short]))
            if name in MOVED:
                self._changes.imports.add(MOVED[name])
            elif alias not in ported and ported:
                self._changes.imports.add(name)
        if len(ported) == len(names):
            self._add(node, lambda node: node.with_changes(module=dotted(quart_name(module))))
        elif ported:
            kept = [index for index, alias in enumerate(node.names) if alias in ported]
            self._add(
                node, lambda node: _keep(node, kept).with_changes(module=dotted(quart_name(module)))
            )
        elif any(name in MOVED for name in names.values()):
            self._add(node, lambda _: cst.RemoveFromParent())

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            name = full_name(alias.name)
            if is_flask(name) and has_counterpart(name):
                self._add(alias, _replace_name(quart_name(name)))

    def visit_Annotation(self, node: cst.Annotation) -> None:
        self._in_annotation = True

    def leave_Annotation(self, original_node: cst.Annotation) -> None:
        self._in_annotation = False

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        if self._in_annotation and (new := self._renamed(node)) != node.value:
            self._changes.also(node, rename(new))

    def _renamed(self, node: cst.SimpleString) -> str:
        """Return the source of a string annotation with Quart's names."""
        scope = self._changes.module.scope(node)

        def new_name(found: re.Match[str]) -> str:
            first, *others = found[0].split('.')
            for assignment in scope[first] if scope is not None else ():
                if isinstance(assignment, ImportAssignment):
                    imported = min(
                        item.name for item in assignment.get_qualified_names_for(assignment.name)
                    )
                    if imported == 'flask':
                        return '.'.join(['quart', *(RENAMED.get(item, item) for item in others)])
                    if imported == f'flask.{first}':
                        return '.'.join([RENAMED.get(first, first), *others])
            return found[0]

        return re.sub(r'\b[A-Za-z_][\w.]*', new_name, node.value)

    def _add(self, node: cst.CSTNode, edit: Edit) -> None:
        self._changes.add(
            node, edit, 'flask-import', 'this is imported from Flask', 'import it from Quart'
        )


def _replace_name(name: str) -> Edit:
    return lambda node: node.with_changes(name=dotted(name))


def _keep(node: cst.ImportFrom, indexes: list[int]) -> cst.ImportFrom:
    """Return an import of some of its names."""
    aliases = cast(Sequence[cst.ImportAlias], node.names)
    names = [aliases[index] for index in indexes]
    names[-1] = names[-1].with_changes(comma=aliases[-1].comma)
    return node.with_changes(names=names)


def imported_modules(statement: cst.Import | cst.ImportFrom) -> list[str]:
    """Return the full names of the modules that a statement imports, or imports from."""
    if isinstance(statement, cst.Import):
        return [full_name(alias.name) for alias in statement.names]
    return [] if statement.relative else [full_name(statement.module)]


def imports_flask(statement: cst.Import | cst.ImportFrom) -> bool:
    """Return whether a statement imports Flask, or something of it."""
    return any(map(is_flask, imported_modules(statement)))
