"""The sessions of a user: list them, and revoke them."""

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from quart import Quart, current_app, has_request_context, has_websocket_context

from quart_session_demo.sessions.current import server_interface
from quart_session_demo.sessions.server import lifetime
from quart_session_demo.sessions.server.binding import STORE_DEVICE, Binding
from quart_session_demo.sessions.server.reading import read_attributes
from quart_session_demo.sessions.server.session import ServerSession
from quart_session_demo.sessions.server.store import (
    SessionStore,
    StoreError,
    new_token,
    user_key,
)
from quart_session_demo.sessions.server.unavailable import raising_503
from quart_session_demo.sessions.tracking import current_session

#: How many characters of a session's key are its public id. These 64 random bits only have to
#: differ from the ids of the same user's other sessions.
PUBLIC_ID_LENGTH = 16


@dataclass(frozen=True)
class SessionRecord:
    """One session of a user. Times are in UTC, in whole seconds.

    Attributes:
        id: A public id, with which nobody can use the session. It may be shown in pages and logs.
        created: When the user logged in, or `regenerate_session` last gave it a new id.
        last_used: When it was last used, up to a minute late.
        expires: When it expires if it is not used any more.
        current: Whether it is the session of the current request.
        user_agent: What the browser sent as its name at the login; None unless the setting
            `SESSION_STORE_DEVICE` is true.
        client: The IP address from which the login was sent; None like `user_agent`.
    """

    id: str
    created: datetime
    last_used: datetime
    expires: datetime
    current: bool
    user_agent: str | None = None
    client: str | None = None


async def list_sessions(user: str) -> list[SessionRecord]:
    """Return the sessions of a user that have not expired, the last used first.

    A session that the current request began is listed only after it is stored: at the end of the
    request, or by `save_session`.

    Args:
        user: The user, as `regenerate_session` got it.

    Raises:
        ServiceUnavailable: The store does not respond.
        RuntimeError: The app's sessions are not stored on a server.
        TypeError, ValueError: The user is not a non-empty string.
    """
    store = server_interface().store
    with raising_503(StoreError, log='Sessions not listed'):
        return await read_records(current_app, store, user)


async def revoke_session(public_id: str, *, user: str) -> bool:
    """Delete one session of a user, also while requests use it (OWASP ASVS 5.0, 7.5.2).

    Args:
        public_id: The `id` of its `SessionRecord`.
        user: The user. A session of another user stays.

    Returns:
        Whether the user had such a session.

    Raises:
        ServiceUnavailable: The store does not respond.
        RuntimeError: The app's sessions are not stored on a server.
        TypeError, ValueError: The user is not a non-empty string.
    """
    store = server_interface().store
    with raising_503(StoreError, log='Sessions not revoked'):
        return await revoke(store, user, public_id)


async def revoke_sessions(user: str, *, keep_current: bool = False) -> int:
    """Delete all sessions of a user, also while requests use them (OWASP ASVS 5.0, 7.4.3, 7.4.5).

    What a request changes in a revoked session is dropped, and the next request with its cookie has
    an empty session. If the call fails, repeat it: the sessions that are left are still listed.

    Args:
        user: The user, as `regenerate_session` got it.
        keep_current: Whether the session of the current request stays.

    Returns:
        How many sessions were deleted.

    Raises:
        ServiceUnavailable: The store does not respond.
        RuntimeError: The app's sessions are not stored on a server.
        TypeError, ValueError: The user is not a non-empty string.
    """
    store = server_interface().store
    with raising_503(StoreError, log='Sessions not revoked'):
        return await revoke_all(store, user, keep_current=keep_current)


async def read_records(app: Quart, store: SessionStore, user: str) -> list[SessionRecord]:
    """Return the sessions of a user, as `list_sessions`; also outside of an app context.

    Raises:
        StoreError: The store failed.
    """
    current = _current_session()
    if current is not None:
        # The list shows which session is the current one.
        current.mark_used()
    records = []
    for key, stored in (await store.read_user(user_key(user))).items():
        try:
            session = read_attributes(app, stored)
        except ValueError as error:
            raise StoreError(f'A session of the user cannot be read: {error}') from None
        binding = session.binding
        if binding is None or lifetime.is_expired(app, session):
            continue
        records.append((binding.last_used, _record(app, key, session, binding, current)))
    # By the exact time: that of a record is in whole seconds.
    records.sort(key=itemgetter(0), reverse=True)
    return [record for _, record in records]


async def revoke(store: SessionStore, user: str, public_id: str) -> bool:
    """Delete one session of a user, as `revoke_session`.

    Raises:
        StoreError: The store failed.
    """
    owner = user_key(user)
    for key in await store.read_user(owner):
        if key[:PUBLIC_ID_LENGTH] == public_id:
            return await _delete(store, key, owner)
    return False


async def revoke_all(store: SessionStore, user: str, *, keep_current: bool) -> int:
    """Delete the sessions of a user, as `revoke_sessions`.

    Raises:
        StoreError: The store failed.
    """
    owner = user_key(user)
    current = _current_session()
    kept = set()
    if keep_current and current is not None:
        # Raises 503 if the current session could not be read.
        current.mark_used()
        kept.add(current.key)
    deleted = 0
    # Until none is left: a request may just have replaced a session by one with a new id.
    while keys := (await store.read_user(owner)).keys() - kept:
        for key in keys:
            deleted += await _delete(store, key, owner)
    # The current request has just logged in, and its session is not stored yet.
    if not keep_current and current is not None and _is_bound(current, user):
        current.mark_revoked()
    return deleted


async def _delete(store: SessionStore, key: str, owner: str) -> bool:
    deleted = await store.delete(key, new_token(), user_key=owner) is not None
    current = _current_session()
    if current is not None and current.key == key:
        current.mark_revoked()
    return deleted


def _is_bound(session: ServerSession, user: str) -> bool:
    return session.binding is not None and session.binding.user == user


def _record(
    app: Quart, key: str, session: ServerSession, binding: Binding, current: ServerSession | None
) -> SessionRecord:
    shows_device = bool(app.config.get(STORE_DEVICE))
    return SessionRecord(
        id=key[:PUBLIC_ID_LENGTH],
        created=lifetime.to_datetime(session.created),
        last_used=lifetime.to_datetime(binding.last_used),
        expires=lifetime.to_datetime(lifetime.expires_at(app, session, session.refreshed)),
        current=current is not None and current.key == key,
        user_agent=binding.user_agent if shows_device else None,
        client=binding.client if shows_device else None,
    )


def _current_session() -> ServerSession | None:
    if not (has_request_context() or has_websocket_context()):
        return None
    current = current_session()
    return current if isinstance(current, ServerSession) else None
