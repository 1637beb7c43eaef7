"""Find functions that are given to code that calls them in a way that breaks."""

from collections.abc import Iterator

import libcst as cst

from quart_session_demo.port.analysis import library
from quart_session_demo.port.analysis.consumption import CONSUMERS
from quart_session_demo.port.analysis.context_use import called_function, used_context
from quart_session_demo.port.analysis.decorators import called_name, decorator_expressions
from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.kinds import Defined, Named
from quart_session_demo.port.analysis.modules import Module, last_name
from quart_session_demo.port.analysis.origins import origin
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.analysis.together import REPLACING
from quart_session_demo.port.findings.finding import Finding, finding

#: Calls that run a function in a thread or a process of its own.
THREADS = frozenset(
    ['Process', 'Thread', 'Timer', 'apply_async', 'run_in_executor', 'start_new_thread', 'submit']
)

#: Calls that run a function in a thread with the context of the caller.
THREADS_WITH_CONTEXT = frozenset(['run_sync', 'to_thread'])

#: Calls of Python's own that do not await what a function returns.
CALLING = frozenset(
    [
        'builtins.filter',
        'builtins.map',
        'builtins.max',
        'builtins.min',
        'builtins.sorted',
        'functools.cache',
        'functools.cached_property',
        'functools.lru_cache',
        'functools.reduce',
        'itertools.filterfalse',
        'itertools.groupby',
        'itertools.starmap',
        'itertools.takewhile',
        'itertools.dropwhile',
        'signal.signal',
        'atexit.register',
    ]
)

#: Calls that take a coroutine.
STARTING = frozenset(['create_task', 'ensure_future', 'gather', 'run_coroutine_threadsafe'])

#: Methods that do not await it, of any object.
CALLING_METHODS = frozenset(
    [
        'add_done_callback',
        'add_signal_handler',
        'call_at',
        'call_later',
        'call_on_close',
        'call_soon',
        'call_soon_threadsafe',
    ]
)

#: Functions that may be given a coroutine function.
AWAITING = library.REGISTRATIONS | CONSUMERS | REPLACING


def find_references(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield references to coroutine functions, and to functions with a context, that break."""
    for call in propagation.collected[module].calls:
        for argument in call.args:
            function = called_function(module, propagation, argument.value)
            if function is None:
                continue
            name = last_name(call.func)
            in_thread = _starts_thread(module, propagation, call)
            if function.is_async and not function.is_generator and name in STARTING:
                yield finding(
                    module,
                    argument.value,
                    'coroutine-callback',
                    f'{name}() takes a coroutine, not the coroutine function {function.name}',
                    f'call it: `{function.name}(…)`',
                )
            elif function.is_async:
                # In a file that was just ported, a function may have become a coroutine function.
                if (
                    in_thread
                    or _calls(module, propagation, call, argument)
                    or (
                        module.was_ported
                        and name not in AWAITING
                        and not _is_awaited_in(module, propagation, call)
                    )
                ):
                    yield finding(
                        module,
                        argument.value,
                        'coroutine-callback',
                        f'{name}() does not await the coroutine function {function.name}()',
                        _remedy(name, in_thread=in_thread),
                    )
            elif (
                in_thread
                and name not in THREADS_WITH_CONTEXT
                and (used := used_context(propagation, function))
            ):
                text = f'{function.name}() uses `{used}`, which a thread does not have'
                remedy = 'use `app.add_background_task(…)`, or pass the values'
                yield finding(module, argument.value, 'thread-context', text, remedy)
    for function in propagation.collected[module].functions.values():
        if function.is_async:
            yield from _cached(module, propagation, function)


def _starts_thread(module: Module, propagation: Propagation, call: cst.Call) -> bool:
    name = last_name(call.func)
    if name == 'map':
        return origin(module, propagation, call.func).startswith(
            ('concurrent.futures.', 'multiprocessing.')
        )
    return name in THREADS or name in THREADS_WITH_CONTEXT


def _is_awaited_in(module: Module, propagation: Propagation, call: cst.Call) -> bool:
    """Return whether a call is of a decorator, or of an async function that awaits it."""
    if called_name(call) in library.REGISTRATIONS:
        return True
    called = call.func.func if isinstance(call.func, cst.Call) else call.func
    match propagation.kinds.of(module, called):
        case Defined(_, cst.FunctionDef() as definition):
            is_decorator = bool(propagation.decorators.decorated[definition])
            return is_decorator or propagation.functions[definition].is_async
    return False


def _calls(module: Module, propagation: Propagation, call: cst.Call, argument: cst.Arg) -> bool:
    """Return whether a call calls the function that it is given, and does not await it."""
    if isinstance(call.func, cst.Attribute):
        name = call.func.attr.value
        if name in CALLING_METHODS:
            return True
        if name == 'sort' and argument.keyword is not None:
            return argument.keyword.value == 'key'
    match propagation.kinds.of(module, call.func):
        case Named(full_name):
            # The coroutines of `map` may be given to `asyncio.gather`.
            return full_name in CALLING and not propagation.is_awaited(module, call)
    return False


def _remedy(name: str, *, in_thread: bool) -> str:
    if name in THREADS_WITH_CONTEXT:
        return 'await the function itself'
    if in_thread:
        return 'use `app.add_background_task(…)`'
    if name in CALLING_METHODS:
        return 'give a function that calls `asyncio.create_task(…)`'
    return 'await its results first, such as in a list comprehension'


def _cached(module: Module, propagation: Propagation, function: Function) -> Iterator[Finding]:
    """Yield the caches of coroutines: each coroutine can be awaited only once."""
    for expression in decorator_expressions(function):
        called = expression.func if isinstance(expression, cst.Call) else expression
        match propagation.kinds.of(module, called):
            case Named('functools.lru_cache' | 'functools.cache' | 'functools.cached_property'):
                yield finding(
                    module,
                    expression,
                    'coroutine-callback',
                    f'{last_name(called)} stores the coroutine of {function.name}(), '
                    'which can be awaited only once',
                    'cache the awaited value instead',
                )
