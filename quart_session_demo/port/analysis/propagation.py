"""Which functions become `async def`: those that await, and then those that call these."""

from collections.abc import Iterator

import libcst as cst

from quart_session_demo.port.analysis import library
from quart_session_demo.port.analysis.call_arguments import note_arguments
from quart_session_demo.port.analysis.consumption import Consumption
from quart_session_demo.port.analysis.decorators import Decorators, find_handlers
from quart_session_demo.port.analysis.functions import Function, collect
from quart_session_demo.port.analysis.inference import Kinds
from quart_session_demo.port.analysis.kinds import (
    AnyOf,
    Decorated,
    Defined,
    Kind,
    Member,
    Named,
    Object,
    ObjectOf,
    value,
)
from quart_session_demo.port.analysis.modules import (
    FIXTURES,
    Module,
    ModuleSet,
    has_decorator,
    last_name,
)
from quart_session_demo.port.analysis.together import find_together

#: Decorators of functions that are called without being awaited.
SYNC_DECORATORS = frozenset(
    [
        'app_url_defaults',
        'app_url_value_preprocessor',
        'cache',
        'cached_property',
        'hybrid_property',
        'job',
        'lru_cache',
        'property',
        'record',
        'record_once',
        'scheduled_job',
        'setter',
        'shared_task',
        'shell_context_processor',
        'task',
        'url_defaults',
        'url_value_preprocessor',
        'validates',
    ]
)

#: Classes whose objects no library calls.
PLAIN_BASES = frozenset(
    map(Named, ['abc.ABC', 'builtins.object', 'typing.Generic', 'typing.Protocol'])
)

#: Decorators of generators that `with` enters.
CONTEXT_MANAGERS = frozenset(['asynccontextmanager', 'contextmanager'])

#: Functions that read all items of what they are given.
READERS = frozenset(
    [
        'all',
        'any',
        'dict',
        'enumerate',
        'filter',
        'frozenset',
        'join',
        'list',
        'map',
        'max',
        'min',
        'set',
        'sorted',
        'sum',
        'tuple',
        'zip',
    ]
)

#: Methods that return a coroutine function for the function that they are given.
ENSURE_ASYNC = frozenset(['ensure_async', 'ensure_sync', 'sync_to_async'])


