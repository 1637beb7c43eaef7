"""Until when a websocket's session can still get a cookie."""

from functools import wraps
from typing import Any

from quart.wrappers import Websocket

from quart_session_demo.sessions.touched import TouchedSession


def notice_accept(websocket: Websocket, session: TouchedSession) -> None:
    """Have a websocket's session note that it was accepted: no response sets a cookie then."""
    # `send` and `receive` accept by this, too.
    accept = websocket.accept

    @wraps(accept)
    async def noticed(*args: Any, **kwargs: Any) -> None:
        session.too_late = True
        await accept(*args, **kwargs)

    websocket.accept = noticed  # type: ignore[method-assign]
