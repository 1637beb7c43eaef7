"""What stands in for a session while Redis does not answer."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, cast

from quart import (
    Quart,
    after_this_request,
    has_request_context,
    has_websocket_context,
    session,
)
from werkzeug.exceptions import ServiceUnavailable

from quart_session_demo.sessions.server.session import RedisSession

DETAIL = 'The session store does not answer. Please try again.'
# Seconds.
RETRY_AFTER = 5


def unavailable() -> ServiceUnavailable:
    """Return the error that a visitor gets."""
    return ServiceUnavailable(DETAIL, retry_after=RETRY_AFTER)


class UnavailableSession(RedisSession):
    """Stands in for a session that could not be read: to use it is a 503.

    An empty session in its place would log people out. Only the first use raises: an error page
    may look into the session too, and its response, whatever it is, becomes the 503.
    """

    # Off where nothing catches it: Quart would answer with a bare 500.
    raises = True

    def __init__(self) -> None:
        """Make one whose first use raises 503."""
        super().__init__()
        # Of an empty dict, what makes JSON asks nothing.
        dict.__setitem__(self, 'unread', None)

    def mark_used(self) -> None:
        """Raise 503 at the first use."""
        super().mark_used()
        dict.clear(self)
        if self.raises:
            self.raises = False
            raise unavailable()


def stand_in() -> UnavailableSession:
    """Return a stand-in for the current request's session."""
    unread = UnavailableSession()
    if has_request_context():
        # Runs before every other after_request.
        @after_this_request
        async def leave_it_to_save_session(response: Any) -> Any:
            unread.raises = False
            return response

    return unread


def let_handlers_look(app: Quart) -> None:
    """Let error handlers and what runs at the end look into a stand-in: nothing catches there."""
    for name in (
        *('handle_user_exception', 'postprocess_websocket'),
        *('do_teardown_request', 'do_teardown_websocket'),
    ):
        setattr(app, name, _without_raising(getattr(app, name)))


def _without_raising(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(method)
    async def calmly(*args: Any, **kwargs: Any) -> Any:
        current = cast(Any, session)._get_current_object()
        if not isinstance(current, UnavailableSession):
            return await method(*args, **kwargs)
        raises, current.raises = current.raises, False
        # An error that is raised on has the handler of 500 still before it.
        result = await method(*args, **kwargs)
        # A websocket that was saved is over.
        current.raises = raises and not (current.saved and has_websocket_context())
        return result

    return calmly
