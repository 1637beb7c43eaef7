"""Find out whether a coroutine is awaited elsewhere than where it is made."""

from collections.abc import Iterator
from functools import cached_property

import libcst as cst
from libcst.metadata import Assignment

from quart_session_demo.port.analysis.inference import Kinds
from quart_session_demo.port.analysis.kinds import Defined, Named
from quart_session_demo.port.analysis.modules import Module, last_name

#: Functions that are given a coroutine, and await it themselves.
CONSUMERS = frozenset(
    [
        'Task',
        'as_completed',
        'create_task',
        'ensure_future',
        'enter_async_context',
        'gather',
        'isawaitable',
        'iscoroutine',
        'run_coroutine_threadsafe',
        'run_until_complete',
        'shield',
        'wait_for',
    ]
)

#: More of them, whose names alone do not show it.
_NAMED_CONSUMERS = frozenset(['anyio.run', 'asyncio.run', 'asyncio.wait', 'trio.run', 'uvloop.run'])

#: What a parameter that is given a coroutine has in its annotation.
_AWAITABLE = ('Awaitable', 'Coroutine', 'Future')


class Consumption:
    """Knows which coroutines are awaited, in their place or elsewhere."""

    def __init__(self, kinds: Kinds, calls: Iterator[tuple[Module, cst.Call]]) -> None:
        """Know these calls."""
        self._kinds = kinds
        self._calls = list(calls)

    @cached_property
    def _awaited_functions(self) -> set[cst.CSTNode]:
        """Return the functions whose results something awaits."""
        found: set[cst.CSTNode] = set()
        for module, call in self._calls:
            if isinstance(module.parent(call), cst.Await):
                match self._kinds.of(module, call.func):
                    case Defined(_, cst.FunctionDef() as node):
                        found.add(node)
        return found

    def is_consumed(self, module: Module, node: cst.CSTNode) -> bool:
        """Return whether an expression is awaited, now or later."""
        parent = self._use(module, node)
        match parent:
            case cst.Await():
                return True
            case cst.For(iter=iterated) | cst.CompFor(iter=iterated) if iterated is node:
                # Often a method without a body, which asynchronous generators override.
                return parent.asynchronous is not None
            case cst.Arg() if isinstance(call := module.parent(parent), cst.Call):
                return (
                    self._consumes(module, call)
                    or self._takes_awaitable(module, call, parent)
                    or (self._is_coroutine(module, node) and self._is_unknown(module, call))
                )
            case cst.AssignTarget() | cst.Assign() | cst.AnnAssign() | cst.NamedExpr():
                return self._is_awaited_later(module, parent)
            case cst.Return():
                function = module.owner(parent)
                return (
                    isinstance(function, cst.FunctionDef)
                    and function.asynchronous is None
                    and function in self._awaited_functions
                )
        return False

    def _is_coroutine(self, module: Module, node: cst.CSTNode) -> bool:
        """Return whether an expression calls a function of the project that was async before."""
        if isinstance(node, cst.Call):
            match self._kinds.of(module, node.func):
                case Defined(_, cst.FunctionDef(asynchronous=cst.Asynchronous())):
                    return True
        return False

    def _is_unknown(self, module: Module, call: cst.Call) -> bool:
        """Return whether nothing is known of a method: it may take coroutines."""
        return isinstance(call.func, cst.Attribute) and self._kinds.of(module, call.func) is None

    def _use(self, module: Module, node: cst.CSTNode) -> cst.CSTNode | None:
        """Return what an expression, or a collection of it, is directly in."""
        parent = module.parent(node)
        while True:
            match parent:
                case cst.Element() | cst.StarredElement() | cst.List() | cst.Tuple() | cst.Set():
                    pass
                case cst.IfExp(test=test) if test is not node:
                    pass
                case cst.ListComp(elt=elt) | cst.GeneratorExp(elt=elt) | cst.SetComp(elt=elt) if (
                    elt is node
                ):
                    pass
                case _:
                    return parent
            node, parent = parent, module.parent(parent)

    def _is_awaited_later(self, module: Module, statement: cst.CSTNode) -> bool:
        """Return whether a name that is assigned is awaited, or given to what awaits it."""
        match statement:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name() as name)]):
                pass
            case (
                cst.AnnAssign(target=cst.Name() as name) | cst.NamedExpr(target=cst.Name() as name)
            ):
                pass
            case _:
                return False
        scope = module.scope(name)
        for assignment in scope[name.value] if scope is not None else ():
            if isinstance(assignment, Assignment) and assignment.node is name:
                return any(
                    access.node is not name and self._is_awaited_use(module, access.node)
                    for access in assignment.references
                )
        return False

    def _is_awaited_use(self, module: Module, node: cst.CSTNode) -> bool:
        parent = self._use(module, node)
        if isinstance(parent, cst.Arg) and isinstance(call := module.parent(parent), cst.Call):
            return self._consumes(module, call)
        return isinstance(parent, cst.Await)

    def _consumes(self, module: Module, call: cst.Call) -> bool:
        if last_name(call.func) in CONSUMERS:
            return True
        match self._kinds.of(module, call.func):
            case Named(name):
                return name in _NAMED_CONSUMERS
        return False

    def _takes_awaitable(self, module: Module, call: cst.Call, argument: cst.Arg) -> bool:
        """Return whether the parameter for an argument has the annotation of an awaitable."""
        match self._kinds.of(module, call.func):
            case Defined(owner, cst.FunctionDef() as function):
                skipped = int(isinstance(owner.owner(function), cst.ClassDef))
                parameters = [*function.params.params[skipped:], *function.params.kwonly_params]
            case _:
                return False
        if argument.keyword is not None:
            found = [item for item in parameters if item.name.value == argument.keyword.value]
        else:
            at = list(call.args).index(argument)
            found = parameters[at : at + 1]
        return any(
            item.annotation is not None
            and any(
                name in owner.tree.code_for_node(item.annotation.annotation) for name in _AWAITABLE
            )
            for item in found
        )
