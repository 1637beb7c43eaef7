"""The steps of a save on the store: encode, create, write and delete one session."""

from contextlib import suppress
from dataclasses import replace
from typing import cast

from quart import Quart

from quart_session_demo.sessions.limits import DEFAULT_STORED_LIMIT, STORED_LIMIT, SessionTooLarge
from quart_session_demo.sessions.server import lifetime
from quart_session_demo.sessions.server.binding import LAST_USED, STORE_DEVICE, Binding
from quart_session_demo.sessions.server.session import ServerSession, fields_size
from quart_session_demo.sessions.server.store import (
    Fields,
    SessionStore,
    StoreError,
    WriteResult,
    current_time,
    new_token,
    store_key,
)


def encode(app: Quart, session: ServerSession) -> Fields:
    """Return the fields that hold a session's current content.

    Raises:
        SessionTooLarge: The session is larger than `SESSION_MAX_STORED_SIZE`, and has grown.
        UnstorableValue: A value cannot be stored.
    """
    fields = session.encode_fields()
    limit = app.config.get(STORED_LIMIT, DEFAULT_STORED_LIMIT)
    size = fields_size(fields)
    # A session that was stored with a higher limit, or by several requests, may shrink.
    if size > limit and size > session.stored_size:
        raise SessionTooLarge(size, limit, STORED_LIMIT)
    return fields


async def create(
    app: Quart, store: SessionStore, session: ServerSession, fields: Fields
) -> str | None:
    """Create a session with these fields, and return its id; None if there are no fields.

    Args:
        app: The app, whose lifetime settings apply.
        store: The store.
        session: The session, whose times and user become those of the new one.
        fields: Its content, to which the time of use is added.

    Raises:
        StoreError: The store failed.
    """
    if not fields:
        return None
    now = session.created = session.refreshed = current_time()
    session.binding, used, erased = record_use(app, session, is_due=True)
    fields |= used
    for name in erased:
        fields.pop(name, None)
    user_key = None if session.binding is None else session.binding.user_key
    session.listed_until = lifetime.expires_at(app, session, now)
    return await store.create(
        fields, lifetime=session.listed_until - now, now=now, user_key=user_key
    )


async def write(
    app: Quart,
    store: SessionStore,
    session: ServerSession,
    changed: Fields,
    removed: set[bytes],
    *,
    refreshed: int,
) -> WriteResult:
    """Write changes, extend the session to count from `refreshed`, and record both.

    Raises:
        StoreError: The store failed.
    """
    expires = lifetime.expires_at(app, session, refreshed)
    # A session must not outlive its entry in the list of its user's sessions.
    extends = session.binding is None or expires > session.listed_until
    result = await store.write(
        cast(str, session.key),
        changed,
        removed,
        lifetime=expires - current_time() if extends else 0,
        refreshed=refreshed,
        user_key=session.stored_user_key if extends else None,
    )
    session.listed_until = max(expires, session.listed_until)
    # The next save of a websocket must not write the same changes again.
    session.mark_written(changed, removed, refreshed)
    return result


def record_use(
    app: Quart, session: ServerSession, *, is_due: bool
) -> tuple[Binding | None, Fields, set[bytes]]:
    """Return the binding of a session that is used now, and the fields to set and to remove.

    Args:
        app: The app, whose setting `SESSION_STORE_DEVICE` applies.
        session: The session.
        is_due: Whether the use is to be stored. Otherwise the binding stays as it is.
    """
    if session.binding is None or not is_due:
        return session.binding, {}, set()
    binding = replace(session.binding, last_used=current_time())
    if not app.config.get(STORE_DEVICE):
        # It was stored before the setting became false.
        binding.user_agent = binding.client = None
    fields = binding.encode()
    return binding, {LAST_USED: fields[LAST_USED]}, session.binding.encode().keys() - fields.keys()


async def delete_unless_gone(
    store: SessionStore, session: ServerSession, new_id: str | None
) -> Fields | None:
    """Delete a session, and return its last fields; None if another request deleted it first.

    If that, or if the store fails, the replacement is deleted: nobody gets its id.

    Args:
        store: The store.
        session: The session.
        new_id: The id of its replacement, or None.

    Raises:
        StoreError: The store failed.
    """
    try:
        latest = await store.delete(
            cast(str, session.key), new_token(), user_key=session.stored_user_key
        )
    except StoreError:
        with suppress(StoreError):
            await _delete_replacement(store, session, new_id)
        raise
    if latest is None:
        await _delete_replacement(store, session, new_id)
    return latest


async def _delete_replacement(
    store: SessionStore, session: ServerSession, new_id: str | None
) -> None:
    if new_id is not None:
        user_key = None if session.binding is None else session.binding.user_key
        await store.delete(store_key(new_id), new_token(), user_key=user_key)
