"""Port what the test client sends: Quart's takes fields and files as `form` and `files`."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import libcst as cst

from quart_session_demo.port.analysis.inference import Kinds
from quart_session_demo.port.analysis.modules import Module, last_name
from quart_session_demo.port.changes.arguments import assign_equal, remove_arguments
from quart_session_demo.port.changes.module_changes import Changes

#: Calls that return files.
_FILES = frozenset(['BytesIO', 'FileStorage', 'StringIO', 'open'])

_LIST_REMEDY = 'use `data=urlencode(…, doseq=True)` and the header `Content-Type`'


def change_data(changes: Changes, kinds: Kinds, call: cst.Call) -> None:
    """Pass a dict of `data` as `form` and `files`, and a content type as a header."""
    keywords = {item.keyword.value: item for item in call.args if item.keyword is not None}
    data = keywords.get('data')
    is_form = data is not None and is_mapping(changes.module, kinds, data.value)
    if data is not None and is_form:
        _change_form(changes, data, is_last=data is call.args[-1])
    for name in ('data', 'form'):
        if name in keywords and (name == 'form' or is_form):
            _report_values(changes, keywords[name].value)
    for name in ('content_type', 'mimetype'):
        if content_type := keywords.get(name):
            if is_form:
                changes.also(call, partial(remove_arguments, names=[name]))
            else:
                _change_content_type(changes, call, content_type, keywords.get('headers'))


def is_mapping(module: Module, kinds: Kinds, node: cst.BaseExpression) -> bool:
    """Return whether an expression is a dict, as far as the source shows it."""
    match node:
        case cst.Dict() | cst.DictComp() | cst.Call(func=cst.Name(value='dict')):
            return True
        case cst.Name():
            assigned = ((module, item) for item in module.assigned(node))
            return any(
                is_mapping(owner, kinds, item)
                for owner, item in (*assigned, *kinds.passed(module, node))
                if not isinstance(item, cst.Name)
            )
    return False


def _change_form(changes: Changes, data: cst.Arg, *, is_last: bool) -> None:
    module = changes.module
    values = [_value(item) for item in items(data.value)]
    files = [index for index, value in enumerate(values) if value and is_file(module, value)]
    if files:
        changes.imports.add('quart.datastructures.FileStorage')
    changes.add(
        data,
        partial(split, files=files, is_last=is_last),
        'client-form',
        'the test client takes fields as `form` and files as `files`',
        'rename the argument',
    )


def _report_values(changes: Changes, node: cst.BaseExpression) -> None:
    """Report the fields that cannot be sent, and files in a dict that is made elsewhere."""
    module = changes.module
    for source in [node, *_sources(module, node)]:
        for value in map(_value, items(source)):
            if value is None:
                continue
            if is_file(module, value):
                if source is not node:
                    _report(changes, value, 'pass it in `files`, as a `FileStorage`')
            elif is_named_tuple_of_file(module, value):
                _report(changes, value, 'pass it in `files`, as a `FileStorage`')
            elif isinstance(value, cst.List | cst.Tuple):
                _report(changes, value, _LIST_REMEDY)


def _report(changes: Changes, node: cst.CSTNode, remedy: str) -> None:
    text = 'the test client does not send this as a field'
    changes.report(node, 'client-argument', text, remedy)


def _sources(module: Module, node: cst.BaseExpression) -> list[cst.BaseExpression]:
    return list(module.assigned(node)) if isinstance(node, cst.Name) else []


def items(node: cst.BaseExpression) -> Sequence[cst.BaseDictElement | cst.Arg]:
    """Return the items of a dict in the source."""
    match node:
        case cst.Dict(elements=elements):
            return elements
        case cst.Call(args=arguments):
            return arguments
    return []


def _value(item: cst.BaseDictElement | cst.Arg) -> cst.BaseExpression | None:
    is_item = isinstance(item, cst.DictElement) or (isinstance(item, cst.Arg) and item.keyword)
    return item.value if is_item else None


def is_file(module: Module, node: cst.BaseExpression) -> bool:
    """Return whether the value of a field is a file: a file object, or a tuple that begins so."""
    match node:
        case cst.Tuple(elements=[first, _] | [first, _, _]):
            return not isinstance(first.value, cst.SimpleString | cst.Integer)
        case cst.Call(func=func):
            return last_name(func) in _FILES
        case cst.Name():
            # The items of a tuple have other places in `FileStorage`.
            return any(
                is_file(module, item)
                for item in module.assigned(node)
                if not isinstance(item, cst.Name | cst.Tuple)
            )
    return False


def is_named_tuple_of_file(module: Module, node: cst.BaseExpression) -> bool:
    """Return whether the value of a field is a variable with the tuple of a file."""
    return isinstance(node, cst.Name) and any(
        isinstance(item, cst.Tuple) and is_file(module, item) for item in module.assigned(node)
    )


def split(
    argument: cst.Arg, *, files: list[int], is_last: bool
) -> cst.Arg | cst.FlattenSentinel[cst.Arg]:
    """Return `form=…` and `files=…` for `data=…`; the items with these indexes are files."""
    form = argument.with_changes(keyword=cst.Name('form'))
    if not files:
        return form
    found = items(argument.value)
    fields = [item for index, item in enumerate(found) if index not in files]
    stored = [
        item.with_changes(value=file_storage(item.value))
        for index, item in enumerate(found)
        if index in files and isinstance(item, cst.DictElement | cst.Arg)
    ]
    named = argument.with_changes(
        keyword=cst.Name('files'), value=_with_items(argument.value, stored)
    )
    if not fields:
        return named
    form = form.with_changes(
        value=_with_items(argument.value, fields),
        comma=cst.MaybeSentinel.DEFAULT if is_last else argument.comma,
    )
    return cst.FlattenSentinel([form, named])


def _with_items(
    node: cst.BaseExpression, kept: Sequence[cst.BaseDictElement | cst.Arg]
) -> cst.BaseExpression:
    *others, last = kept
    last = last.with_changes(comma=items(node)[-1].comma)
    name = 'elements' if isinstance(node, cst.Dict) else 'args'
    return node.with_changes(**{name: [*others, last]})


def file_storage(value: cst.BaseExpression) -> cst.BaseExpression:
    """Return the `FileStorage` of a file, or of a tuple of a file, its name and its type."""
    match value:
        case cst.Call(func=func) if last_name(func) == 'FileStorage':
            return value
        case cst.Tuple(elements=elements):
            arguments = [cst.Arg(item.value) for item in elements]
            if len(arguments) == 3:
                arguments[2] = arguments[2].with_changes(
                    keyword=cst.Name('content_type'), equal=assign_equal()
                )
            return cst.Call(cst.Name('FileStorage'), arguments)
    return cst.Call(cst.Name('FileStorage'), [cst.Arg(value)])


def _change_content_type(
    changes: Changes, call: cst.Call, content_type: cst.Arg, headers: cst.Arg | None
) -> None:
    text = 'the test client has no such argument'
    remedy = 'give the header `Content-Type`'
    if headers is None:
        changes.add(
            content_type,
            lambda argument: argument.with_changes(
                keyword=cst.Name('headers'), value=cst.Dict([_header(argument.value)])
            ),
            'client-content-type',
            text,
            remedy,
        )
    elif isinstance(headers.value, cst.Dict | cst.List):
        name = content_type.keyword.value if content_type.keyword else ''
        changes.add(
            call, lambda node: merge_header(node, name), 'client-content-type', text, remedy
        )
    else:
        changes.report(content_type, 'client-content-type', text, remedy)


def merge_header(call: cst.Call, name: str) -> cst.Call:
    """Return a call with the content type, given as a keyword argument, in its headers."""
    by_name = {item.keyword.value: item for item in call.args if item.keyword is not None}
    headers = by_name['headers']
    header: Any = _header(by_name[name].value)
    if isinstance(headers.value, cst.List):
        pair = [cst.Element(header.key), cst.Element(header.value)]
        header = cst.Element(cst.Tuple(pair))
    value = headers.value
    elements: list[Any] = list(getattr(value, 'elements', ()))
    if elements:
        last = elements[-1]
        header = header.with_changes(comma=last.comma)
        separator = cst.Comma(whitespace_after=cst.SimpleWhitespace(' '))
        elements[-1] = last.with_changes(
            comma=elements[-2].comma if len(elements) > 1 else separator
        )
    changed = headers.with_changes(value=value.with_changes(elements=[*elements, header]))
    call = call.with_changes(args=[changed if item is headers else item for item in call.args])
    return remove_arguments(call, [name])


def _header(value: cst.BaseExpression) -> cst.DictElement:
    return cst.DictElement(cst.SimpleString("'Content-Type'"), value)
