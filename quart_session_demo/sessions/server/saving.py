"""Store what changed in a session, or the session under a new id, depending on its state."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from quart import Quart

from quart_session_demo.sessions.errors import NewIdError
from quart_session_demo.sessions.server import lifetime, steps
from quart_session_demo.sessions.server.binding import Binding
from quart_session_demo.sessions.server.session import ServerSession, SessionState
from quart_session_demo.sessions.server.store import (
    Fields,
    SessionStore,
    StoreError,
    WriteResult,
)

#: The warning about changes of a session that another request deleted.
CHANGES_DROPPED = 'Session changes dropped: the session was deleted or expired during the request'


async def save(
    app: Quart, store: SessionStore, session: ServerSession, *, sets_cookie: Callable[[], bool]
) -> WriteResult | None:
    """Store what changed in a session.

    If another request deleted the session, its state becomes `GONE`, and one line in the log
    reports that the changes are dropped.

    Args:
        app: The app, whose lifetime settings apply.
        store: The store.
        session: The session.
        sets_cookie: Returns whether the client will get a cookie with a new id.

    Returns:
        What the store did, now or in an earlier save of this request; None if it did nothing.

    Raises:
        StoreError: The store failed. Nothing is changed.
        SessionTooLarge: The session is larger than `SESSION_MAX_STORED_SIZE`, and has grown.
            Nothing is changed.
        Exception: A value cannot be stored. Nothing is changed.
    """
    async with session.lock:
        result = await _save(app, store, session, sets_cookie=sets_cookie)
        if result is WriteResult.GONE:
            session.state = SessionState.GONE
            session.log_loss(app.logger, CHANGES_DROPPED)
        if session.headers_sent:
            # While nothing changes again, the websocket or stream does not extend the session.
            session.modified = False
        session.result = result
        session.refusal = session.save_error = None
        return result


async def _save(
    app: Quart, store: SessionStore, session: ServerSession, *, sets_cookie: Callable[[], bool]
) -> WriteResult | None:
    match session.state:
        case SessionState.NEW | SessionState.CLEARED:
            return await _replace(app, store, session, sets_cookie=sets_cookie)
        case SessionState.STORED:
            return await _write_changes(app, store, session)
        case SessionState.GONE:
            return WriteResult.GONE if session.modified else None
        case SessionState.FAILED:
            raise cast(Exception, session.error)


async def regenerate(
    app: Quart, store: SessionStore, session: ServerSession, binding: Binding | None
) -> None:
    """Store a session under a new id and delete it under the old one.

    A session that is not stored yet gets its new id when it is saved.

    Args:
        app: The app, whose lifetime settings apply.
        store: The store.
        session: The session.
        binding: The user that the session is bound to from now on; None if that stays.

    Raises:
        StoreError: The store failed. The session's state is `FAILED` then.
    """
    try:
        async with session.lock:
            session.binding = binding or session.binding
            if session.state in (SessionState.STORED, SessionState.CLEARED):
                await _regenerate(app, store, session)
    except asyncio.CancelledError:
        # A login must not be stored under the old id.
        session.mark_failed(NewIdError('The new session id was not stored: the task was canceled'))
        raise


async def _regenerate(app: Quart, store: SessionStore, session: ServerSession) -> None:
    try:
        fields = steps.encode(app, session)
        changes = session.changed_fields(fields)
    except Exception as error:
        # The save reports the error. No save may succeed now: the login would have the old id.
        session.mark_failed(error)
        return
    try:
        # Created first, so that the old one survives if the store is full.
        new_id = await steps.create(app, store, session, fields)
        latest = await steps.delete_unless_gone(store, session, new_id)
    except StoreError as error:
        session.mark_failed(error)
        raise
    if latest is None:
        session.state = SessionState.GONE
        return
    merged: tuple[Fields, set[bytes]] = {}, set()
    if session.state is SessionState.STORED:
        try:
            merged = session.merge(latest, *changes)
        except ValueError as error:
            app.logger.error('Session changes of another request dropped: %s', error)
    session.mark_stored(new_id, fields)
    session.modified = True
    # Not later: the other request confirmed them, and a later change of this one may be refused.
    if new_id is not None and session.has_content and any(merged):
        # The save of this request tries again, and reports a failure.
        with suppress(StoreError):
            await steps.write(app, store, session, *merged, refreshed=session.refreshed)


async def _replace(
    app: Quart, store: SessionStore, session: ServerSession, *, sets_cookie: Callable[[], bool]
) -> WriteResult | None:
    fields = steps.encode(app, session)
    new_id = None
    # Nobody would have the id of a session without a cookie.
    if fields and sets_cookie():
        new_id = await steps.create(app, store, session, fields)
    elif fields and session.headers_sent:
        session.log_loss(app.logger)
    # Deleted last, so that a failure leaves the old session as it was.
    if session.id is not None and await steps.delete_unless_gone(store, session, new_id) is None:
        return WriteResult.GONE
    session.mark_stored(new_id, fields)
    if new_id is not None:
        return WriteResult.SAVED
    return None if session.cookie_id is None else WriteResult.EMPTIED


async def _write_changes(
    app: Quart, store: SessionStore, session: ServerSession
) -> WriteResult | None:
    used = not session.is_hidden or session.modified
    changed, removed = (
        session.changed_fields(steps.encode(app, session)) if used else ({}, set[bytes]())
    )
    # A change inside a value also renews the cookie.
    session.modified = bool(session.modified or changed or removed)
    is_due = lifetime.is_extension_due(app, session) or lifetime.is_use_due(app, session)
    if not (changed or removed or is_due):
        if session.result is WriteResult.EMPTIED or session.has_new_id:
            return session.result or WriteResult.SAVED
        return await _confirm(app, store, session)
    refreshed = lifetime.next_refresh(app, session, changed=True)
    binding, use, erased = steps.record_use(app, session, is_due=is_due)
    try:
        result = await steps.write(
            app, store, session, changed | use, removed | erased, refreshed=refreshed
        )
    except StoreError as error:
        if changed or removed:
            raise
        app.logger.error('Session not extended: %s', error)
        return WriteResult.SAVED if session.has_new_id else None
    session.binding = binding
    return result if changed or removed or result is WriteResult.SAVED else None


async def _confirm(app: Quart, store: SessionStore, session: ServerSession) -> WriteResult | None:
    """Check that a session still exists if its cookie must be renewed.

    It must if it has an old signature, or if an earlier save of this request stored a change. A
    login or logout may have finished during this request. The browser has a newer cookie then.
    """
    if session.headers_sent or not (session.has_old_signature or session.result):
        return None
    try:
        exists = await store.read(cast(str, session.key)) is not None
    except StoreError as error:
        app.logger.error('Session cookie not renewed: %s', error)
        return None
    return WriteResult.SAVED if exists else None
