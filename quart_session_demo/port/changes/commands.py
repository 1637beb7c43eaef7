"""Port Flask's commands: Quart gives them no app context of its own accord, and no event loop."""

from collections.abc import Sequence
from functools import partial

import libcst as cst

from quart_session_demo.port.analysis.context_use import used_context
from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.kinds import Defined, Member
from quart_session_demo.port.analysis.modules import decorator_name, has_decorator, last_name
from quart_session_demo.port.analysis.propagation import Propagation, is_command
from quart_session_demo.port.changes.arguments import add_argument, keyword_argument
from quart_session_demo.port.changes.imports import imports_flask, replace_import
from quart_session_demo.port.changes.module_changes import Changes

#: Decorators with which a command has, or makes, an app context of its own.
CONTEXT_DECORATORS = ['with_appcontext', 'pass_script_info']

_RUN = cst.parse_statement('asyncio.run(run())')
_IN_CONTEXT = 'async with script_info.load_app().app_context():\n    pass\n'


def change_commands(changes: Changes, propagation: Propagation) -> None:
    """Give commands an app context, and a loop to those that await something."""
    added = _added_commands(changes, propagation)
    replaced = []
    for function in propagation.collected[changes.module].functions.values():
        if not is_command(function):
            continue
        is_added = function.node in added
        if function.needs_loop:
            _run_in_loop(changes, propagation, function, is_added=is_added)
            replaced += [
                item.decorator
                for item in function.node.decorators
                if decorator_name(item) == 'with_appcontext'
                and isinstance(item.decorator, cst.Name)
            ]
        elif (
            changes.module.was_ported
            or any(map(imports_flask, propagation.collected[changes.module].imports))
            or used_context(propagation, function)
        ):
            # On Quart already, a command may do without a context.
            _give_context(changes, propagation, function, is_added=is_added)
    replace_import(changes, replaced, 'quart.cli.pass_script_info')


def _run_in_loop(
    changes: Changes, propagation: Propagation, function: Function, *, is_added: bool
) -> None:
    decorators = function.node.decorators
    has_context = has_decorator(function.node, ['with_appcontext'])
    is_of_app = any(
        _is_of_app(changes, propagation, item.decorator)
        for item in decorators
        if decorator_name(item) == 'command'
    )
    with_context = has_context or is_of_app or is_added
    scope = changes.module.scope(function.node.body)
    parameters = [
        item.name.value
        for item in (*function.node.params.params, *function.node.params.kwonly_params)
    ]
    reassigned = [name for name in parameters if scope is not None and len(scope[name]) > 1]
    changes.add(
        function.node,
        partial(run_in_loop, with_context=with_context, reassigned=reassigned),
        'command-awaits',
        f'the command {function.name}() awaits, but commands are not async',
        'run a coroutine with `asyncio.run()`, in an app context',
    )
    changes.imports.add('asyncio')
    if with_context and not has_context:
        changes.imports.add('quart.cli.pass_script_info')


def _added_commands(changes: Changes, propagation: Propagation) -> set[cst.CSTNode]:
    """Return the functions that `app.cli.add_command` is given, in any module."""
    added: set[cst.CSTNode] = set()
    for module, call in propagation.calls():
        if call.args and last_name(call.func) == 'add_command':
            match propagation.kinds.of(module, call.args[0].value):
                case Defined(_, node):
                    added.add(node)
    return added


def _give_context(
    changes: Changes, propagation: Propagation, function: Function, *, is_added: bool
) -> None:
    for decorator in function.node.decorators:
        call = decorator.decorator
        if decorator_name(decorator) != 'command':
            continue
        if _is_of_app(changes, propagation, call):
            arguments = call.args if isinstance(call, cst.Call) else []
            if not has_decorator(function.node, CONTEXT_DECORATORS) and not any(
                item.keyword and item.keyword.value == 'with_appcontext' for item in arguments
            ):
                changes.add(
                    call,
                    with_context,
                    'command-context',
                    f'Quart runs the command {function.name}() without an app context',
                    'add `with_appcontext=True`',
                )
        elif is_added and not has_decorator(function.node, CONTEXT_DECORATORS):
            changes.add(
                function.node,
                add_context_decorator,
                'command-context',
                f'Quart runs the command {function.name}() without an app context',
                'decorate it with `quart.cli.with_appcontext`',
            )
            changes.imports.add('quart.cli.with_appcontext')


def with_context(decorator: cst.BaseExpression) -> cst.Call:
    """Return the decorator of a command that gets an app context."""
    call = decorator if isinstance(decorator, cst.Call) else cst.Call(decorator)
    return add_argument(call, keyword_argument('with_appcontext', 'True'))


def _is_of_app(changes: Changes, propagation: Propagation, decorator: cst.BaseExpression) -> bool:
    """Return whether a decorator makes a command of `app.cli`, or of a group in it."""
    kinds = propagation.kinds
    called = decorator.func if isinstance(decorator, cst.Call) else decorator
    match kinds.of(changes.module, called):
        case Member('Group', 'command'):
            return True
    match called:
        case cst.Attribute(value=owner):
            match kinds.of(changes.module, owner):
                case Defined(module, cst.FunctionDef() as node):
                    return any(
                        isinstance(item.decorator, cst.Call)
                        and kinds.of(module, item.decorator.func) == Member('Group', 'group')
                        for item in node.decorators
                    )
    return False


def add_context_decorator(node: cst.FunctionDef) -> cst.FunctionDef:
    """Return a function with the decorator `@with_appcontext` next to it."""
    return node.with_changes(
        decorators=[*node.decorators, cst.Decorator(cst.Name('with_appcontext'))]
    )


def run_in_loop(
    node: cst.FunctionDef, *, with_context: bool, reassigned: Sequence[str]
) -> cst.FunctionDef:
    """Return a command that runs its body as a coroutine.

    Args:
        node: The command.
        with_context: Whether the coroutine runs in an app context.
        reassigned: The parameters that the body assigns to.
    """
    body = _statements(node.body)
    docstring = [body[0]] if node.get_docstring(clean=False) is not None else []
    block = cst.IndentedBlock(body[len(docstring) :])
    if with_context:
        context = cst.ensure_type(cst.parse_statement(_IN_CONTEXT), cst.With)
        block = cst.IndentedBlock([context.with_changes(body=block)])
        node = _pass_script_info(node)
    if reassigned:
        names = cst.parse_statement(f'nonlocal {", ".join(reassigned)}')
        block = block.with_changes(body=[names, *block.body])
    run = cst.FunctionDef(
        cst.Name('run'),
        cst.Parameters(),
        block,
        asynchronous=cst.Asynchronous(),
        leading_lines=[cst.EmptyLine(indent=False)] if docstring else [],
    )
    call = _RUN.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    outer = node.body if isinstance(node.body, cst.IndentedBlock) else cst.IndentedBlock([])
    return node.with_changes(body=outer.with_changes(body=[*docstring, run, call]))


def _pass_script_info(node: cst.FunctionDef) -> cst.FunctionDef:
    decorators = [item for item in node.decorators if decorator_name(item) != 'with_appcontext']
    decorators.append(cst.Decorator(cst.Name('pass_script_info')))
    parameters = [cst.Param(cst.Name('script_info')), *node.params.params]
    return node.with_changes(
        decorators=decorators, params=node.params.with_changes(params=parameters)
    )


def _statements(body: cst.BaseSuite) -> Sequence[cst.BaseStatement]:
    if isinstance(body, cst.SimpleStatementSuite):
        return [cst.SimpleStatementLine(body.body)]
    return cst.ensure_type(body, cst.IndentedBlock).body
