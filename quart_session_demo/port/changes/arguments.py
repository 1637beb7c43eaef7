"""Port the arguments of calls that Quart's functions take under other names, or need anew."""

from collections.abc import Container

import libcst as cst

from quart_session_demo.port.analysis.kinds import Named, Object
from quart_session_demo.port.analysis.library import short_name
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.changes.module_changes import Changes
from quart_session_demo.port.changes.rewrite import rename

#: Arguments of `send_file` and `send_from_directory`, and their names in Quart.
FILE_ARGUMENTS = {
    'download_name': 'attachment_filename',
    'etag': 'add_etags',
    'filename': 'file_name',
    'max_age': 'cache_timeout',
    'path': 'file_name',
    'path_or_file': 'filename_or_io',
}


def keyword_argument(name: str, value: str) -> cst.Arg:
    """Return the argument `name=value`."""
    return cst.Arg(cst.parse_expression(value), keyword=cst.Name(name), equal=assign_equal())


def assign_equal() -> cst.AssignEqual:
    """Return the `=` of a keyword argument."""
    return cst.AssignEqual(cst.SimpleWhitespace(''), cst.SimpleWhitespace(''))


def remove_arguments(call: cst.Call, names: Container[str]) -> cst.Call:
    """Return a call without its keyword arguments of these names."""
    kept = [item for item in call.args if item.keyword is None or item.keyword.value not in names]
    if kept and kept[-1] is not call.args[-1]:
        last = call.args[-1]
        kept[-1] = kept[-1].with_changes(
            comma=last.comma, whitespace_after_arg=last.whitespace_after_arg
        )
    return call.with_changes(args=kept)


def change_arguments(changes: Changes, propagation: Propagation) -> None:
    """Rename and add arguments."""
    shares_connections = propagation.has_sync_handlers and _uses_globals(changes, propagation)
    for call in propagation.collected[changes.module].calls:
        match propagation.kinds.of(changes.module, call.func):
            case Named('sqlite3.connect') if shares_connections:
                _share_connection(changes, call)
            case Named(name) if short_name(name) in ('send_file', 'send_from_directory'):
                _rename_file_arguments(changes, call)


def _uses_globals(changes: Changes, propagation: Propagation) -> bool:
    """Return whether a module stores something for the functions of one request, in `g`."""
    return any(
        propagation.kinds.of(changes.module, node.value) == Object('Globals')
        for node in propagation.collected[changes.module].attributes
    )


def _share_connection(changes: Changes, call: cst.Call) -> None:
    if all(item.keyword is None or item.keyword.value != 'check_same_thread' for item in call.args):
        changes.add(
            call,
            lambda call: add_argument(call, keyword_argument('check_same_thread', 'False')),
            'sqlite-thread',
            'functions of one request that are not async run in different threads',
            'add `check_same_thread=False`',
        )


def add_argument(call: cst.Call, argument: cst.Arg) -> cst.Call:
    """Return a call with one more argument, in the manner of the others."""
    if not call.args:
        return call.with_changes(args=[argument])
    *others, last = call.args
    if isinstance(last.comma, cst.Comma):
        comma = (
            others[-1].comma
            if others
            else cst.Comma(cst.SimpleWhitespace(''), cst.SimpleWhitespace(' '))
        )
        return call.with_changes(
            args=[
                *others,
                last.with_changes(comma=comma),
                argument.with_changes(
                    comma=last.comma, whitespace_after_arg=last.whitespace_after_arg
                ),
            ]
        )
    return call.with_changes(
        args=[
            *others,
            last.with_changes(whitespace_after_arg=cst.SimpleWhitespace('')),
            argument.with_changes(whitespace_after_arg=last.whitespace_after_arg),
        ]
    )


def _rename_file_arguments(changes: Changes, call: cst.Call) -> None:
    for argument in call.args:
        if argument.keyword is not None and argument.keyword.value in FILE_ARGUMENTS:
            new = FILE_ARGUMENTS[argument.keyword.value]
            changes.add(
                argument.keyword,
                rename(new),
                'file-argument',
                f'Quart calls the argument `{argument.keyword.value}` `{new}`',
                'rename the argument',
            )
