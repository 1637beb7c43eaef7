"""The end of a request: the session is saved, and its cookie is set or deleted."""

import asyncio
from typing import cast

from quart import Quart, Response
from quart.wrappers.response import IterableBody
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.sessions.base import SessionInterface, cookie_header, vary_by_cookie
from quart_session_demo.sessions.errors import (
    SAVE_ERROR,
    log_save_error,
    refuse_save,
    turn_into_error,
)
from quart_session_demo.sessions.limits import SessionTooLarge
from quart_session_demo.sessions.serializer import signing_keys
from quart_session_demo.sessions.server import saving
from quart_session_demo.sessions.server.session import ServerSession, SessionState
from quart_session_demo.sessions.server.signing import id_signer
from quart_session_demo.sessions.server.store import SessionStore, StoreError, WriteResult
from quart_session_demo.sessions.server.streams import StreamBody
from quart_session_demo.sessions.server.unavailable import (
    UnavailableSession,
    save_unavailable,
    turn_into_503,
)


async def finish(
    interface: SessionInterface,
    app: Quart,
    store: SessionStore,
    session: ServerSession,
    response: Response | WerkzeugResponse | None,
) -> None:
    """Save a session, and set or delete its cookie. A failure turns the response into an error.

    Args:
        interface: The app's session interface, which decides about the cookie.
        app: The app.
        store: The store.
        session: The session.
        response: The response; None at the end of a stream or of an accepted websocket.
    """
    if session.handshake_refused:
        return
    if session.headers_sent:
        # An error in an accepted websocket, whose response is not sent.
        response = None
    session.late_change_log = None
    # The lines below use the session too.
    accessed = session.accessed
    varies = accessed or session.modified
    if response is not None and varies:
        vary_by_cookie(response)
    if isinstance(session, UnavailableSession):
        save_unavailable(session, response)
        session.late_change_log = app.logger
        return
    result = await _save(interface, app, store, session, response)
    session.saved = True
    if response is not None:
        if _update_cookie(interface, app, session, response, result) and not varies:
            vary_by_cookie(response)
        session.accessed = accessed
        _watch_late_changes(interface, app, store, session, response, result)


async def _save(
    interface: SessionInterface,
    app: Quart,
    store: SessionStore,
    session: ServerSession,
    response: Response | WerkzeugResponse | None,
) -> WriteResult | None:
    def sets_cookie() -> bool:
        return response is not None and interface.should_set_cookie(app, session)

    # A session with a new id needs its cookie even if a later change fails.
    result = WriteResult.SAVED if session.has_new_id else None
    try:
        result = await saving.save(app, store, session, sets_cookie=sets_cookie)
    except StoreError as error:
        app.logger.error('Session not saved: %s', error)
        if response is not None:
            turn_into_503(response)
    except SessionTooLarge as error:
        refuse_save(app, session, response, error)
    except Exception as error:
        log_save_error(app, session, error)
        if response is not None:
            turn_into_error(response, 500, SAVE_ERROR)
    return result


def _update_cookie(
    interface: SessionInterface,
    app: Quart,
    session: ServerSession,
    response: Response | WerkzeugResponse,
    result: WriteResult | None,
) -> bool:
    """Set or delete the cookie if that is due, and return whether it was."""
    if result is WriteResult.EMPTIED:
        interface.delete_cookie(app, response)
        return True
    if result is WriteResult.SAVED and (
        session.has_new_id or session.has_old_signature or interface.should_set_cookie(app, session)
    ):
        value = session.cookie
        if session.has_new_id or session.has_old_signature:
            value = id_signer(signing_keys(app)).sign(cast(str, session.id))
        interface.add_cookie(app, response, cookie_header(interface, app, session, value))
        return True
    return False


def _watch_late_changes(
    interface: SessionInterface,
    app: Quart,
    store: SessionStore,
    session: ServerSession,
    response: Response | WerkzeugResponse,
    result: WriteResult | None,
) -> None:
    def begin_stream() -> None:
        session.headers_sent = True
        # Only what changes from now on is a change of the stream.
        session.modified = False

    async def save_stream() -> None:
        try:
            # Not `interface.save_session`: one that a subclass overrides may use the request, whose
            # context has ended, or the response.
            await finish(interface, app, store, session, None)
        except asyncio.CancelledError:
            if session.modified:
                session.log_loss(app.logger, 'The changes of a stream are lost: the server stopped')
            raise
        session.late_change_log = app.logger

    body = response.response
    has_cookie = session.state is SessionState.STORED and result is not WriteResult.EMPTIED
    if has_cookie and isinstance(body, IterableBody):
        response.response = StreamBody(body, begin_stream, save_stream)
    else:
        session.late_change_log = app.logger
