"""Find `with` of context managers of other libraries that are asynchronous."""

from collections.abc import Iterator

from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.origins import origin
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.findings.finding import Finding, finding

#: What `with` fails for, by full name.
ASYNCHRONOUS = frozenset(
    [
        'aiofiles.open',
        'aiohttp.ClientSession',
        'aiosqlite.connect',
        'asyncio.Condition',
        'asyncio.Lock',
        'asyncio.Semaphore',
        'asyncio.TaskGroup',
        'asyncio.timeout',
        'contextlib.AsyncExitStack',
        'httpx.AsyncClient',
    ]
)


def find_async_contexts(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield the context managers that need `async with`."""
    for function in propagation.collected[module].functions.values():
        for statement in function.with_statements:
            for item in statement.items if statement.asynchronous is None else ():
                name = origin(module, propagation, item.item).removesuffix('()')
                if name in ASYNCHRONOUS:
                    yield finding(
                        module,
                        item.item,
                        'missing-async-with',
                        f'{name}() is an asynchronous context manager',
                        'use `async with`',
                    )
