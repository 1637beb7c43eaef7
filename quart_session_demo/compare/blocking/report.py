"""Report what blocked the event loop, as text and as JSON."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from msgspec.structs import asdict

from quart_session_demo.compare.blocking.records import Handlers
from quart_session_demo.compare.blocking.steps import Exchange
from quart_session_demo.compare.blocking.summary import BlockingLine
from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.harness.servers import EXECUTOR_THREADS
from quart_session_demo.tables import Table
from quart_session_demo.terminal import Terminal, cut, escape

#: The packages whose versions are reported.
REPORTED_PACKAGES = 'quart', 'hypercorn'
#: How many characters of a line of code are shown.
CODE_LENGTH = 60


def print_report(
    terminal: Terminal,
    lines: Sequence[BlockingLine],
    exchanges: Sequence[Exchange],
    total: int,
    limit: float,
) -> None:
    """Print the lines that blocked, and a summary.

    Args:
        terminal: Where to print.
        lines: The lines.
        exchanges: The steps so far.
        total: The number of steps in the file. With fewer exchanges, the run was stopped.
        limit: The limit in milliseconds.
    """
    if lines:
        _table(lines).print(terminal)
        terminal.print()
    stopped = f'stopped after {len(exchanges)} of ' if len(exchanges) < total else ''
    count = pluralize(len(lines), 'line') if lines else 'no line'
    terminal.print(
        f'{stopped}{pluralize(total, "step")}: {count} blocked the event loop for more than '
        f'{limit:g} ms.',
        color='red' if stopped or lines else 'bold',
    )


def sync_warning(handlers: Handlers | None) -> str | None:
    """Return a warning if handlers can use all threads; None if there are no such handlers."""
    if handlers is None or not (handlers.sync_views or handlers.sync_functions):
        return None
    counts = []
    if handlers.sync_views:
        counts.append(f'{handlers.sync_views} of {pluralize(handlers.views, "view")}')
    if handlers.sync_functions:
        counts.append(f'{pluralize(handlers.sync_functions, "function")} around views')
    return (
        f'{" and ".join(counts)} are not `async`. Quart runs them in threads, at most '
        f'{EXECUTOR_THREADS} at once on this machine: min(32, processors + 4). While these wait, '
        'every other request that needs a thread waits too'
    )


def failed_hint(exchanges: Sequence[Exchange]) -> str | None:
    """Return a hint if there are steps that fail, because they may not run what they should."""
    failed = [exchange for exchange in exchanges if exchange.response.is_failure]
    if not failed:
        return None
    first = failed[0]
    reason = first.response.error or f'status {first.response.status}'
    return (
        f'the app fails at {pluralize(len(failed), "step")}, first at {first.step.name!r} '
        f'({reason}); what follows in these handlers did not run'
    )


def json_content(
    lines: Sequence[BlockingLine], exchanges: Sequence[Exchange], handlers: Handlers | None
) -> dict[str, Any]:
    """Return the results as objects for `json.dump`."""
    return {
        'versions': {'python': platform.python_version()}
        | {name: version(name) for name in REPORTED_PACKAGES},
        'steps': [
            {
                'name': item.step.name,
                'request': f'{item.step.method} {item.step.path}',
                'status': item.response.status,
                'error': item.response.error,
            }
            for item in exchanges
        ],
        'threads': EXECUTOR_THREADS,
        'handlers': handlers and asdict(handlers),
        'blocking': [asdict(line) for line in lines],
    }


def _table(lines: Sequence[BlockingLine]) -> Table:
    return Table(
        'blocking',
        'The lines that blocked the event loop, and for how long.',
        ('longest', 'times', 'route', 'line', 'code'),
        [
            (
                f'{line.longest_ms:.0f} ms',
                str(line.count),
                escape(line.route),
                escape(f'{line.file}:{line.line}{"" if line.own else " (not your code)"}'),
                _code(line.code),
            )
            for line in lines
        ],
    )


def _code(line: str) -> str:
    """Return a line of code for a table in Markdown, which is also read on a terminal."""
    code = cut(escape(line), CODE_LENGTH).replace('|', '\\|')
    return f'`{code}`' if code else ''