class Propagation:
    """Finds the functions that must be async.

    Attributes:
        collected: What is in each module.
        kinds: What each expression is.
        functions: All functions, by their definitions.
        handlers: The functions of requests, and whether they belong to a route.
        origins: What `origins.origin` has found out.
    """

    def __init__(self, modules: ModuleSet, *, all_handlers: bool) -> None:
        """Find them in these modules; on request all handlers of routes, too."""
        self.modules = modules
        self.kinds = Kinds(modules)
        self.collected = collect(modules.modules)
        self.origins: dict[cst.CSTNode, str] = {}
        self.functions: dict[cst.FunctionDef, Function] = {}
        for found in self.collected.values():
            self.functions.update(found.functions)
        note_arguments(self.functions, self.calls(), self.kinds)
        self.decorators = Decorators(self.functions, self.calls(), self.kinds)
        self.handlers = find_handlers(self.functions, self.calls(), self.kinds)
        for function, is_route in self.handlers.items():
            function.is_async |= is_route and all_handlers and self.can_be_async(function)
        for function in (*self._streamed(), *self._overriding()):
            function.is_async |= self.can_be_async(function)
        self._together = find_together(self.functions, list(self.calls()), self.kinds)
        self._consumption = Consumption(self.kinds, self.calls())
        self._spread()

    def calls(self) -> Iterator[tuple[Module, cst.Call]]:
        """Yield all calls."""
        for module, found in self.collected.items():
            for call in found.calls:
                yield module, call

    @property
    def has_sync_handlers(self) -> bool:
        """Return whether Quart runs functions of a request in threads."""
        return not all(function.is_async for function in self.handlers)

    def _streamed(self) -> Iterator[Function]:
        """Yield the generators that `stream_with_context` is given: they must be async."""
        for function in self.functions.values():
            if has_decorator(function.node, ['stream_with_context']) and function.is_generator:
                yield function
        for module, call in self.calls():
            is_stream = last_name(call.func) == 'stream_with_context' and call.args
            if is_stream and (found := self.streamed_generator(module, call.args[0].value)):
                yield found

    def _overriding(self) -> Iterator[Function]:
        """Yield the methods that override a coroutine function of Quart."""
        for function in self.functions.values():
            for base in function.class_.bases if function.class_ is not None else ():
                match self.kinds.result(self.kinds.of(function.module, base.value)):
                    # Quart also calls views that are not async.
                    case Object(type_) if type_ != 'View':
                        if function.name in library.AWAITED_METHODS.get(type_, ()):
                            yield function

    def streamed_generator(self, module: Module, node: cst.BaseExpression) -> Function | None:
        """Return the generator that is called, or named, in an expression."""
        called = node.func if isinstance(node, cst.Call) else node
        match self.kinds.of(module, called):
            case Defined(_, cst.FunctionDef() as definition):
                function = self.functions[definition]
                return function if function.is_generator else None
        return None

    def _spread(self) -> None:
        changed = True
        while changed:
            changed = False
            for function in self.functions.values():
                if function.is_async:
                    for other in self._together.get(function, ()):
                        if not other.is_async and self.can_be_async(other):
                            other.is_async = changed = True
                elif not function.needs_loop and self.awaits(function):
                    if is_command(function):
                        function.needs_loop = changed = True
                    elif self.can_be_async(function):
                        function.is_async = changed = True

    def awaits(self, function: Function) -> bool:
        """Return whether a function must await something."""
        module = function.module
        return (
            any(
                self.must_await(module, node) or self.reads(module, node)
                for node in function.expressions
            )
            or any(self.is_async_with(module, node) for node in function.with_statements)
            or any(self.iterates(module, node.iter) for node in function.loops)
            or any(self.delegates(module, node) for node in function.delegations)
        )

    def iterates(self, module: Module, node: cst.BaseExpression) -> bool:
        """Return whether an expression is an iterator that needs `async for`."""
        match node:
            case cst.Call():
                match self.kinds.of(module, node.func):
                    case Defined(_, cst.FunctionDef() as definition):
                        function = self.functions[definition]
                        return (
                            function.is_async
                            and function.is_generator
                            and not has_decorator(definition, CONTEXT_MANAGERS | FIXTURES)
                        )
            case cst.Name():
                return any(
                    self.iterates(module, value)
                    for value in module.assigned(node)
                    if isinstance(value, cst.Call)
                )
        return False

    def delegates(self, module: Module, node: cst.Yield) -> bool:
        """Return whether a `yield from` needs `async for`."""
        return isinstance(node.value, cst.From) and self.iterates(module, node.value.item)

    def reads(self, module: Module, node: cst.CSTNode) -> bool:
        """Return whether a call reads all items of an asynchronous iterator."""
        return (
            isinstance(node, cst.Call)
            and last_name(node.func) in READERS
            and any(self.iterates(module, argument.value) for argument in node.args)
        )

    def can_be_async(self, function: Function) -> bool:
        """Return whether those who call a function can await it."""
        if function.class_ is not None and function.name.startswith('__'):
            # A library does not await the objects of its own classes.
            return function.name == '__call__' and all(
                isinstance(base, Defined) or base in PLAIN_BASES for base in self._bases(function)
            )
        return (
            not has_decorator(function.node, SYNC_DECORATORS)
            and not self.makes_app(function)
            and not (function.is_generator and function.returns_value)
            # An async generator cannot have `yield from`; only a statement has another form.
            and all(
                isinstance(function.module.parent(node), cst.Expr) for node in function.delegations
            )
        )

    def _bases(self, function: Function) -> list[Kind | None]:
        bases = function.class_.bases if function.class_ is not None else ()
        return [
            self.kinds.of(
                function.module,
                base.value.value if isinstance(base.value, cst.Subscript) else base.value,
            )
            for base in bases
        ]

    def makes_app(self, function: Function) -> bool:
        """Return whether a function is an app factory: servers call it without awaiting it."""
        returned = self.kinds.returned(function.module, function.node)
        return (
            is_app(self.kinds, returned)
            and not function.is_generator
            and not has_decorator(function.node, FIXTURES)
            and not function.name.startswith('test')
        )

    def must_await(self, module: Module, node: cst.Attribute | cst.Call) -> bool:
        """Return whether an expression must be awaited, and nothing awaits it."""
        return self.is_awaitable(module, node) and not self.is_awaited(module, node)

    def is_awaited(self, module: Module, node: cst.CSTNode) -> bool:
        """Return whether an expression is awaited, or given to a function that awaits it."""
        return self._consumption.is_consumed(module, node)

    def is_awaitable(self, module: Module, node: cst.Attribute | cst.Call) -> bool:
        """Return whether the value of an expression must be awaited."""
        if isinstance(node, cst.Attribute):
            match self.kinds.of(module, node):
                case Member(type_, name):
                    return name in library.AWAITED_PROPERTIES.get(type_, ())
            return False
        if isinstance(node.func, cst.Call) and last_name(node.func.func) in ENSURE_ASYNC:
            return True
        return self.returns_awaitable(self.kinds.of(module, node.func))

    def returns_awaitable(self, function: Kind | None) -> bool:
        """Return whether the call of something must be awaited."""
        match function:
            case Member(type_, name):
                return name in library.AWAITED_METHODS.get(type_, ())
            case Named(name):
                return library.short_name(name) in library.AWAITED_METHODS['module']
            case Defined(_, cst.FunctionDef() as node):
                return self._call_is_async(self.functions[node])
            case ObjectOf(module, class_):
                method = self.kinds.member_of_class(module, class_, '__call__')
                return isinstance(method, Defined) and self.returns_awaitable(method)
            case AnyOf(functions):
                return any(map(self.returns_awaitable, functions))
            case Decorated(_, decorator):
                return decorator in self.decorators.of_views or any(
                    map(self._call_is_async, self.decorators.decorated[decorator])
                )
        return False

    def _call_is_async(self, function: Function) -> bool:
        if function.is_async and not function.is_generator:
            return True
        return any(
            wrapper.is_async
            for decorator in self.decorators.of[function]
            for wrapper in self.decorators.wrappers[decorator]
        )

    def decorates_handlers(self, decorator: cst.FunctionDef) -> bool:
        """Return whether a decorator decorates functions that Quart calls."""
        return decorator in self.decorators.of_views or any(
            item in self.handlers
            for item in (
                *self.decorators.decorated[decorator],
                *self.decorators.wrappers[decorator],
            )
        )

    def is_async_with(self, module: Module, node: cst.With) -> bool:
        """Return whether a `with` statement must be `async with`."""
        return any(self.is_async_context(module, item) for item in node.items)

    def is_async_context(self, module: Module, item: cst.WithItem) -> bool:
        """Return whether an item of a `with` statement needs `async with`."""
        if isinstance(item.item, cst.Call):
            match self.kinds.of(module, item.item.func):
                case Defined(_, cst.FunctionDef() as definition):
                    function = self.functions[definition]
                    if has_decorator(definition, CONTEXT_MANAGERS):
                        return function.is_async
        match value(self.kinds.of(module, item.item)):
            case Object(type_):
                return type_ in library.ASYNC_CONTEXTS
        return False


def is_app(kinds: Kinds, kind: Kind | None) -> bool:
    """Return whether something is an app, also one of a class of the project."""
    if kind == Object('App'):
        return True
    match kinds.member(kind, 'register_blueprint'):
        case Member('App'):
            return True
    return False


def is_command(function: Function) -> bool:
    """Return whether a function is a command of Click."""
    return has_decorator(function.node, ['command', 'group'])
