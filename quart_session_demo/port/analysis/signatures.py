"""Print what Quart has, and what of it must be awaited, from its signatures: `signatures.toml`."""

import inspect
import re
from collections.abc import Iterator

import flask.ctx
import flask.sessions
import flask.testing
import flask.views
import quart.ctx
import quart.sessions
import quart.testing
import quart.views
from quart.datastructures import FileStorage
from werkzeug.datastructures import FileStorage as FlasksFileStorage

#: Quart's and Flask's class of each type that `library` names, and the two modules.
TYPES: dict[str, tuple[object, object]] = {
    'App': (quart.Quart, flask.Flask),
    'AppContext': (quart.ctx.AppContext, flask.ctx.AppContext),
    'Blueprint': (quart.Blueprint, flask.Blueprint),
    'Client': (quart.testing.QuartClient, flask.testing.FlaskClient),
    'File': (FileStorage, FlasksFileStorage),
    'Request': (quart.Request, flask.Request),
    'Response': (quart.Response, flask.Response),
    'Runner': (quart.testing.QuartCliRunner, flask.testing.FlaskCliRunner),
    'Session': (quart.sessions.SecureCookieSession, flask.sessions.SecureCookieSession),
    'SessionInterface': (quart.sessions.SessionInterface, flask.sessions.SessionInterface),
    'View': (quart.views.View, flask.views.View),
    'Websocket': (quart.Websocket, None),
    'module': (quart, flask),
}


def public_names(owner: object) -> set[str]:
    """Return the public members of a class or module, also those that only have a type."""
    names = set(dir(owner))
    if isinstance(owner, type):
        for class_ in owner.__mro__:
            names |= set(inspect.get_annotations(class_))
            names |= _instance_attributes(class_)
    elif inspect.ismodule(owner):
        names -= {name for name in names if inspect.ismodule(getattr(owner, name))}
    return {name for name in names if not name.startswith('_')}


def _instance_attributes(class_: type) -> set[str]:
    """Return the attributes that only instances have."""
    if '__init__' not in vars(class_) or class_ is object:
        return set()
    try:
        return set(
            re.findall(r'self\.(\w+)(?::[^=\n]+)? = ', inspect.getsource(vars(class_)['__init__']))
        )
    except (OSError, TypeError):
        # A class of C code.
        return set()


def is_awaited(member: object) -> bool:
    """Return whether the value of a property, or of a function's call, must be awaited."""
    function = member.fget if isinstance(member, property) else member
    return callable(function) and inspect.iscoroutinefunction(inspect.unwrap(function))


def signatures() -> dict[str, dict[str, list[str]]]:
    """Return the names that must be awaited, those that need not be, and those that are missing."""
    tables: dict[str, dict[str, list[str]]] = {}
    for type_, (owner, flasks) in TYPES.items():
        names = public_names(owner)
        awaited = {name for name in names if is_awaited(inspect.getattr_static(owner, name, None))}
        properties = {
            name for name in awaited if isinstance(inspect.getattr_static(owner, name), property)
        }
        tables[type_] = {
            'awaited': sorted(awaited - properties),
            'awaited_properties': sorted(properties),
            'sync': sorted(names - awaited),
            'missing': sorted(public_names(flasks) - names) if flasks else [],
        }
    return tables


def as_toml(tables: dict[str, dict[str, list[str]]]) -> Iterator[str]:
    """Yield the lines of the tables in TOML."""
    yield '# Made by: python -m quart_session_demo.port.analysis.signatures'
    for type_, table in tables.items():
        yield f'\n[{type_}]'
        for key, names in table.items():
            if names:
                yield f'{key} = ['
                yield from (f'    "{name}",' for name in names)
                yield ']'


if __name__ == '__main__':
    print('\n'.join(as_toml(signatures())))
