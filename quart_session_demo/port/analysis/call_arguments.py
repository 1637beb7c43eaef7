"""What calls pass to the parameters of the project's functions."""

from collections.abc import Iterable, Mapping, Sequence

import libcst as cst

from quart_session_demo.port.analysis import library
from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.inference import Kinds
from quart_session_demo.port.analysis.kinds import Defined
from quart_session_demo.port.analysis.modules import Module, last_name


def note_arguments(
    functions: Mapping[cst.FunctionDef, Function],
    calls: Iterable[tuple[Module, cst.Call]],
    kinds: Kinds,
) -> None:
    """Note what calls pass to the functions and classes of the project."""
    for module, call in calls:
        if last_name(call.func) in library.AFTER_REQUEST and call.args:
            match kinds.of(module, call.args[0].value):
                case Defined(_, cst.FunctionDef() as registered):
                    kinds.after_request.add(registered)
        match kinds.of(module, call.func):
            case Defined(owner, cst.ClassDef() as class_):
                for definition, _ in owner.members(class_, '__init__'):
                    if definition is not None:
                        _note_call(kinds, module, call, definition.params.params[1:])
            case Defined(_, cst.FunctionDef() as node):
                is_method = functions[node].class_ is not None
                _note_call(kinds, module, call, node.params.params[int(is_method) :])


def _note_call(
    kinds: Kinds, module: Module, call: cst.Call, parameters: Sequence[cst.Param]
) -> None:
    by_name = {parameter.name.value: parameter for parameter in parameters}
    positional = iter(parameters)
    for argument in call.args:
        if argument.star:
            break
        if argument.keyword is not None:
            parameter = by_name.get(argument.keyword.value)
        else:
            parameter = next(positional, None)
        if parameter is not None:
            kinds.add_argument(parameter, module, argument.value)
