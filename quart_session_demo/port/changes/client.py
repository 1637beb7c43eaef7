"""Port the calls of the test client, whose arguments and responses differ."""

import libcst as cst

from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.inference import Kinds
from quart_session_demo.port.analysis.kinds import Member
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.changes.arguments import keyword_argument, remove_arguments
from quart_session_demo.port.changes.client_data import change_data
from quart_session_demo.port.changes.module_changes import Changes
from quart_session_demo.port.changes.rewrite import (
    add_await,
    add_await_in_parentheses,
    needs_parentheses,
)

#: Methods of the client that make requests.
REQUESTS = frozenset(['delete', 'get', 'head', 'open', 'options', 'patch', 'post', 'put', 'trace'])

#: Arguments that the test client does not have, and what to use instead.
REMOVED_ARGUMENTS = {
    'as_tuple': 'remove it',
    'base_url': 'use `scheme=…`, `subdomain=…`, or the header `Host`',
    'content_length': 'remove it',
    'environ_base': "use `scope_base=…`, such as `{'client': ('192.0.2.1', 0)}`",
    'environ_overrides': "use `scope_base=…`, such as `{'client': ('192.0.2.1', 0)}`",
    'input_stream': 'use `data=…`',
    'url_scheme': 'use `scheme=…`',
}

#: How many arguments name the cookie of these methods. Quart needs the server before them.
COOKIE_ARGUMENTS = {'delete_cookie': 1, 'set_cookie': 2}


def change_client_calls(changes: Changes, propagation: Propagation) -> None:
    """Rename arguments, and read texts of responses as Quart does."""
    module = changes.module
    for call in propagation.collected[module].calls:
        match propagation.kinds.of(module, call.func):
            case Member('Client', name) if name in REQUESTS:
                _change_request(changes, propagation.kinds, call)
            case Member('App', 'test_request_context'):
                _change_request(changes, propagation.kinds, call)
                _add_path(changes, call)
            case Member('Client', name) if name in COOKIE_ARGUMENTS:
                _add_server(changes, call, COOKIE_ARGUMENTS[name])
    for node in propagation.collected[module].attributes:
        match propagation.kinds.of(module, node):
            case Member('Client', 'application'):
                changes.add(
                    node.attr,
                    lambda name: name.with_changes(value='app'),
                    'no-counterpart',
                    "Quart's test client has no `application`",
                    'use `app`',
                )
    for function in propagation.collected[module].functions.values():
        _change_texts(changes, propagation, function)
        if function.is_async:
            _change_commands(changes, propagation, function)


def _change_request(changes: Changes, kinds: Kinds, call: cst.Call) -> None:
    change_data(changes, kinds, call)
    for argument in call.args:
        name = argument.keyword.value if argument.keyword is not None else ''
        if name == 'buffered':
            changes.add(
                call,
                lambda node: remove_arguments(node, ['buffered']),
                'client-argument',
                'the test client has no argument `buffered`: its responses are complete',
                'remove it',
            )
        elif name in REMOVED_ARGUMENTS:
            changes.report(
                argument,
                'client-argument',
                f'the test client has no argument `{name}`',
                REMOVED_ARGUMENTS[name],
            )
        elif name == 'query_string' and isinstance(argument.value, cst.BaseString):
            changes.report(
                argument,
                'client-argument',
                'the test client takes `query_string` as a dict',
                'put the string into the path, after `?`',
            )


def _add_path(changes: Changes, call: cst.Call) -> None:
    if not any(item.keyword is None or item.keyword.value == 'path' for item in call.args):
        path = cst.Arg(cst.SimpleString("'/'"))
        changes.add(
            call,
            lambda node: node.with_changes(args=[path, *node.args]),
            'client-argument',
            'the path of a request context has no default',
            "give it, such as '/'",
        )


def _add_server(changes: Changes, call: cst.Call, count: int) -> None:
    """Put the server before the cookie's name, unless it is there."""
    names = [item.keyword.value for item in call.args if item.keyword is not None]
    given = len(call.args) - len(names) + ('key' in names) + ('value' in names and count == 2)
    if given == count and 'server_name' not in names and not any(item.star for item in call.args):
        changes.add(
            call,
            add_server,
            'client-argument',
            'the first argument is the server of the cookie',
            "give it, such as 'localhost'",
        )


def add_server(call: cst.Call) -> cst.Call:
    """Return a call with the cookie's server: its domain, else `localhost`."""
    server: cst.BaseExpression = cst.SimpleString("'localhost'")
    for argument in call.args:
        if argument.keyword is not None and argument.keyword.value == 'domain':
            server = argument.value
    call = remove_arguments(call, ['domain'])
    if call.args and call.args[0].keyword is not None:
        return call.with_changes(args=[_named('server_name', server), *call.args])
    return call.with_changes(args=[cst.Arg(server), *call.args])


def _named(name: str, value: cst.BaseExpression) -> cst.Arg:
    return keyword_argument(name, 'None').with_changes(value=value)


def _change_texts(changes: Changes, propagation: Propagation, function: Function) -> None:
    for node in function.expressions:
        match node:
            case cst.Attribute() if propagation.kinds.of(changes.module, node) == Member(
                'Response', 'text'
            ):
                changes.add(
                    node,
                    get_text,
                    'response-text',
                    "Quart's responses have no `text`",
                    'use `await response.get_data(as_text=True)`',
                )


def get_text(node: cst.Attribute) -> cst.Call:
    """Return `response.get_data(as_text=True)` for `response.text`."""
    argument = keyword_argument('as_text', 'True')
    return cst.Call(node.with_changes(attr=cst.Name('get_data')), [argument])


def _change_commands(changes: Changes, propagation: Propagation, function: Function) -> None:
    """Run commands in threads: they run event loops of their own."""
    module = changes.module
    for node in function.expressions:
        match propagation.kinds.of(module, node.func) if isinstance(node, cst.Call) else None:
            case Member('Runner', 'invoke'):
                changes.also(node, run_in_thread)
                changes.add(
                    node,
                    add_await_in_parentheses
                    if needs_parentheses(module.parent(node), node)
                    else add_await,
                    'event-loop',
                    'a command runs an event loop, which an async function cannot do',
                    'use `await asyncio.to_thread(runner.invoke, …)`',
                )
                changes.imports.add('asyncio')


def run_in_thread(call: cst.Call) -> cst.Call:
    """Return `asyncio.to_thread(function, …)` for `function(…)`."""
    to_thread = cst.Attribute(cst.Name('asyncio'), cst.Name('to_thread'))
    return call.with_changes(func=to_thread, args=[cst.Arg(call.func), *call.args])
