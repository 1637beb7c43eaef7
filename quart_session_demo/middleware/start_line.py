"""Print an address of the app when its server has started."""

import asyncio
from functools import partial
from multiprocessing import current_process

import click
from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

from quart_session_demo.middleware.server_url import SERVER_URL

#: Most servers use their address only after the app has started, and end if it is taken. Then the
#: line is not printed.
DELAY_SECONDS = 0.1


class StartLineMiddleware:
    """Middleware that prints one line on standard error, such as `Docs: http://127.0.0.1/docs/`.

    The line has only the path if the server does not add its URL, as `ServerUrlMiddleware` does. Of
    several processes of a server, the first prints it, unless the server does not number them.
    """

    def __init__(self, app: ASGIFramework, name: str, path: str) -> None:
        """Wrap an app, and print the name of a page and its address."""
        self.app = app
        self.name = name
        self.path = path

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Print the line soon after the start; pass all requests to the app."""
        # Test clients, which serve nothing, omit the version, which ASGI requires of servers.
        if scope['type'] != 'lifespan' or 'version' not in scope.get('asgi', {}):
            await self.app(scope, receive, send)
            return
        url = scope.get(SERVER_URL, '' if _is_first_process() else None)
        timer: asyncio.TimerHandle | None = None

        async def send_and_print(event: ASGISendEvent) -> None:
            nonlocal timer
            await send(event)
            if event['type'] == 'lifespan.startup.complete' and url is not None:
                show = partial(click.echo, f'{self.name}: {url}{self.path}', err=True)
                timer = asyncio.get_running_loop().call_later(DELAY_SECONDS, show)

        try:
            await self.app(scope, receive, send_and_print)
        finally:
            if timer:
                timer.cancel()


def _is_first_process() -> bool:
    # `multiprocessing` numbers the workers of Hypercorn and uvicorn: `SpawnProcess-1`.
    number = current_process().name.rpartition('-')[2]
    return number == '1' or not number.isdecimal()
