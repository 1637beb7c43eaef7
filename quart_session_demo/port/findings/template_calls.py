"""Find templates whose calls nothing awaits, and `await` in templates.

Quart's own functions render templates in Jinja's async mode, which awaits what a template
calls: functions, methods, filters, tests and globals may be coroutine functions.
"""

import re
from collections.abc import Iterator

import libcst as cst

from quart_session_demo.port.analysis import library
from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.kinds import Defined, Member, Named
from quart_session_demo.port.analysis.modules import Module, last_name
from quart_session_demo.port.analysis.origins import origin
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.findings.finding import Finding, finding
from quart_session_demo.port.sources import Sources

#: What the files of templates are called.
SUFFIXES = frozenset(['.htm', '.html', '.j2', '.jinja', '.jinja2', '.txt', '.xml'])

#: Methods of a Jinja environment that return a template.
_LOADING = frozenset(['from_string', 'get_or_select_template', 'get_template', 'select_template'])

_AWAIT = re.compile(r'\{[{%][-+]?(?:[^}%"\']*[\s(=])?(await)\s+[\w(]')

_ENABLE = 'make the environment with `enable_async=True`, and use `await template.render_async(…)`'


def find_template_calls(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield the uses of Jinja that do not await."""
    found = propagation.collected[module]
    for function in found.functions.values():
        for node in function.expressions:
            if isinstance(node, cst.Call):
                yield from _find_render(module, propagation, function, node)
    for call in found.calls:
        if _environment(module, propagation, call.func).startswith('jinja2.Environment()'):
            for argument in call.args:
                yield from _not_awaited(module, propagation, argument.value)
    for target in found.subscripts:
        statement = module.parent(module.parent(target) or target)
        if isinstance(statement, cst.Assign) and _environment(
            module, propagation, target.value
        ).startswith('jinja2.Environment()'):
            yield from _not_awaited(module, propagation, statement.value)


def _find_render(
    module: Module, propagation: Propagation, function: Function, call: cst.Call
) -> Iterator[Finding]:
    match propagation.kinds.of(module, call.func):
        case Named(name) if library.short_name(name) == 'get_template_attribute':
            yield finding(
                module,
                call,
                'template-call',
                "get_template_attribute() raises RuntimeError: Quart's templates are asynchronous",
                'call the macro in a template, and render that',
            )
    if function.is_async and last_name(call.func) in ('generate', 'render', 'stream'):
        template = call.func.value if isinstance(call.func, cst.Attribute) else call.func
        for loaded in [template, *_assigned(module, template)]:
            if _is_of_app(module, propagation, loaded):
                name = last_name(call.func)
                text = f'{name}() of an asynchronous template raises RuntimeError in the event loop'
                remedy = 'use `await template.render_async(…)`'
                yield finding(module, call, 'template-call', text, remedy)
                return


def _is_of_app(module: Module, propagation: Propagation, node: cst.BaseExpression) -> bool:
    """Return whether an expression is a template of the app's own environment."""
    match node:
        case cst.Call(func=cst.Attribute(value=environment, attr=cst.Name(value=name))):
            return name in _LOADING and propagation.kinds.of(module, environment) in (
                Member('App', 'jinja_env'),
                Member('App', 'jinja_environment'),
            )
    return False


def _assigned(module: Module, node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    if isinstance(node, cst.Name):
        yield from module.assigned(node)


def _environment(module: Module, propagation: Propagation, node: cst.BaseExpression) -> str:
    """Return the origin of a node, if it is an environment without async mode, or a part of it."""
    name = origin(module, propagation, node)
    if name.startswith('jinja2.Environment()') and not _is_async_mode(module, node):
        return name
    return ''


def _is_async_mode(module: Module, node: cst.BaseExpression) -> bool:
    match node:
        case cst.Call(func=func, args=args):
            return any(
                item.keyword is not None and item.keyword.value == 'enable_async' for item in args
            ) or _is_async_mode(module, func)
        case cst.Attribute(value=value) | cst.Subscript(value=value):
            return _is_async_mode(module, value)
        case cst.Name():
            return any(
                _is_async_mode(module, item)
                for item in module.assigned(node)
                if not isinstance(item, cst.Name)
            )
    return False


def _not_awaited(
    module: Module, propagation: Propagation, node: cst.BaseExpression
) -> Iterator[Finding]:
    if not isinstance(node, cst.Call):
        match propagation.kinds.of(module, node):
            case Defined(_, cst.FunctionDef() as definition):
                if propagation.functions[definition].is_async:
                    text = f'templates of this environment do not await {definition.name.value}()'
                    yield finding(module, node, 'template-call', text, _ENABLE)


def find_template_awaits(sources: Sources) -> Iterator[Finding]:
    """Yield the `await` in templates, which is a syntax error."""
    for path, text in sources.texts(SUFFIXES):
        for number, line in enumerate(text.splitlines(), 1):
            for match in _AWAIT.finditer(line):
                yield Finding(
                    path,
                    number,
                    match.start(1) + 1,
                    'template-call',
                    'Jinja has no `await`: it awaits the calls of a template by itself',
                    'remove `await`',
                )
