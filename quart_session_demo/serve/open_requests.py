"""Track the open requests, and end them when the server stops."""

import asyncio
import logging
from typing import cast

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
    WWWScope,
)

from quart_session_demo.middleware.response import send_response

READY = '/health/ready'
#: RFC 6455, 7.4.1: the server goes down. Clients connect again.
GOING_AWAY = 1001
LOGGER = logging.getLogger('hypercorn.error')


class OpenRequests:
    """Middleware that tracks the open requests and websockets, for a stop that loses none.

    While the server drains, each response closes its connection, so that the client does not send
    another request on it. `/health/ready` returns 503, so that a router sends requests elsewhere,
    unless another process of this server goes on.
    """

    def __init__(self, app: ASGIFramework) -> None:
        """Wrap an app."""
        self.app = app
        self._is_draining = False
        self._is_ready = True
        self._open: dict[asyncio.Task[object], WWWScope] = {}
        # The task of the app that waits for the client, by the task of the request.
        self._receiving: dict[asyncio.Task[object], asyncio.Task[object]] = {}
        self._ended: set[asyncio.Task[object]] = set()

    def drain(self, *, is_ready: bool) -> None:
        """Close each connection from now on; if not ready, refuse the readiness check."""
        self._is_draining = True
        self._is_ready = is_ready

    def end(self, reason: str) -> None:
        """End what is still open, and log one line for each request."""
        for task, scope in self._open.items():
            name = 'websocket' if scope['type'] == 'websocket' else scope['method']
            # The client has chosen the path.
            LOGGER.warning('%s %s ended: %s', name, ascii(scope['path'])[1:-1], reason)
            self._ended.add(task)
            # A task that waits for the client receives its disconnection. Then Quart cancels its
            # handler and waits for that, which it does not when it is cancelled itself.
            self._receiving.get(task, task).cancel()

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Pass a request to the app, and track it until the app has finished."""
        if scope['type'] == 'lifespan':
            await self.app(scope, receive, send)
            return
        if not self._is_ready and scope['path'] == READY and scope['type'] == 'http':
            await self._refuse(scope, send)
            return
        sent: set[str] = set()

        async def receive_until_ended() -> ASGIReceiveEvent:
            receiver = cast(asyncio.Task[object], asyncio.current_task())
            self._receiving[task] = receiver
            try:
                if task not in self._ended:
                    return await receive()
            except asyncio.CancelledError:
                if task not in self._ended:
                    raise
                receiver.uncancel()
            finally:
                self._receiving.pop(task, None)
            return cast(
                ASGIReceiveEvent, {'type': f'{scope["type"]}.disconnect', 'code': GOING_AWAY}
            )

        async def send_and_watch(event: ASGISendEvent) -> None:
            if task in self._ended and task not in self._open:
                # A task of the app, such as Quart's for each request, is not cancelled with it.
                return
            sent.add(event['type'])
            if event['type'] == 'http.response.start' and self._is_draining:
                # Apps may leave out the headers, or use one event again.
                headers = [*event.get('headers', ()), *_close(scope)]
                event = {**event, 'headers': headers}
            await send(event)

        task = cast(asyncio.Task[object], asyncio.current_task())
        self._open[task] = scope
        try:
            await self.app(_with_ipv4_client(scope), receive_until_ended, send_and_watch)
        except asyncio.CancelledError:
            if task not in self._ended:
                raise
            task.uncancel()
        finally:
            del self._open[task]
        if task in self._ended:
            if not sent:
                await self._refuse(scope, send)
            elif scope['type'] == 'websocket' and 'websocket.close' not in sent:
                await send({'type': 'websocket.close', 'code': GOING_AWAY, 'reason': None})

    async def _refuse(self, scope: WWWScope, send: ASGISendCallable) -> None:
        body = b'{"error": "Service Unavailable"}'
        headers = [(b'cache-control', b'no-store'), *_close(scope)]
        await send_response(scope, send, 503, 'application/json', body, headers)


def _close(scope: WWWScope) -> list[tuple[bytes, bytes]]:
    # HTTP/2 forbids the header (RFC 9113, 8.2.2).
    return [(b'connection', b'close')] if scope['http_version'].startswith('1') else []


def _with_ipv4_client(scope: WWWScope) -> WWWScope:
    """Return the scope with `192.0.2.1` for `::ffff:192.0.2.1`, which a `[::]` socket reports."""
    client = scope['client']
    if client and client[0].startswith('::ffff:') and '.' in client[0]:
        return cast(WWWScope, {**scope, 'client': (client[0].removeprefix('::ffff:'), client[1])})
    return scope
