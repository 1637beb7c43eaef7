"""Functions for the session of the current request, on every kind of session."""

from datetime import datetime
from typing import cast

from quart import current_app

from quart_session_demo.sessions.base import ServerSessionsRequired, SessionInterface
from quart_session_demo.sessions.server.interface import ServerSessionInterface
from quart_session_demo.sessions.server.session import ServerSession
from quart_session_demo.sessions.tracking import TrackedSession, current_session


async def regenerate_session(*, user: str | None = None) -> None:
    """Give the current session a new id, as a login must (OWASP ASVS 5.0, 7.2.4).

    Call it in a login view, before or after the view writes the user into the session, and again
    where the user gets more rights. The content does not change. The old id is invalid after this
    call: an attacker who knows it gains nothing. If the connection breaks after the call, the user
    has to log in again. A cookie session has no id, so the call does nothing there.

    Args:
        user: The user to whom the session belongs from now on, by any non-empty string such as
            a name or `str(number)`; None if the session belongs to the same user as before, or to
            none. `session_user` returns it, and `list_sessions` and `revoke_sessions` find the
            session by it. `session.clear()` removes it.

    Raises:
        ServiceUnavailable: The store does not respond. Nothing of this request is stored.
        RuntimeError: In an open websocket, in a stream, or if the interface's `should_set_cookie`
            returns False: the client would not get the new id. Nothing of this request is stored.
            Also if there is a user, and the app's sessions are not stored on a server, or
            `reload_session` found that the session was deleted.
        TypeError, ValueError: The user is not a non-empty string. Nothing of this request is
            stored.
        AttributeError: The app's session interface does not belong to this package.
    """
    interface = _interface() if user is None else server_interface()
    await interface.regenerate(_session(), user)


def session_user() -> str | None:
    """Return the user that `regenerate_session` bound the current session to, or None.

    The call counts as a use of the session.

    Raises:
        ServiceUnavailable: The store does not respond.
        RuntimeError: The app's sessions are not stored on a server.
    """
    server_interface()
    current = _session()
    if not isinstance(current, ServerSession):
        return None
    current.mark_used()
    return current.binding.user if current.binding else None


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


def server_interface() -> ServerSessionInterface:
    """Return the app's session interface.

    Raises:
        RuntimeError: The app's sessions are not stored on a server.
    """
    interface = current_app.session_interface
    if not isinstance(interface, ServerSessionInterface):
        raise ServerSessionsRequired(interface)
    return interface


def _session() -> TrackedSession:
    return cast(TrackedSession, current_session())
