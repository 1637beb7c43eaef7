"""What an expression is: a function or class of the project or of a library, or an object."""

from collections.abc import Iterable
from dataclasses import dataclass

import libcst as cst

from quart_session_demo.port.analysis import library
from quart_session_demo.port.analysis.modules import Module


@dataclass(frozen=True)
class Named:
    """A function, a class or a module of a library, such as `flask.request` or `time.sleep`."""

    name: str


@dataclass(frozen=True)
class Object:
    """An object of one of the types that `library` lists."""

    type: str


@dataclass(frozen=True)
class Member:
    """A property or method of an object of one of these types."""

    type: str
    name: str


@dataclass(frozen=True)
class Many:
    """A collection of objects."""

    element: 'Kind'


@dataclass(frozen=True)
class InModule:
    """A module of the project."""

    module: Module


@dataclass(frozen=True)
class Defined:
    """A function or class of the project; also a method of one of its objects."""

    module: Module
    node: cst.FunctionDef | cst.ClassDef


@dataclass(frozen=True)
class ObjectOf:
    """An object of a class of the project."""

    module: Module
    node: cst.ClassDef


@dataclass(frozen=True)
class Decorated:
    """The function that a decorator of the project is given."""

    module: Module
    decorator: cst.FunctionDef


@dataclass(frozen=True)
class AnyOf:
    """One of some functions of the project, such as a value of a dict of handlers."""

    functions: tuple[Defined, ...]


Kind = Named | Object | Member | Many | InModule | Defined | ObjectOf | Decorated | AnyOf


def any_of(kinds: Iterable[Kind | None]) -> AnyOf | Defined | None:
    """Return one of some functions; None if something else is among them, or no function."""
    functions: list[Defined] = []
    for kind in kinds:
        match kind:
            case Defined(_, cst.FunctionDef()):
                functions.append(kind)
            case AnyOf(others):
                functions += others
            case _:
                return None
    different = tuple(dict.fromkeys(functions))
    return different[0] if len(different) == 1 else AnyOf(different) if different else None


def library_kind(name: str) -> Kind:
    """Return what a full name of a library means."""
    known = library.OBJECTS.get(library.short_name(name))
    return Object(known) if known else Named(name)


def is_coroutine_method(kind: Kind | None) -> bool:
    """Return whether something is a method, such as `client.get`, not what it returns."""
    return isinstance(kind, Member) and kind.name in library.AWAITED_METHODS.get(kind.type, ())


def value(kind: Kind | None) -> Kind | None:
    """Return what a property is; the result of a method."""
    if not isinstance(kind, Member):
        return kind
    known = library.MEMBERS.get(kind.type, {}).get(kind.name)
    if known is None:
        return kind
    return Many(Object(known[1:])) if known.startswith('*') else Object(known)


def element(kind: Kind | None) -> Kind | None:
    """Return what an item of something is."""
    match kind:
        case Many(item):
            return item
        case Object(type_) if type_ in library.ITEMS:
            return Object(library.ITEMS[type_])
    return None
