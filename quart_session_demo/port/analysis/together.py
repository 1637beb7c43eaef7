"""Which functions are called in each other's place: if one is async, so are the others."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

import libcst as cst

from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.inference import Kinds
from quart_session_demo.port.analysis.kinds import AnyOf, Defined, Kind
from quart_session_demo.port.analysis.modules import Module, last_name

#: Functions with which tests put a function in the place of another one.
REPLACING = frozenset(['object', 'patch', 'setattr'])


def find_together(
    functions: Mapping[cst.FunctionDef, Function],
    calls: Collection[tuple[Module, cst.Call]],
    kinds: Kinds,
) -> Mapping[Function, set[Function]]:
    """Return the functions that are called in each other's place.

    These are a method and the methods that override it, and a function and what a test puts in
    its place with `monkeypatch.setattr` or `mock.patch`. Also functions of one name in the
    branches of a statement, and those of one dict from which a function is called.
    """
    together: defaultdict[Function, set[Function]] = defaultdict(set)
    for alternatives in _alternatives(functions, calls, kinds):
        for function in alternatives:
            together[function] |= alternatives
    for function in functions.values():
        if function.class_ is not None:
            for base in function.class_.bases:
                match kinds.member(kinds.of(function.module, base.value), function.name):
                    case Defined(_, cst.FunctionDef() as overridden) if (
                        # An asynchronous generator may override `def f() -> AsyncIterator`.
                        functions[overridden].is_generator == function.is_generator
                    ):
                        together[function].add(functions[overridden])
                        together[functions[overridden]].add(function)
    for module, call in calls:
        if last_name(call.func) in REPLACING:
            match _replacement(kinds, module, call):
                case (
                    Defined(_, cst.FunctionDef() as replaced),
                    Defined(_, cst.FunctionDef() as replacement),
                ):
                    together[functions[replaced]].add(functions[replacement])
    return together


def _alternatives(
    functions: Mapping[cst.FunctionDef, Function],
    calls: Collection[tuple[Module, cst.Call]],
    kinds: Kinds,
) -> Iterator[set[Function]]:
    branches: defaultdict[tuple[Module, object, str], set[Function]] = defaultdict(set)
    for function in functions.values():
        block = next(function.module.parents(function.node))
        if isinstance(
            function.module.parent(block), cst.If | cst.Else | cst.Try | cst.ExceptHandler
        ):
            owner = function.module.owner(function.node)
            branches[function.module, owner, function.name].add(function)
    yield from branches.values()
    for module, call in calls:
        match kinds.of(module, call.func):
            case AnyOf(alternatives):
                yield {
                    functions[item.node]
                    for item in alternatives
                    if isinstance(item.node, cst.FunctionDef)
                }


def _replacement(kinds: Kinds, module: Module, call: cst.Call) -> tuple[Kind | None, Kind | None]:
    """Return what a call replaces in a test, and what takes its place."""
    match [argument.value for argument in call.args]:
        case [cst.SimpleString() as name, replacement, *_]:
            return kinds.named(str(name.evaluated_value)), kinds.of(module, replacement)
        case [owner, cst.SimpleString() as name, replacement, *_]:
            replaced = kinds.member(kinds.of(module, owner), str(name.evaluated_value))
            return replaced, kinds.of(module, replacement)
    return None, None
