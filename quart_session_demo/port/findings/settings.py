"""Find settings of an app that nothing on Quart reads."""

import tomllib
from collections.abc import Iterator, Sequence
from importlib.resources import files

import libcst as cst

from quart_session_demo.port.analysis.modules import Module, last_name
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.findings.extensions import imported_packages
from quart_session_demo.port.findings.finding import Finding, finding

_TABLES: dict[str, dict[str, str]] = tomllib.loads(
    (files(__package__) / 'settings.toml').read_text('utf-8')
)

#: Packages that read the settings of Flask-Session.
_SESSION_PACKAGES = frozenset(['quart_session', 'quart_session_demo'])

#: Methods of `app.config` that take settings by name.
_METHODS = frozenset(['from_mapping', 'setdefault', 'update'])


def find_unused_settings(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield the settings that nothing reads."""
    packages: set[str] = set()
    for found in propagation.collected.values():
        for statement in found.imports:
            packages |= imported_packages(statement)
    remedies = dict(_TABLES['settings'])
    if 'quart_session_demo' in packages:
        remedies |= _TABLES['session_settings']
    elif not packages & _SESSION_PACKAGES:
        remedies |= _TABLES['session_settings'] | _TABLES['server_session_settings']
    for node, name in settings(module, propagation):
        if name in remedies:
            text = f'nothing on Quart reads the setting `{name}`'
            if 'quart_session_demo' in packages and name in _TABLES['session_settings']:
                text = f'`quart_session_demo` does not read `{name}` as Flask-Session does'
            yield finding(module, node, 'unused-setting', text, remedies[name])


def settings(module: Module, propagation: Propagation) -> Iterator[tuple[cst.CSTNode, str]]:
    """Yield the settings that a module makes, and their names."""
    found = propagation.collected[module]
    for target in found.subscripts:
        if last_name(target.value) == 'config':
            for item in target.slice:
                match item.slice:
                    case cst.Index(value=cst.SimpleString() as key):
                        yield target, str(key.evaluated_value)
    for call in found.calls:
        match call.func:
            case cst.Attribute(value=owner, attr=cst.Name(value=name)) if (
                name in _METHODS and last_name(owner) == 'config'
            ):
                yield from _arguments(call)
    yield from _assigned(module)


def _arguments(call: cst.Call) -> Iterator[tuple[cst.CSTNode, str]]:
    for argument in call.args:
        if argument.keyword is not None:
            yield argument, argument.keyword.value
        match argument.value:
            case cst.Dict(elements=elements):
                for element in elements:
                    match element:
                        case cst.DictElement(key=cst.SimpleString() as key):
                            yield element, str(key.evaluated_value)
            case cst.SimpleString() as name if argument.keyword is None:
                yield argument, str(name.evaluated_value)
            case cst.Call(func=cst.Name(value='dict')) as inner:
                yield from _arguments(inner)


def _assigned(module: Module) -> Iterator[tuple[cst.CSTNode, str]]:
    """Yield what a module or class of settings assigns."""
    of_settings = module.path.stem.endswith(('config', 'settings'))
    if of_settings:
        yield from _names(module.tree.body)
    for statement in module.tree.body:
        if isinstance(statement, cst.ClassDef) and (
            of_settings or statement.name.value.endswith(('Config', 'Settings'))
        ):
            yield from _names(statement.body.body)


def _names(
    statements: Sequence[cst.BaseStatement] | Sequence[cst.BaseSmallStatement],
) -> Iterator[tuple[cst.CSTNode, str]]:
    for statement in statements:
        if isinstance(statement, cst.SimpleStatementLine):
            for part in statement.body:
                match part:
                    case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
                        yield part, name
                    case cst.AnnAssign(target=cst.Name(value=name)):
                        yield part, name
