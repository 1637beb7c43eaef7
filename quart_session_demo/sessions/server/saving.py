"""Store what changed in a session, or the session under a new id, depending on its state."""

from collections.abc import Callable
from contextlib import suppress
from typing import cast

from quart import Quart

from quart_session_demo.sessions.limits import DEFAULT_STORED_LIMIT, STORED_LIMIT, SessionTooLarge
from quart_session_demo.sessions.server import lifetime
from quart_session_demo.sessions.server.session import ServerSession, SessionState, fields_size
from quart_session_demo.sessions.server.store import (
    Fields,
    SessionStore,
    StoreError,
    WriteResult,
    current_time,
    new_token,
)


async def save(
    app: Quart, store: SessionStore, session: ServerSession, *, sets_cookie: Callable[[], bool]
) -> WriteResult | None:
    """Store what changed in a session.

    Args:
        app: The app, whose lifetime settings apply.
        store: The store.
        session: The session.
        sets_cookie: Returns whether the client will get a cookie with a new id.

    Returns:
        What the store did; None if there was nothing to do.

    Raises:
        StoreError: The store failed. Nothing is changed.
        SessionTooLarge: The session is larger than `SESSION_MAX_STORED_SIZE`, and has grown.
            Nothing is changed.
        Exception: A value cannot be stored. Nothing is changed.
    """
    match session.state:
        case SessionState.NEW | SessionState.CLEARED:
            return await _replace(app, store, session, sets_cookie=sets_cookie)
        case SessionState.STORED:
            return await _write_changes(app, store, session)
        case SessionState.GONE:
            return WriteResult.GONE
        case SessionState.FAILED:
            raise cast(Exception, session.error)


async def regenerate(app: Quart, store: SessionStore, session: ServerSession) -> None:
    """Store a session under a new id and delete it under the old one.

    A session that is not stored yet gets its new id when it is saved.

    Raises:
        StoreError: The store failed. The session's state is `FAILED` then.
    """
    if session.id is None or session.state not in (SessionState.STORED, SessionState.CLEARED):
        return
    try:
        fields = _encode(app, session)
        changes = session.changed_fields(fields)
    except Exception as error:
        # The save reports the error. No save may succeed now: the login would have the old id.
        session.mark_failed(error)
        return
    try:
        # Created first, so that the old one survives if the store is full.
        new_id = await _create(app, store, session, fields)
        latest = await _delete_unless_gone(store, session.id, new_id)
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
            await _write(app, store, session, *merged, refreshed=session.refreshed)


async def _replace(
    app: Quart, store: SessionStore, session: ServerSession, *, sets_cookie: Callable[[], bool]
) -> WriteResult | None:
    fields = _encode(app, session)
    new_id = None
    # Nobody would have the id of a session without a cookie.
    if fields and sets_cookie():
        new_id = await _create(app, store, session, fields)
    elif fields and session.headers_sent:
        session.log_loss(app.logger)
    # Deleted last, so that a failure leaves the old session as it was.
    if session.id is not None and await _delete_unless_gone(store, session.id, new_id) is None:
        return WriteResult.GONE
    session.mark_stored(new_id, fields)
    if new_id is not None:
        return WriteResult.SAVED
    return None if session.cookie_id is None else WriteResult.EMPTIED


async def _write_changes(
    app: Quart, store: SessionStore, session: ServerSession
) -> WriteResult | None:
    used = not session.is_hidden or session.modified
    changed, removed = session.changed_fields(_encode(app, session)) if used else ({}, set[bytes]())
    # A change inside a value also renews the cookie.
    session.modified = bool(session.modified or changed or removed)
    if not (changed or removed or lifetime.is_extension_due(app, session)):
        if session.has_new_id:
            return WriteResult.SAVED
        return await _confirm(app, store, session)
    refreshed = lifetime.next_refresh(app, session, changed=True)
    try:
        result = await _write(app, store, session, changed, removed, refreshed=refreshed)
    except StoreError as error:
        if changed or removed:
            raise
        app.logger.error('Session not extended: %s', error)
        return None
    return result if changed or removed or result is WriteResult.SAVED else None


async def _write(
    app: Quart,
    store: SessionStore,
    session: ServerSession,
    changed: Fields,
    removed: set[bytes],
    *,
    refreshed: int,
) -> WriteResult:
    result = await store.write(
        cast(str, session.id),
        changed,
        removed,
        lifetime=lifetime.expires_at(app, session, refreshed) - current_time(),
        refreshed=refreshed,
    )
    # The next save of a websocket must not write the same changes again.
    session.mark_written(changed, removed, refreshed)
    return result


def _encode(app: Quart, session: ServerSession) -> Fields:
    fields = session.encode_fields()
    limit = app.config.get(STORED_LIMIT, DEFAULT_STORED_LIMIT)
    size = fields_size(fields)
    # A session that was stored with a higher limit, or by several requests, may shrink.
    if size > limit and size > session.stored_size:
        raise SessionTooLarge(size, limit, STORED_LIMIT)
    return fields


async def _confirm(app: Quart, store: SessionStore, session: ServerSession) -> WriteResult | None:
    """Check that a session still exists if its cookie must be signed again.

    A login or logout may have finished during this request. The browser has a newer cookie then.
    """
    if not session.has_old_signature or session.headers_sent:
        return None
    try:
        exists = await store.read(cast(str, session.id)) is not None
    except StoreError as error:
        app.logger.error('Session cookie not signed again: %s', error)
        return None
    return WriteResult.SAVED if exists else None


async def _create(
    app: Quart, store: SessionStore, session: ServerSession, fields: Fields
) -> str | None:
    if not fields:
        return None
    now = session.created = session.refreshed = current_time()
    return await store.create(
        fields, lifetime=lifetime.expires_at(app, session, now) - now, now=now
    )


async def _delete_unless_gone(
    store: SessionStore, session_id: str, new_id: str | None
) -> Fields | None:
    """Delete a session; if another request deleted it first, delete its replacement instead."""
    latest = await store.delete(session_id, new_token())
    if latest is None and new_id is not None:
        await store.delete(new_id, new_token())
    return latest
