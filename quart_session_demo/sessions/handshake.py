"""The handshake of a websocket: its response has the session cookie, like any other response."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import wraps
from typing import Any

from quart import Quart, Response
from quart.wrappers import Websocket
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from quart_session_demo.sessions.base import SessionInterface
from quart_session_demo.sessions.tracking import TrackedSession


def save_at_accept(
    interface: SessionInterface,
    app: Quart,
    websocket: Websocket,
    session: TrackedSession,
    on_accept: Callable[[], None] = lambda: None,
) -> None:
    """Save a session when its websocket is accepted, and send its cookie with the response.

    If the save fails, `accept` raises the error, and the handshake is refused with it.

    Args:
        interface: The app's session interface.
        app: The app.
        websocket: The websocket, of which `accept` is wrapped.
        session: Its session.
        on_accept: What to call once the websocket is accepted.
    """
    # `send` and `receive` call this too, in any number of tasks.
    accept = websocket.accept
    lock = _new_lock()
    refusal: HTTPException | None = None

    @wraps(accept)
    async def save_and_accept(headers: Any = None, *args: Any, **kwargs: Any) -> None:
        nonlocal refusal
        async with lock:
            if session.headers_sent:
                await accept(headers, *args, **kwargs)
                return
            if refusal is None:
                response = Response()
                await interface.save_session(app, session, response)
                if response.status_code >= 400:
                    session.handshake_refused = True
                    refusal = HTTPException(response=response)
            if refusal is not None:
                raise refusal
            interface.continue_websocket(session)
            headers = Headers(headers or ())
            for value in response.headers.getlist('Set-Cookie'):
                headers.add('Set-Cookie', value)
            await accept(headers, *args, **kwargs)
            on_accept()

    websocket.accept = save_and_accept  # type: ignore[method-assign]


def _new_lock() -> AbstractAsyncContextManager[None]:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        # QuartTrio, with cookie sessions: a save does not wait, so no other task runs meanwhile.
        return nullcontext()
    return asyncio.Lock()
