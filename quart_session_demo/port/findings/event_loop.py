"""Find calls that start an event loop where one runs already."""

from collections.abc import Iterator

import libcst as cst

from quart_session_demo.port.analysis.modules import Module, last_name
from quart_session_demo.port.analysis.origins import origin
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.findings.finding import Finding, finding

#: Functions that run a coroutine in a loop of their own.
RUNNERS = frozenset(['anyio.run', 'asgiref.sync.async_to_sync', 'asyncio.run', 'trio.run'])

#: Methods of a loop that raise an error while it runs.
METHODS = frozenset(['run_forever', 'run_until_complete'])


def find_event_loops(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield the calls in async functions that start an event loop."""
    for function in propagation.collected[module].functions.values():
        if not function.is_async:
            continue
        for node in function.expressions:
            if isinstance(node, cst.Call) and (
                last_name(node.func) in METHODS or origin(module, propagation, node.func) in RUNNERS
            ):
                yield finding(
                    module,
                    node,
                    'event-loop',
                    f'{last_name(node.func)}() raises RuntimeError: the event loop runs already',
                    'await the coroutine',
                )
