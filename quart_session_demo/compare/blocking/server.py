"""Serve an app on Hypercorn and record what blocks its event loop.

`python -m quart_session_demo.compare.blocking.server APP --bind ADDRESS --limit MS --records FILE`.
"""

import argparse
import asyncio
import signal
from pathlib import Path
from typing import Any

from gunicorn.util import import_app
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from hypercorn.utils import is_asgi
from quart import Quart

from quart_session_demo.compare.blocking.attribution import find_blocks
from quart_session_demo.compare.blocking.records import NO_ROUTE, Block, Handlers, write
from quart_session_demo.compare.blocking.routes import RouteMiddleware, current_route
from quart_session_demo.compare.blocking.sync_handlers import count_sync_functions, count_views
from quart_session_demo.compare.blocking.watchdog import LoopCallback, Watchdog


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument('app')
    parser.add_argument('--bind', required=True)
    parser.add_argument('--limit', type=float, required=True)
    parser.add_argument('--records', type=Path, required=True)
    options = parser.parse_args()
    app: Any = import_app(options.app)
    if not is_asgi(app):
        parser.error(f'{options.app} is not an ASGI app; a factory needs parentheses: APP()')
    if isinstance(app, Quart):
        counts = Handlers(*count_views(app), count_sync_functions(app))
        write(options.records, counts)
    config = Config()
    config.bind = [options.bind]
    # Not uvloop, whose callbacks cannot be watched.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(serve_watched(app, config, options.limit / 1000, options.records))


async def serve_watched(app: ASGIFramework, config: Config, limit: float, records: Path) -> None:
    """Serve an app, and write each block that is longer than a limit in seconds."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    def report(callback: LoopCallback) -> None:
        for place, seconds in find_blocks(callback.samples, limit):
            route = callback.context.get(current_route, NO_ROUTE)
            write(records, Block(callback.started, route, *place, seconds))

    with Watchdog(report):
        await serve(RouteMiddleware(app), config, shutdown_trigger=stop.wait)


if __name__ == '__main__':
    main()
