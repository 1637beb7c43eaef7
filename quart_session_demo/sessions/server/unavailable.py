"""A session that cannot be read: the response becomes 503 if the request uses it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from quart import (
    Quart,
    Response,
    after_this_request,
    current_app,
    has_request_context,
    has_websocket_context,
)
from quart.typing import ResponseTypes
from quart.wrappers.response import IterableBody
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.sessions.errors import turn_into_error
from quart_session_demo.sessions.server.session import ServerSession
from quart_session_demo.sessions.server.stored_json import StoredJSON
from quart_session_demo.sessions.tracking import current_session

#: The text of the error that a client gets if the store fails.
DETAIL = 'The session store does not respond. Please try again.'
#: When the client may try again.
RETRY_AFTER_SECONDS = 5


class UnavailableSession(ServerSession):
    """A session that could not be read: its first use raises 503.

    An empty session in its place would log users out. After the first use it is empty: an error
    page can use the session, and the response still becomes 503.
    """

    #: Whether a use raises. False where nothing catches the error and Quart would return 500.
    raises = True

    def mark_used(self) -> None:
        """Record the use.

        Raises:
            ServiceUnavailable: This is the first use.
        """
        super().mark_used()
        if self.raises:
            self.raises = False
            raise service_unavailable()


def service_unavailable() -> ServiceUnavailable:
    """Return the error that a client gets if the store fails."""
    return ServiceUnavailable(DETAIL, retry_after=RETRY_AFTER_SECONDS)


@contextmanager
def raising_503(*errors: type[Exception], log: str) -> Iterator[None]:
    """Log these errors, and raise the error that a client gets in their place.

    Args:
        errors: The classes of the errors.
        log: What failed, for the log.
    """
    try:
        yield
    except errors as error:
        current_app.logger.error('%s: %s', log, error)
        raise service_unavailable() from error


def turn_into_503(response: Response | WerkzeugResponse) -> None:
    """Turn any response into 503, also an error: the view did not have the user's session."""
    turn_into_error(response, 503, DETAIL, RETRY_AFTER_SECONDS, replace_errors=True)


def unavailable_session(serializer: StoredJSON) -> UnavailableSession:
    """Return an unavailable session for the current request."""
    unavailable = UnavailableSession(serializer)
    if has_request_context():
        # Runs before all other after_request functions. Nothing catches an error in those.
        @after_this_request
        async def stop_raising(response: ResponseTypes) -> ResponseTypes:
            unavailable.raises = False
            return response

    return unavailable


def save_unavailable(
    session: UnavailableSession, response: Response | WerkzeugResponse | None
) -> None:
    """Turn the response into 503 if the session was used."""
    # If the body is a stream that uses the session later, the error must stop the stream, because
    # the status has been sent. Other later uses, such as by a receiver of `request_finished`,
    # cannot change the response.
    session.raises = isinstance(getattr(response, 'response', None), IterableBody)
    session.saved = True
    if response is not None and not session.is_hidden:
        turn_into_503(response)


def allow_in_error_handlers(app: Quart) -> None:
    """Let error handlers and teardown functions use an unavailable session without an error.

    Nothing would catch the error there.

    Args:
        app: The app, of which four methods are wrapped.
    """
    for name in (
        'handle_user_exception',
        'postprocess_websocket',
        'do_teardown_request',
        'do_teardown_websocket',
    ):
        setattr(app, name, _without_raising(getattr(app, name)))


def _without_raising(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(method)
    async def call_without_raising(*args: Any, **kwargs: Any) -> Any:
        current = current_session()
        if not isinstance(current, UnavailableSession):
            return await method(*args, **kwargs)
        raises, current.raises = current.raises, False
        # If the method raises, the handler for 500 follows and may use the session.
        result = await method(*args, **kwargs)
        # A websocket whose session was saved has ended.
        current.raises = raises and not (current.saved and has_websocket_context())
        return result

    return call_without_raising
