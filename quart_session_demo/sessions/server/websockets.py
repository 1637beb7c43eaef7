"""Read and store the current session at any time, such as in a websocket that stays open."""

from quart import current_app
from werkzeug.exceptions import RequestEntityTooLarge

from quart_session_demo.sessions.current import server_interface
from quart_session_demo.sessions.errors import refuse_save
from quart_session_demo.sessions.limits import SessionTooLarge
from quart_session_demo.sessions.server import lifetime, saving
from quart_session_demo.sessions.server.reading import read_attributes
from quart_session_demo.sessions.server.session import ServerSession, SessionState
from quart_session_demo.sessions.server.store import SessionStore, StoreError
from quart_session_demo.sessions.server.unavailable import (
    UnavailableSession,
    raising_503,
    service_unavailable,
)
from quart_session_demo.sessions.tracking import current_session


async def reload_session() -> None:
    """Read the current session again, as the store holds it now.

    A websocket reads its session once, when it is opened. Call this before you rely on the session,
    for example for each message. The changes of this handler that are not stored yet stay. If the
    session was deleted or has expired, it becomes empty, `session_user()` returns None, and what
    the handler sets later is not stored.

    Raises:
        ServiceUnavailable: The store does not respond. The session stays as it was.
        UnstorableValue: The handler set a value that cannot be stored. The session stays as it was.
        RuntimeError: The app's sessions are not stored on a server.
    """
    store = server_interface().store
    session = _available_session()
    if session is None:
        return
    async with session.lock:
        # A session that the handler cleared has nothing in common with the stored one.
        is_final = session.state in (SessionState.CLEARED, SessionState.FAILED)
        if session.key is not None and not is_final:
            await _reload(store, session, session.key)


async def save_session() -> None:
    """Store the changes of the current session now, and not at the end of the request.

    A websocket or a stream stores them at its end otherwise, which may be hours later. In a
    request, the response still sets the cookie. If the session was deleted or has expired, the
    changes are dropped, with one line in the log.

    Raises:
        ServiceUnavailable: The store does not respond. Nothing is stored.
        RequestEntityTooLarge: The session is too large (`SESSION_MAX_STORED_SIZE`). What was stored
            before stays.
        UnstorableValue: A value cannot be stored. What was stored before stays.
        RuntimeError: The app's sessions are not stored on a server, or `regenerate_session` failed
            before.
    """
    interface = server_interface()
    session = _available_session()
    if session is None:
        return

    def sets_cookie() -> bool:
        is_sent = session.headers_sent or session.saved
        return not is_sent and interface.should_set_cookie(current_app, session)

    try:
        with raising_503(StoreError, log='Session not saved'):
            await saving.save(current_app, interface.store, session, sets_cookie=sets_cookie)
    except SessionTooLarge as error:
        refuse_save(current_app, session, None, error)
        raise RequestEntityTooLarge(f'{error} The stored session was not changed.') from error


def _available_session() -> ServerSession | None:
    session = current_session()
    if isinstance(session, UnavailableSession):
        raise service_unavailable()
    # Without a secret key there is none.
    return session if isinstance(session, ServerSession) else None


async def _reload(store: SessionStore, session: ServerSession, key: str) -> None:
    with raising_503(StoreError, ValueError, log='Session not read'):
        stored = await store.read(key)
        attributes = None if stored is None else read_attributes(current_app, stored)
    if session.key != key or session.state is SessionState.CLEARED:
        # Another task of the handler deleted it meanwhile.
        return
    if stored is None or attributes is None or lifetime.is_expired(current_app, attributes):
        if _has_changed(session):
            session.log_loss(current_app.logger, saving.CHANGES_DROPPED)
        session.mark_gone()
        return
    changes = session.changed_fields(session.encode_fields())
    with raising_503(StoreError, ValueError, log='Session not read'):
        session.read_again(stored, *changes)
    # Without a lifetime that this handler set, and that is not stored yet.
    session.listed_until = lifetime.expires_at(current_app, attributes, stored.refreshed)


def _has_changed(session: ServerSession) -> bool:
    try:
        return any(session.changed_fields(session.encode_fields()))
    except Exception:
        # The value cannot be stored, so it is not the stored one.
        return True
