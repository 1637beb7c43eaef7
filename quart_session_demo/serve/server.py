"""Serve an app in this process, until a signal; then stop without losing a request."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from hypercorn.utils import LifespanFailureError, LifespanTimeoutError

from quart_session_demo.middleware.server_url import ServerUrlMiddleware, local_url
from quart_session_demo.serve import accept_queue, signals, standard_error
from quart_session_demo.serve.app import load_app
from quart_session_demo.serve.lifespan import LifespanMiddleware
from quart_session_demo.serve.open_requests import OpenRequests
from quart_session_demo.serve.settings import ABANDON_SECONDS, ServeError, Settings
from quart_session_demo.serve.upgrade import ignore_h2c
from quart_session_demo.serve.watchdog import Watchdog

#: Routers such as Heroku's reuse an idle connection for 90 s. They must be the first to close it.
KEEP_ALIVE_SECONDS = 100
#: Connections that arrive in a burst wait instead of being refused.
BACKLOG = 1024
#: How long connections may take to close after the graceful timeout.
CLOSE_SECONDS = 1


def run(
    name: str,
    listener: socket.socket,
    settings: Settings,
    parent: socket.socket | None,
    *,
    is_inherited: bool,
    has_started: bool,
) -> None:
    """Serve an app until SIGTERM or SIGINT.

    Args:
        name: The app, as `MODULE:APP`.
        listener: A bound socket.
        settings: How long a stop may take.
        parent: A socket whose other end the parent process has. It gets a byte when the app accepts
            connections. When it sends one, this process stops, and others still serve the listener.
            They also do after a signal to this process alone. When the parent ends or shuts the
            socket down, all processes stop.
        is_inherited: Whether other programs still use the listener after the stop.
        has_started: Whether another process of the parent has started before.

    Raises:
        ServeError: There is no such app, or its start or its end failed.
    """
    ignore_h2c()
    app = ServerUrlMiddleware(load_app(name), None if has_started else local_url(listener))
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            try:
                runner.run(_Server(app, listener, settings, parent, is_inherited).serve())
            finally:
                # The event loop is about to close. A signal now must not change the exit status.
                signals.ignore_stop()
    except (LifespanFailureError, LifespanTimeoutError) as error:
        # An app reports a text, while it handles its exception. Quart logs the traceback.
        cause = error.__context__
        problem = f'{type(cause).__name__}: {cause}' if cause else str(error)
        problem = ' '.join(problem.split())
        raise ServeError(f'{name} cannot be served: {problem}') from None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class _Server:
    """Hypercorn in an event loop, with a start and a stop that the parent process can follow."""

    def __init__(
        self,
        app: ASGIFramework,
        listener: socket.socket,
        settings: Settings,
        parent: socket.socket | None,
        is_inherited: bool,
    ) -> None:
        self.requests = OpenRequests(app)
        self.lifespan = LifespanMiddleware(self.requests)
        self.listener = listener
        self.settings = settings
        self.parent = parent
        self.is_inherited = is_inherited
        self._watchdog = Watchdog(settings.graceful_timeout + ABANDON_SECONDS)
        self._is_stopping = asyncio.Event()
        self._has_started = False
        # Whether other processes of this server go on.
        self._is_replaced = parent is not None
        # The event loop's server for the listener.
        self._accepting: asyncio.Server | None = None

    async def serve(self) -> None:
        """Serve until a signal, and then stop."""
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # `add_signal_handler` would wait for a handler of the app that blocks the event loop.
            signal.signal(number, self._handle_signal)
        if self.parent:
            self._loop.add_reader(self.parent, self._read_parent, self.parent)
        hypercorn = asyncio.create_task(self._run_hypercorn())
        stopping = asyncio.create_task(self._is_stopping.wait())
        await asyncio.wait((hypercorn, stopping), return_when=asyncio.FIRST_COMPLETED)
        if hypercorn.done():
            # The start failed. A thread of the app could prevent the end.
            self._watchdog.start()
            stopping.cancel()
            await hypercorn
        elif self._has_started:
            await self._end(hypercorn)
        else:
            hypercorn.cancel()
            with suppress(asyncio.CancelledError):
                await hypercorn

    async def _run_hypercorn(self) -> None:
        fileno = self.listener.fileno()
        create_server = self._loop.create_server

        async def create_and_store_server(*args: Any, **options: Any) -> asyncio.Server:
            server = await create_server(*args, **options)
            if (used := options.get('sock')) and used.fileno() == fileno:
                self._accepting = server
                # Hypercorn changes this. Programs that the app starts could occupy the address
                # after the stop.
                used.set_inheritable(False)
            return server

        # Hypercorn has no way to stop accepting connections before it closes others.
        self._loop.create_server = create_and_store_server  # type: ignore[method-assign]
        queue = self.listener.dup()
        config = Config()
        config.bind = [f'fd://{self.listener.detach()}']
        config.backlog = BACKLOG
        config.keep_alive_timeout = KEEP_ALIVE_SECONDS
        # Later than `_end` ends open requests, which Hypercorn does not log.
        config.graceful_timeout = self.settings.graceful_timeout + ABANDON_SECONDS

        async def drain_when_stopping() -> None:
            self._report_start()
            await self._is_stopping.wait()
            await self._drain(queue)

        try:
            await serve(self.lifespan, config, shutdown_trigger=drain_when_stopping, mode='asgi')
        except OSError:
            if self._has_started:
                raise
            # Two programs can bind an address until one of them listens.
            raise ServeError(
                'another program listens on this address: choose another one with PORT or --bind'
            ) from None

    def _report_start(self) -> None:
        self._has_started = True
        if self.parent:
            # If the parent has ended, this process stops.
            with suppress(OSError):
                self.parent.send(b'1')

    def _handle_signal(self, number: int, frame: FrameType | None) -> None:
        self._watchdog.start()
        self._loop.call_soon_threadsafe(self._begin_stop)

    def _read_parent(self, parent: socket.socket) -> None:
        received = b''
        with suppress(OSError):
            received = parent.recv(1)
        if not received:
            self._loop.remove_reader(parent)
            self._is_replaced = False
        self._begin_stop()

    def _begin_stop(self) -> None:
        self._watchdog.start()
        self.requests.drain(is_ready=self._is_replaced)
        self._is_stopping.set()

    async def _drain(self, queue: socket.socket) -> None:
        """Accept the connections that wait, and then no more."""
        # Requests that were sent may wait in connections that are not accepted yet.
        await asyncio.sleep(self.settings.drain_seconds)
        if not self._is_replaced and not self.is_inherited:
            await accept_queue.drain(queue)
        if self._accepting:
            self._accepting.close()
        queue.close()
        # After this function Hypercorn closes each connection without a request. The request may
        # be on its way, if the connection was accepted just now.
        await accept_queue.wait_for_requests()

    async def _end(self, hypercorn: asyncio.Task[None]) -> None:
        """Wait for the open requests, and end them at the graceful timeout."""
        timeout = self.settings.graceful_timeout
        await asyncio.wait((hypercorn,), timeout=timeout)
        if hypercorn.done():
            await hypercorn
            return
        self.requests.end(f'not finished {timeout:g} s after the signal to stop')
        await asyncio.wait((hypercorn,), timeout=CLOSE_SECONDS)
        await self.lifespan.end()
        # Without waiting for clients that do not read, for handlers that ignore their cancellation
        # and for threads. Standard output may be closed, or its reader may have ended.
        with suppress(AttributeError, OSError):
            sys.stdout.flush()
        standard_error.flush()
        os._exit(0)
