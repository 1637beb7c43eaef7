"""Closes open websockets whose session has ended: deleted, replaced by a new id, or expired."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from functools import wraps
from typing import Any

from quart import Quart
from quart.wrappers import Websocket

from quart_session_demo.sessions.server import lifetime
from quart_session_demo.sessions.server.reading import read_attributes
from quart_session_demo.sessions.server.session import ServerSession
from quart_session_demo.sessions.server.store import SessionStore, StoredSession, StoreError

#: The part of `SESSION_WEBSOCKET_CHECK` between two checks. In the rest, websockets are closed.
CHECK_FRACTION = 0.9
#: After how many sessions a check lets other tasks run.
BATCH = 100


@dataclass(frozen=True, eq=False)
class OpenWebsocket:
    """A websocket that was accepted with a session.

    Attributes:
        websocket: The websocket.
        key: The key of its session in the store.
        handler: The task that runs until the websocket ends.
    """

    websocket: Websocket
    key: str
    handler: asyncio.Task[Any]


class WebsocketWatch:
    """Checks the sessions of all open websockets of a process, in each event loop by itself."""

    def __init__(self, app: Quart, store: SessionStore) -> None:
        """Check nothing until a websocket is accepted.

        Args:
            app: The app, whose settings apply.
            store: The store, which is read once for all open websockets.
        """
        self._app = app
        self._store = store
        self._by_loop: dict[asyncio.AbstractEventLoop, LoopWatch] = {}

    def starter(self, websocket: Websocket, session: ServerSession) -> Callable[[], None]:
        """Return what to call once a websocket is accepted; call this in its handler's task."""
        handler = asyncio.current_task()

        def start() -> None:
            # The handshake may have stored the session, or given it a new id.
            if handler is not None and session.key is not None:
                self._add(OpenWebsocket(websocket, session.key, handler))

        return start

    def _add(self, opened: OpenWebsocket) -> None:
        loop = opened.handler.get_loop()
        if loop not in self._by_loop:
            # A loop that was closed with open websockets did not remove them.
            for other in [other for other in self._by_loop if other.is_closed()]:
                del self._by_loop[other]
            self._by_loop[loop] = LoopWatch(self._app, self._store)
        watch = self._by_loop[loop]
        watch.add(opened)

        def remove(_: asyncio.Task[Any]) -> None:
            watch.remove(opened)
            if not watch.opened and self._by_loop.get(loop) is watch:
                del self._by_loop[loop]

        opened.handler.add_done_callback(remove, context=Context())


class LoopWatch:
    """Checks the sessions of the open websockets of one event loop, while there are any."""

    def __init__(self, app: Quart, store: SessionStore) -> None:
        """Check nothing until there is a websocket."""
        self._app = app
        self._store = store
        self.opened: set[OpenWebsocket] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._check: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._store_failed = False

    def add(self, opened: OpenWebsocket) -> None:
        """Close a websocket when its session ends."""
        self.opened.add(opened)
        if self._timer is None:
            self._start_timer()

    def remove(self, opened: OpenWebsocket) -> None:
        """Forget a websocket that has ended."""
        self.opened.discard(opened)
        if not self.opened and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def _seconds(self) -> float:
        return float(self._app.config['SESSION_WEBSOCKET_CHECK'])

    def _start_timer(self) -> None:
        # A timer and not a task that sleeps: an event loop may end without cancelling its tasks.
        # Without a context, which would be that of the first websocket.
        self._timer = asyncio.get_running_loop().call_later(
            self._seconds * CHECK_FRACTION, self._start_check, context=Context()
        )

    def _start_check(self) -> None:
        self._timer = None
        if not self.opened:
            # The handlers of those that were closed have not ended yet.
            return
        self._start_timer()
        # A store that hangs delays the next check, and is not asked twice at a time.
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._close_ended())

    async def _close_ended(self) -> None:
        keys = list({opened.key for opened in self.opened})
        try:
            sessions = await self._store.read_many(keys)
        except Exception as error:
            if not self._store_failed:
                # Not the same line in each interval.
                self._app.logger.error(
                    'Sessions of open websockets not checked: %s',
                    error,
                    exc_info=not isinstance(error, StoreError),
                )
            self._store_failed = True
            return
        self._store_failed = False
        ended = set()
        for number, (key, stored) in enumerate(zip(keys, sessions, strict=True), 1):
            if self._has_ended(stored):
                ended.add(key)
            if number % BATCH == 0:
                await asyncio.sleep(0)
        for opened in [opened for opened in self.opened if opened.key in ended]:
            self.opened.discard(opened)
            # In a task of its own: a client that does not read delays no other.
            task = asyncio.create_task(self._close(opened))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _has_ended(self, stored: StoredSession | None) -> bool:
        # A session without content is about to be deleted, and its cookie was deleted.
        if stored is None or stored.is_empty:
            return True
        try:
            return lifetime.is_expired(self._app, read_attributes(self._app, stored))
        except ValueError:
            # The store holds other data, so it is unknown whether the session has ended.
            return False

    async def _close(self, opened: OpenWebsocket) -> None:
        code = self._app.config['SESSION_WEBSOCKET_CLOSE_CODE']
        seconds = self._seconds * (1 - CHECK_FRACTION)
        close = opened.websocket.close
        # `send` and `receive` call `accept`, too.
        for name in ('accept', 'close'):
            step = getattr(opened.websocket, name)
            setattr(opened.websocket, name, _wait_first(step, opened.handler, seconds))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                # The handler or the client may have closed it already.
                with suppress(Exception):
                    await close(code)
                # The handler is canceled when the client confirms the end.
                await asyncio.wait((opened.handler,))
        if not opened.handler.done() and not opened.handler.cancelling():
            # The client does not confirm it, but may still send messages.
            opened.handler.cancel()


def _wait_first(
    step: Callable[..., Awaitable[None]], handler: asyncio.Task[Any], seconds: float
) -> Callable[..., Awaitable[None]]:
    """Return a step of a closed websocket that first waits for the end of its handler.

    A message after the close frame is an error on most servers. The handler would end with it, and
    not because it is canceled.
    """

    @wraps(step)
    async def wait_and_step(*args: Any, **kwargs: Any) -> None:
        if not handler.cancelling():
            await asyncio.wait((handler,), timeout=seconds)
        await step(*args, **kwargs)

    return wait_and_step
