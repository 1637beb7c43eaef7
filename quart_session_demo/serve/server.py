"""Serve an app in this process, until a signal; then stop without losing a request."""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from hypercorn.utils import LifespanFailureError, LifespanTimeoutError

from quart_session_demo.serve import accept_queue, signals, standard_error
from quart_session_demo.serve.app import load_app
from quart_session_demo.serve.lifespan import LifespanMiddleware
from quart_session_demo.serve.open_requests import OpenRequests
from quart_session_demo.serve.settings import ABANDON_SECONDS, ServeError, Settings

#: Routers such as Heroku's reuse an idle connection for 90 s. They must be the first to close it.
KEEP_ALIVE_SECONDS = 100
#: Connections that arrive in a burst wait instead of being refused.
BACKLOG = 1024
#: How long connections may take to close after the graceful timeout.
CLOSE_SECONDS = 1
LOGGER = logging.getLogger('hypercorn.error')


def run(
    name: str,
    listener: socket.socket,
    settings: Settings,
    parent: socket.socket | None,
    *,
    is_inherited: bool,
) -> None:
    """Serve an app until SIGTERM or SIGINT.

    Args:
        name: The app, as `MODULE:APP`.
        listener: A bound socket.
        settings: How long a stop may take.
        parent: A socket whose other end the parent process has. It gets a byte when the app accepts
            connections. When it sends one, this process stops, and others go on with the socket.
            They also do after a signal to this process alone. When the parent ends or shuts the
            socket down, all processes stop.
        is_inherited: Whether other programs go on with the socket.

    Raises:
        ServeError: There is no such app, or its start or its end failed.
    """
    app = load_app(name)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            try:
                runner.run(_serve(app, listener, settings, parent, is_inherited))
            finally:
                # The end of the loop would restore the default, which kills the process.
                for number in (signal.SIGTERM, signal.SIGINT):
                    runner.get_loop().remove_signal_handler(number)
                signals.ignore_stop()
    except (LifespanFailureError, LifespanTimeoutError) as error:
        # An app reports a text, while it handles its exception. Quart logs the traceback.
        cause = error.__context__
        problem = f'{type(cause).__name__}: {cause}' if cause else error
        raise ServeError(f'{name} cannot be served: {problem}') from None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(
    app: ASGIFramework,
    listener: socket.socket,
    settings: Settings,
    parent: socket.socket | None,
    is_inherited: bool,
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    requests = OpenRequests(app)
    lifespan = LifespanMiddleware(requests)
    # Other processes of this server go on.
    is_replaced = parent is not None

    def begin_stop() -> None:
        requests.drain(is_ready=is_replaced)
        stop.set()

    def read_parent(parent: socket.socket) -> None:
        nonlocal is_replaced
        received = b''
        with suppress(OSError):
            received = parent.recv(1)
        if not received:
            loop.remove_reader(parent)
            is_replaced = False
        begin_stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, begin_stop)
    if parent:
        loop.add_reader(parent, read_parent, parent)
    is_started = False

    async def drain_when_stopped() -> None:
        nonlocal is_started
        is_started = True
        if parent:
            # If the parent has ended, this process stops.
            with suppress(OSError):
                parent.send(b'1')
        await stop.wait()
        # Requests that were sent may wait in connections that are not accepted yet.
        await asyncio.sleep(settings.drain_seconds)
        if not is_replaced and not is_inherited:
            await accept_queue.drain(queue)
        queue.close()

    queue = listener.dup()
    config = Config()
    config.bind = [f'fd://{listener.detach()}']
    config.backlog = BACKLOG
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    # Later than the end of open requests below, which Hypercorn does not log.
    config.graceful_timeout = settings.graceful_timeout + ABANDON_SECONDS
    server = asyncio.create_task(
        serve(lifespan, config, shutdown_trigger=drain_when_stopped, mode='asgi')
    )
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((server, stopped), return_when=asyncio.FIRST_COMPLETED)
    if server.done():
        stopped.cancel()
        try:
            await server
        except OSError:
            # Two programs can bind an address until one of them listens.
            raise ServeError(
                'another program listens on this address: choose another one with PORT or --bind'
            ) from None
        return
    _abandon_after(settings.graceful_timeout + ABANDON_SECONDS)
    if not is_started:
        server.cancel()
        with suppress(asyncio.CancelledError):
            await server
        return
    await asyncio.wait((server,), timeout=settings.graceful_timeout)
    if not server.done():
        requests.end(f'not finished {settings.graceful_timeout:g} s after the signal to stop')
        await asyncio.wait((server,), timeout=CLOSE_SECONDS)
        await lifespan.end()
        # Without waiting for clients that do not read, for handlers that ignore their cancellation
        # and for threads.
        # Standard output may be closed, or its reader may have ended.
        with suppress(AttributeError, OSError):
            sys.stdout.flush()
        standard_error.flush()
        os._exit(0)
    await server


def _abandon_after(seconds: float) -> None:
    """End the process at a time, even if something still runs, such as a thread of the app."""

    def abandon() -> None:
        LOGGER.error('stopped after %g s, although the app has not ended', seconds)
        standard_error.flush()
        os._exit(1)

    timer = threading.Timer(seconds, abandon)
    timer.daemon = True
    timer.start()
