"""Count which blocking lines two tools find: `compare blocking`, and blockbuster.

Install blockbuster, and run this file. The cases are those of `tests/apps/blocking_app.py`.
"""

import asyncio
import importlib
import os
import platform
import re
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from quart_session_demo.compare.blocking.places import find_place, read_stack
from quart_session_demo.compare.blocking.records import Block, write
from quart_session_demo.compare.blocking.routes import RouteMiddleware, current_route
from quart_session_demo.compare.blocking.steps import WatchedApp, run_steps
from quart_session_demo.compare.harness.servers import ServerCommand
from quart_session_demo.compare.harness.steps_file import load_steps
from quart_session_demo.tables import Table

ROOT = Path(__file__).parents[3]
APPS = ROOT / 'tests' / 'apps'
STEPS = APPS / 'blocking.toml'
#: The limit of `compare blocking`, in milliseconds. blockbuster has none.
LIMIT = 50

#: A route, and the line that blocks for it.
Line = tuple[str, int]


class BlockbusterApp(WatchedApp):
    """The app on a server in which blockbuster raises an error at each blocking call."""

    def command(self, environment: Any) -> ServerCommand:
        """Return how to start the server."""
        records = str(self.folder / str(len(self.ready)))
        command = (sys.executable, __file__, '--serve', '127.0.0.1:{port}', records)
        return ServerCommand('blockbuster', command, {**self.environment, **environment})


def main() -> None:
    """Measure, and print the tables in Markdown."""
    if sys.argv[1:2] == ['--serve']:
        asyncio.run(serve_with_blockbuster(sys.argv[2], Path(sys.argv[3])))
        return
    cases = list(planted_lines())
    found = {'compare blocking': measure(WatchedApp), 'blockbuster': measure(BlockbusterApp)}
    rows = [
        [
            f'`{route}`: `{code}`',
            *('yes' if (route, line) in lines else 'no' for lines in found.values()),
        ]
        for route, line, code in cases
    ]
    planted = {(route, line) for route, line, _ in cases}
    rows.append(['found', *(str(len(planted & lines)) for lines in found.values())])
    false = [{route for route, _ in lines if '/fine/' in route} for lines in found.values()]
    rows.append(
        [
            'routes reported that block for less than 50 ms or not at all',
            *(', '.join(sorted(f)) or 'none' for f in false),
        ]
    )
    versions = ', '.join(f'{name} {version(name)}' for name in ('quart', 'blockbuster'))
    print(
        '# Which blocking lines two tools find\n\n'
        f'{datetime.now(UTC):%d %B %Y}, Python {platform.python_version()}, {versions}. '
        'blockbuster raises an error at the first blocking call of a handler, so it does not get '
        'to the second one, in `/several` and `/socket`.\n'
    )
    print(Table('found', '', ('line', *found), rows).markdown())


def planted_lines() -> Iterator[tuple[str, int, str]]:
    """Yield the route, the number and the code of each line that blocks."""
    for file in (APPS / 'blocking_app.py', APPS / 'templates' / 'blocking.html'):
        for number, line in enumerate(file.read_text('utf-8').splitlines(), 1):
            if match := re.fullmatch(r'(.*?)\s*\{?# blocks: (.*?)( #\})?', line):
                yield match[2], number, match[1].strip().replace('|', '\\|')


def measure(kind: type[WatchedApp]) -> set[Line]:
    """Return the lines that a tool finds."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join([str(APPS), str(ROOT)])
        app = kind('blocking_app:app', LIMIT, {'PYTHONPATH': path}, Path(folder))
        run_steps(load_steps(STEPS), app, lambda _: None)
        blocks = [record for record in app.records() if isinstance(record, Block)]
        return {(block.route, block.line) for block in blocks if block.is_own}


async def serve_with_blockbuster(address: str, records: Path) -> None:
    """Serve the app, and record each error of blockbuster."""
    blockbuster: Any = importlib.import_module('blockbuster.blockbuster')
    app = importlib.import_module('blocking_app').app

    class RecordedError(blockbuster.BlockingError):  # type: ignore[misc]
        def __init__(self, function: str) -> None:
            super().__init__(function)
            # Without blockbuster, which would find that this writes a file.
            blockbuster._skip.value = True
            place = find_place(read_stack(sys._getframe(2)))
            write(records, Block(time.monotonic(), current_route.get(), *place, seconds=0))
            blockbuster._skip.value = False

    def without_errors(function: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def call() -> None:
            with suppress(RecordedError):
                await function()

        return call

    # At the start an error would end the server.
    app.before_serving_funcs = [without_errors(item) for item in app.before_serving_funcs]
    app.after_serving_funcs = [without_errors(item) for item in app.after_serving_funcs]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    config = Config()
    config.bind = [address]
    blockbuster.BlockingError = RecordedError
    with blockbuster.blockbuster_ctx():
        await serve(RouteMiddleware(app), config, shutdown_trigger=stop.wait)


if __name__ == '__main__':
    main()
