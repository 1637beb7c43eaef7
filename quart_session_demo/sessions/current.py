"""Functions for the session of the current request, on every kind of session."""

from datetime import datetime
from typing import cast

from quart import current_app

from quart_session_demo.sessions.base import SessionInterface
from quart_session_demo.sessions.tracking import TrackedSession, current_session


async def regenerate_session() -> None:
    """Give the current session a new id, as a login must (OWASP ASVS 5.0, 7.2.4).

    Call it in a login view, before or after the view writes the user into the session, and again
    where the user gets more rights. The content does not change. The old id is invalid after this
    call: an attacker who knows it gains nothing. If the connection breaks after the call, the user
    has to log in again. A cookie session has no id, so the call does nothing there.

    Raises:
        ServiceUnavailable: The store does not respond. Nothing of this request is stored.
        RuntimeError: In a websocket, in a stream, or if the interface's `should_set_cookie` returns
            False: the client would not get the new id. Nothing of this request is stored.
        AttributeError: The app's session interface does not belong to this package.
    """
    await _interface().regenerate(_session())


def session_expires_at() -> datetime | None:
    """Return when the current session expires if this is its last request.

    The call counts as a use of the session. Changes that the request makes later may move the time.

    Returns:
        The time in UTC, in whole seconds; None if there is no session, or the app has no secret
        key.

    Raises:
        ServiceUnavailable: The store does not respond.
        AttributeError: The app's session interface does not belong to this package.
    """
    interface, current = _interface(), _session()
    if interface.is_null_session(current):
        return None
    current.mark_used()
    return interface.expires_at(current_app, current)


def do_not_extend_session() -> None:
    """Let the current request not extend its session, such as a request that a page repeats.

    So a user who only leaves the page open is logged out. What the request changes in the session
    is stored, and the session expires when it would have expired without the request. Call it
    anywhere in the request, for example in a `before_request` function. It does not count as a use
    of the session.

    Raises:
        AttributeError: The app's session interface does not belong to this package.
    """
    _interface()
    _session().may_extend = False


def _interface() -> SessionInterface:
    interface = current_app.session_interface
    if not isinstance(interface, SessionInterface):
        # A login that went on would not get another id.
        raise AttributeError(
            f'{type(interface).__name__} cannot do this: set app.session_interface to an interface '
            'of quart_session_demo.sessions'
        )
    return interface


def _session() -> TrackedSession:
    return cast(TrackedSession, current_session())
