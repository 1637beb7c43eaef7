"""Find out which library an object is of, by the calls that made it."""

import libcst as cst
from libcst.metadata import Assignment, ImportAssignment

from quart_session_demo.port.analysis.kinds import Named
from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.propagation import Propagation

#: What returns another path.
_PATHS = frozenset(
    ['absolute', 'expanduser', 'joinpath', 'parent', 'resolve', 'with_name', 'with_suffix']
)


def origin(module: Module, propagation: Propagation, node: cst.CSTNode | None) -> str:
    """Return the full name of a library's function, or of a member of what it returned.

    With `session = requests.Session()`, `session.get` is `requests.Session().get`. For all else
    it returns an empty string.
    """
    if node is None:
        return ''
    if node not in propagation.origins:
        # What is assigned from itself has no origin.
        propagation.origins[node] = ''
        propagation.origins[node] = _find(module, propagation, node)
    return propagation.origins[node]


def _find(module: Module, propagation: Propagation, node: cst.CSTNode) -> str:
    match propagation.kinds.of(module, node):
        case Named(name):
            return name
    match node:
        case cst.Attribute(value=value, attr=cst.Name(value=name)):
            owner = origin(module, propagation, value)
            if owner == 'pathlib.Path()' and name in _PATHS:
                return owner
            return f'{owner}.{name}' if owner else ''
        case cst.Call(func=func):
            called = origin(module, propagation, func)
            return f'{called}()' if called and not called.endswith('()') else called
        case cst.BinaryOperation(left=left, operator=cst.Divide()):
            # A path, such as `FOLDER / 'name'`.
            return origin(module, propagation, left)
        case cst.Name():
            return _of_name(module, propagation, node)
    return ''


def _of_name(module: Module, propagation: Propagation, name: cst.Name) -> str:
    scope = module.scope(name)
    for assignment in scope[name.value] if scope is not None else ():
        match assignment:
            case ImportAssignment():
                names = assignment.get_qualified_names_for(name.value)
                package, _, member = module.absolute(min(item.name for item in names)).rpartition(
                    '.'
                )
                imported = propagation.modules.find(package)
                if imported is not None and imported.tree.body:
                    return _assigned(imported, propagation, member, imported.tree.body[0])
            case Assignment(node=node):
                if found := _of_target(module, propagation, node):
                    return found
    return ''


def _assigned(module: Module, propagation: Propagation, name: str, node: cst.CSTNode) -> str:
    scope = module.scope(node)
    for assignment in scope[name] if scope is not None else ():
        if isinstance(assignment, Assignment) and (
            found := _of_target(module, propagation, assignment.node)
        ):
            return found
    return ''


def _of_target(module: Module, propagation: Propagation, node: cst.CSTNode) -> str:
    """Return the origin of what is assigned to a name."""
    if isinstance(node, cst.Param):
        annotation = node.annotation.annotation if node.annotation is not None else None
        class_ = origin(module, propagation, annotation)
        return f'{class_}()' if class_ else ''
    match module.parent(node):
        case cst.AssignTarget() as target:
            statement = module.parent(target)
            if isinstance(statement, cst.Assign):
                return origin(module, propagation, statement.value)
        case cst.AnnAssign(value=value) | cst.NamedExpr(value=value):
            return origin(module, propagation, value)
        case cst.AsName() as name:
            item = module.parent(name)
            if isinstance(item, cst.WithItem):
                return origin(module, propagation, item.item)
    return ''
