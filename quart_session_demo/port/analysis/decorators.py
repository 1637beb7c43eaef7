"""The decorators of the project: what they decorate, and which functions they put in its place."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import libcst as cst

from quart_session_demo.port.analysis import library
from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.inference import Kinds
from quart_session_demo.port.analysis.kinds import Decorated, Defined, Member
from quart_session_demo.port.analysis.modules import Module, has_decorator


class Decorators:
    """Knows each decorator of the project by its definition.

    Attributes:
        decorated: The functions that have a decorator: a function, or `__call__` of an object.
        of: The decorators of a function.
        wrappers: The functions in a decorator that call the function that it was given.
        of_views: The decorators that are given what `as_view` returns: a coroutine function.
    """

    def __init__(
        self,
        functions: dict[cst.FunctionDef, Function],
        calls: Iterable[tuple[Module, cst.Call]],
        kinds: Kinds,
    ) -> None:
        """Find the decorators of these functions, also those that are applied by these calls."""
        self._kinds = kinds
        self._functions = functions
        self.decorated: defaultdict[cst.FunctionDef, list[Function]] = defaultdict(list)
        self.of_views: set[cst.FunctionDef] = set()
        self.wrappers: defaultdict[cst.FunctionDef, list[Function]] = defaultdict(list)
        self.of: defaultdict[Function, list[cst.FunctionDef]] = defaultdict(list)
        for function in functions.values():
            for is_factory, definition in self._definitions(function):
                (kinds.decorator_factories if is_factory else kinds.decorators).add(definition)
                self.decorated[definition].append(function)
                self.of[function].append(definition)
        for module, call in calls:
            self._note_call(module, call)
        kinds.forget()
        for function in functions.values():
            for node in function.expressions:
                if isinstance(node, cst.Call):
                    match kinds.of(function.module, node.func):
                        case Decorated(_, decorator):
                            self.wrappers[decorator].append(function)

    def _note_call(self, module: Module, call: cst.Call) -> None:
        """Note a decorator that is applied as in `view = decorator(view)`."""
        is_factory = isinstance(call.func, cst.Call)
        called = call.func.func if isinstance(call.func, cst.Call) else call.func
        match self._kinds.of(module, called), [item.value for item in call.args]:
            case Defined(owner, cst.FunctionDef() as definition), [argument] if (
                self._returns_wrapper(owner, definition)
            ):
                kinds = self._kinds
                decorators = kinds.decorator_factories if is_factory else kinds.decorators
                match argument, kinds.of(module, argument):
                    case cst.Call(func=cst.Attribute(attr=cst.Name(value='as_view'))), _:
                        decorators.add(definition)
                        self.of_views.add(definition)
                    case _, Defined(_, cst.FunctionDef() as decorated):
                        decorators.add(definition)
                        self.decorated[definition].append(self._functions[decorated])

    def _returns_wrapper(self, module: Module, definition: cst.FunctionDef) -> bool:
        """Return whether a function returns a function that is in it."""
        for expression in module.returned(definition):
            match self._kinds.of(module, expression):
                case Defined(_, cst.FunctionDef() as inner):
                    parent = self._functions[inner].parent
                    if parent is not None and parent.node is definition:
                        return True
        return False

    def _definitions(self, function: Function) -> Iterator[tuple[bool, cst.FunctionDef]]:
        """Yield what decorates a function, and whether it returns a decorator."""
        for module, expression in self._expressions(function):
            if method := self._kinds.call_method(module, expression):
                yield False, method
                continue
            is_factory = isinstance(expression, cst.Call)
            called = expression.func if isinstance(expression, cst.Call) else expression
            match self._kinds.of(module, called):
                case Defined(_, cst.FunctionDef() as definition):
                    yield is_factory, definition

    def _expressions(self, function: Function) -> Iterator[tuple[Module, cst.BaseExpression]]:
        for expression in decorator_expressions(function):
            yield function.module, expression
        class_ = function.class_
        if class_ is not None and function.name in library.VIEW_METHODS:
            yield from self._inherited(function.module, class_)

    def _inherited(
        self, module: Module, class_: cst.ClassDef
    ) -> Iterator[tuple[Module, cst.BaseExpression]]:
        """Yield the `decorators` that a view without its own has from its bases."""
        for base in () if module.members(class_, 'decorators') else class_.bases:
            match self._kinds.of(module, base.value):
                case Defined(owner, cst.ClassDef() as parent) if parent is not class_:
                    for expression in _listed_decorators(owner, parent):
                        yield owner, expression
                    yield from self._inherited(owner, parent)


def decorator_expressions(function: Function) -> Iterator[cst.BaseExpression]:
    """Yield what decorates a function; for a method of a view, also the view's `decorators`."""
    for decorator in function.node.decorators:
        yield decorator.decorator
    if function.class_ is not None and function.name in library.VIEW_METHODS:
        yield from _listed_decorators(function.module, function.class_)


def _listed_decorators(module: Module, class_: cst.ClassDef) -> Iterator[cst.BaseExpression]:
    for _, assigned in module.members(class_, 'decorators'):
        if isinstance(assigned, cst.List | cst.Tuple):
            yield from (element.value for element in assigned.elements)


def find_handlers(
    functions: dict[cst.FunctionDef, Function],
    calls: Iterator[tuple[Module, cst.Call]],
    kinds: Kinds,
) -> dict[Function, bool]:
    """Return the functions that Quart calls for a request, and whether they belong to a route."""
    handlers: dict[Function, bool] = {}
    for function in functions.values():
        if has_decorator(function.node, library.ROUTE_DECORATORS) or (
            function.name in library.VIEW_METHODS and is_view_method(function, kinds)
        ):
            handlers[function] = True
        elif has_decorator(function.node, library.REQUEST_DECORATORS):
            handlers[function] = False
    for module, call in calls:
        name = called_name(call)
        if name == 'add_url_rule' or name in library.REQUEST_DECORATORS:
            for argument in call.args:
                match kinds.of(module, argument.value):
                    case Defined(_, cst.FunctionDef() as definition):
                        handlers[functions[definition]] = name == 'add_url_rule'
    return handlers


def called_name(call: cst.Call) -> str:
    """Return the last name of what a call calls, such as `route` for `app.route('/')(view)`."""
    called = call.func.func if isinstance(call.func, cst.Call) else call.func
    return called.attr.value if isinstance(called, cst.Attribute) else ''


def is_view_method(function: Function, kinds: Kinds) -> bool:
    """Return whether a method belongs to a class-based view."""
    if function.class_ is None:
        return False
    match kinds.member_of_class(function.module, function.class_, 'as_view'):
        case Member('View'):
            return True
    return False
