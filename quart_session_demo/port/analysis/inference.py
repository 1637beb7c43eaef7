"""Find out what expressions are."""

from collections.abc import Iterable

import libcst as cst
from libcst.metadata import Assignment, BaseAssignment, BuiltinAssignment, ImportAssignment

from quart_session_demo.port.analysis import library
from quart_session_demo.port.analysis.annotations import annotated_kind
from quart_session_demo.port.analysis.kinds import (
    AnyOf,
    Decorated,
    Defined,
    InModule,
    Kind,
    Many,
    Member,
    Named,
    Object,
    ObjectOf,
    any_of,
    element,
    is_coroutine_method,
    library_kind,
    value,
)
from quart_session_demo.port.analysis.modules import Module, ModuleSet, has_decorator

#: Modules whose members are known.
_FLASK = frozenset(['flask', 'quart'])


class Kinds:
    """Finds out what expressions are, without running anything.

    What is unknown is None.
    """

    def __init__(self, modules: ModuleSet) -> None:
        """Know these modules."""
        self._modules = modules
        self._known: dict[cst.CSTNode, Kind | None] = {}
        self._returned: dict[cst.FunctionDef, Kind | None] = {}
        self._arguments: dict[cst.Param, list[tuple[Module, cst.BaseExpression]]] = {}
        #: Functions that `app.after_request(…)` registers.
        self.after_request: set[cst.FunctionDef] = set()
        self._searched: set[tuple[Module, str]] = set()
        #: The names whose meaning is looked for just now.
        self._pending: set[str] = set()
        #: Functions used as `@decorator`, and functions used as `@decorator(…)`.
        self.decorators: set[cst.FunctionDef] = set()
        self.decorator_factories: set[cst.FunctionDef] = set()

    def of(self, module: Module, node: cst.CSTNode | None) -> Kind | None:
        """Return what an expression is."""
        if node is None:
            return None
        if node not in self._known:
            # A name that is assigned from itself is unknown.
            self._known[node] = None
            self._known[node] = self._infer(module, node)
        return self._known[node]

    def forget(self) -> None:
        """Infer all kinds anew, because decorators or arguments have become known."""
        self._known.clear()
        self._returned.clear()

    def add_argument(self, parameter: cst.Param, module: Module, value: cst.BaseExpression) -> None:
        """Note what a call passes to a parameter."""
        self._arguments.setdefault(parameter, []).append((module, value))

    def _infer(self, module: Module, node: cst.CSTNode) -> Kind | None:
        match node:
            case cst.Name():
                return self._of_name(module, node) or self._narrowed(module, node)
            case cst.Attribute(value=cst.Call(func=cst.Name(value='super'), args=[])):
                owner = next(
                    (item for item in module.parents(node) if isinstance(item, cst.ClassDef)), None
                )
                return self._inherited(module, owner, node.attr.value) if owner else None
            case cst.Attribute():
                return self.member(self.of(module, node.value), node.attr.value)
            case cst.Call():
                return self._of_call(module, node)
            case cst.Await():
                return self.of(module, node.expression)
            case cst.Subscript():
                return element(value(self.of(module, node.value)))
            case cst.NamedExpr():
                return self.of(module, node.value)
            case cst.BooleanOperation():
                return self.of(module, node.left) or self.of(module, node.right)
            case cst.IfExp():
                return self.of(module, node.body) or self.of(module, node.orelse)
            case cst.Dict(elements=elements):
                return self._of_collection(module, [item.value for item in elements])
            case cst.List(elements=elements) | cst.Tuple(elements=elements):
                return self._of_collection(module, [item.value for item in elements])
        return None

    def _of_name(self, module: Module, node: cst.Name) -> Kind | None:
        scope = module.scope(node)
        if scope is None:
            return None
        assignment = _nearest(module, node, scope[node.value])
        if assignment is None:
            return self._of_star_imports(module, node.value)
        return self.of_assignment(module, assignment)

    def _narrowed(self, module: Module, node: cst.Name) -> Kind | None:
        """Return what a name is below `if isinstance(name, …)`."""
        for outer in module.parents(node):
            match outer:
                case cst.FunctionDef():
                    return None
                case cst.If(
                    test=cst.Call(
                        func=cst.Name(value='isinstance'),
                        args=[cst.Arg(value=cst.Name(value=name)), cst.Arg(value=class_)],
                    ),
                    body=body,
                ) if name == node.value and body in module.parents(node):
                    return self.result(self.of(module, class_))
        return None

    def _of_star_imports(self, module: Module, name: str) -> Kind | None:
        """Return what a name is that `from … import *` may have imported."""
        if not module.star_imports or (module, name) in self._searched:
            return None
        # Modules may import all names of each other.
        self._searched.add((module, name))
        try:
            return self._search_star_imports(module, name)
        finally:
            self._searched.remove((module, name))

    def _search_star_imports(self, module: Module, name: str) -> Kind | None:
        for imported in module.star_imports:
            match self.named(imported):
                case InModule(found) if found is not module:
                    if kind := self.member(InModule(found), name):
                        return kind
                case Named(package) if library.is_known(f'{package}.{name}'):
                    return library_kind(f'{package}.{name}')
        return None

    def _of_collection(self, module: Module, items: list[cst.BaseExpression]) -> Kind | None:
        """Return what a collection of functions, or of objects of one type, is."""
        kinds = [self.of(module, item) for item in items]
        if found := any_of(kinds):
            return Many(found)
        types = {value(kind) for kind in kinds}
        match types.pop() if len(types) == 1 else None:
            case Object() as object_:
                return Many(object_)
        return None

    def of_assignment(self, module: Module, assignment: BaseAssignment | None) -> Kind | None:
        """Return what an assignment, an import or a definition gives a name."""
        match assignment:
            case BuiltinAssignment(name=name):
                return Named(f'builtins.{name}')
            case ImportAssignment():
                names = assignment.get_qualified_names_for(assignment.name)
                return self.named(module.absolute(min(name.name for name in names)))
            case Assignment(node=cst.FunctionDef() | cst.ClassDef() as node):
                return Defined(module, node)
            case Assignment(node=cst.Param() as node):
                return self._of_parameter(module, node)
            case Assignment(node=node):
                return self._of_target(module, node)
        return None

    def named(self, name: str) -> Kind | None:
        """Return what a full name means: something of the project, else of a library."""
        if found := self._modules.find(name):
            return InModule(found)
        if name in self._pending:
            # A package may import a name from its own module of that name.
            return None
        self._pending.add(name)
        package, _, member = name.rpartition('.')
        owner = self.named(package) if package else None
        kind = self.member(owner, member) if isinstance(owner, InModule) else library_kind(name)
        self._pending.discard(name)
        return kind

    def _of_target(self, module: Module, node: cst.CSTNode) -> Kind | None:
        """Return what is assigned to a name."""
        match module.parent(node):
            case cst.AssignTarget() as target:
                statement = module.parent(target)
                assigned = statement.value if isinstance(statement, cst.Assign) else None
                kind = self.of(module, assigned)
                return kind if is_coroutine_method(kind) else value(kind)
            case cst.AnnAssign(annotation=annotation, value=assigned):
                return annotated_kind(self, module, annotation) or value(self.of(module, assigned))
            case cst.NamedExpr(value=assigned):
                return value(self.of(module, assigned))
            case cst.For(iter=iterated) | cst.CompFor(iter=iterated):
                return element(value(self.of(module, iterated)))
            case cst.Element() as element_:
                return self._of_item(module, element_)
            case cst.AsName() as name:
                item = module.parent(name)
                entered = item.item if isinstance(item, cst.WithItem) else None
                return _entered(value(self.of(module, entered)))
        return None

    def _of_item(self, module: Module, item: cst.Element) -> Kind | None:
        """Return what a name in a tuple is.

        The tuple is that of `for key, value in ….items()`, or of `a, b = …, …`.
        """
        pair = module.parent(item)
        outer = module.parent(pair) if pair is not None else None
        match pair, outer:
            case cst.Tuple(elements=targets), cst.AssignTarget():
                match module.parent(outer):
                    case cst.Assign(value=cst.Tuple(elements=assigned)) if len(assigned) == len(
                        targets
                    ):
                        index = next(i for i, target in enumerate(targets) if target is item)
                        return value(self.of(module, assigned[index].value))
            case (
                cst.Tuple(elements=[_, second]),
                cst.For(iter=iterated) | cst.CompFor(iter=iterated),
            ) if second is item:
                match iterated:
                    case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value='items'))):
                        return element(value(self.of(module, owner)))
        return None

    def passed(self, module: Module, name: cst.Name) -> list[tuple[Module, cst.BaseExpression]]:
        """Return what calls pass to the parameter that a name refers to."""
        scope = module.scope(name)
        found = []
        for assignment in scope[name.value] if scope is not None else ():
            if isinstance(assignment, Assignment) and isinstance(assignment.node, cst.Param):
                found += self._arguments.get(assignment.node, [])
        return found

    def _of_parameter(self, module: Module, node: cst.Param) -> Kind | None:
        if found := annotated_kind(self, module, node.annotation):
            return found
        function = next(
            (item for item in module.parents(node) if isinstance(item, cst.FunctionDef)), None
        )
        if function is None:
            return None
        first = next(iter(function.params.params), None)
        owner = module.owner(function)
        if node is first and isinstance(owner, cst.ClassDef):
            if has_decorator(function, ['classmethod']):
                return Defined(module, owner)
            if not has_decorator(function, ['staticmethod']):
                return ObjectOf(module, owner)
        if isinstance(owner, cst.ClassDef) and function.name.value == '__call__':
            # Of an object that is a decorator.
            first = next(iter(function.params.params[1:]), None)
        if node is first and function in self.decorators:
            return Decorated(module, function)
        if (
            node is first
            and isinstance(owner, cst.FunctionDef)
            and owner in self.decorator_factories
        ):
            return Decorated(module, owner)
        if node is first and (
            function in self.after_request or has_decorator(function, library.AFTER_REQUEST)
        ):
            return Object('Response')
        name = node.name.value
        if module.is_test and (fixture := self._modules.fixture(module, name)):
            return self.returned(*fixture)
        given = [
            value(self.of(caller, argument)) for caller, argument in self._arguments.get(node, [])
        ]
        passed = any_of(given) or next((item for item in given if item is not None), None)
        if passed is not None:
            return passed
        known = library.TEST_PARAMETERS.get(name) if module.is_test else None
        return Object(known) if known else None

    def member(self, owner: Kind | None, name: str) -> Kind | None:
        """Return what a member of something is."""
        match value(owner):
            case InModule(module):
                scope = module.scope(module.tree.body[0]) if module.tree.body else None
                if assignments := list(scope[name]) if scope else []:
                    return self.of_assignment(module, assignments[-1])
                if found := self._modules.find(f'{module.name}.{name}'):
                    return InModule(found)
                return self._of_star_imports(module, name)
            case Named(package) if package in _FLASK or name not in library.DISTINCTIVE_MEMBERS:
                return library_kind(f'{package}.{name}')
            case ObjectOf(module, node) | Defined(module, cst.ClassDef() as node):
                return self.member_of_class(module, node, name)
            case Object(type_):
                return Member(type_, name)
        distinctive = library.DISTINCTIVE_MEMBERS.get(name)
        return Member(distinctive, name) if distinctive else None

    def member_of_class(self, module: Module, node: cst.ClassDef, name: str) -> Kind | None:
        """Return what a member of a class of the project is."""
        for definition, assigned in module.members(node, name):
            if definition is not None:
                return Defined(module, definition)
            if found := value(self.of(module, assigned)):
                return found
        return self._inherited(module, node, name)

    def _inherited(self, module: Module, node: cst.ClassDef, name: str) -> Kind | None:
        """Return what a member of the bases of a class is."""
        for base in node.bases:
            match self.of(module, base.value):
                case Defined(found_module, cst.ClassDef() as found_node):
                    if found := self.member_of_class(found_module, found_node, name):
                        return found
                case Named() as library_class:
                    match self.result(library_class):
                        case Object(type_):
                            return Member(type_, name)
        return None

    def call_method(self, module: Module, node: cst.BaseExpression) -> cst.FunctionDef | None:
        """Return `__call__` of an object of the project."""
        match self.of(module, node):
            case ObjectOf(owner, class_):
                match self.member_of_class(owner, class_, '__call__'):
                    case Defined(_, cst.FunctionDef() as method):
                        return method
        return None

    def _of_call(self, module: Module, node: cst.Call) -> Kind | None:
        match node.func:
            case cst.Attribute(value=owner_node, attr=cst.Name(value='get' | 'pop')):
                match self.of(module, owner_node):
                    case Many(AnyOf() | Defined() as found):
                        return found
        function = self.of(module, node.func)
        match function:
            case Named('functools.partial') if node.args:
                return self.of(module, node.args[0].value)
            case Named('builtins.getattr') if len(node.args) > 1:
                return self._of_getattr(module, node.args[0].value, node.args[1].value)
            case Named('builtins.dict'):
                return self._of_collection(module, [argument.value for argument in node.args])
        return self.result(function)

    def _of_getattr(
        self, module: Module, owner: cst.BaseExpression, name: cst.BaseExpression
    ) -> Kind | None:
        """Return what `getattr` returns: for any name of a test client, a method for requests."""
        kind = self.of(module, owner)
        match name, value(kind):
            case cst.SimpleString(evaluated_value=str() as text), _:
                return self.member(kind, text)
            case _, Object('Client'):
                return Member('Client', 'open')
        return None

    def result(self, function: Kind | None) -> Kind | None:
        """Return what the call of something returns, awaited where it must be."""
        match function:
            case Defined(module, cst.ClassDef() as node):
                return ObjectOf(module, node)
            case Defined(module, cst.FunctionDef() as node):
                return self.returned(module, node)
            case AnyOf(functions):
                return self.result(functions[0])
            case ObjectOf(module, class_):
                return self.result(self.member_of_class(module, class_, '__call__'))
            case Member():
                return value(function)
            case Named(name):
                short = library.short_name(name)
                known = library.CLASSES.get(short) or library.RESULTS.get(short)
                return Object(known) if known else None
        return None

    def returned(self, module: Module, node: cst.FunctionDef) -> Kind | None:
        """Return what a function returns; for a generator, what it yields."""
        if node not in self._returned:
            # A function that returns its own result returns something unknown.
            self._returned[node] = None
            self._returned[node] = self._infer_returned(module, node)
        return self._returned[node]

    def _infer_returned(self, module: Module, node: cst.FunctionDef) -> Kind | None:
        if found := annotated_kind(self, module, node.returns):
            return found
        for expression in module.returned(node):
            if found := value(self.of(module, expression)):
                return found
        return None


def _entered(kind: Kind | None) -> Kind | None:
    """Return what `with … as` assigns."""
    match kind:
        case Object(type_) if type_ in library.ENTERED:
            return Object(library.ENTERED[type_])
    return kind


def _nearest(
    module: Module, node: cst.Name, assignments: Iterable[BaseAssignment]
) -> BaseAssignment | None:
    """Return the last assignment before a name is used; else the first one."""
    items = list(assignments)
    placed = [
        (module.line(item.node), item)
        for item in items
        if isinstance(item, Assignment | ImportAssignment)
    ]
    if not placed:
        # A name of Python itself.
        return next(iter(items), None)
    placed.sort(key=lambda pair: pair[0])
    line = module.line(node)
    before = [item for at, item in placed if at < line]
    return before[-1] if before else placed[0][1]
