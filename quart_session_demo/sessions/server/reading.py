"""Read the session of a request: from the signed id in a cookie to what the store holds."""

from collections.abc import Iterable

from quart import Quart

from quart_session_demo.sessions.server import lifetime
from quart_session_demo.sessions.server.session import ServerSession
from quart_session_demo.sessions.server.signing import IdSigner
from quart_session_demo.sessions.server.store import (
    SessionStore,
    StoredSession,
    StoreError,
    current_time,
    store_key,
)
from quart_session_demo.sessions.server.stored_json import StoredJSON
from quart_session_demo.sessions.server.unavailable import unavailable_session

#: Decodes the attributes of any app's sessions: none has a tag. Making one takes 100 microseconds.
_ATTRIBUTES = StoredJSON()


async def read_session(
    app: Quart,
    store: SessionStore,
    cookies: Iterable[str],
    signer: IdSigner,
    serializer: StoredJSON,
) -> ServerSession:
    """Return the session of a request: an empty one if it has none. Never raises.

    The first cookie counts that the app signed, and whose session exists.

    Args:
        app: The app, whose lifetime settings apply.
        store: The store.
        cookies: The values of the request's session cookies.
        signer: Verifies the cookies. A forged id is not looked up in the store.
        serializer: Decodes what the store holds.
    """
    for value in cookies:
        session_id = signer.verify(value)
        if session_id is None:
            continue
        session = await _read(app, store, session_id, serializer)
        if session is not None:
            session.cookie = value
            session.has_old_signature = not signer.is_current(value, session_id)
            return session
    return _prepare(app, ServerSession(serializer))


async def _read(
    app: Quart, store: SessionStore, session_id: str, serializer: StoredJSON
) -> ServerSession | None:
    try:
        stored = await store.read(store_key(session_id))
        if stored is None:
            return None
        session = _prepare(app, ServerSession(serializer, session_id, stored))
    except (StoreError, ValueError) as error:
        app.logger.error('Session not read: %s', error)
        return unavailable_session(serializer)
    except Exception:
        app.logger.exception('The session cannot be read')
        return unavailable_session(serializer)
    session.listed_until = lifetime.expires_at(app, session, session.refreshed)
    return None if session.listed_until <= current_time() else session


def _prepare(app: Quart, session: ServerSession) -> ServerSession:
    session.permanent_by_default = app.config.get('SESSION_PERMANENT', False)
    return session


def read_attributes(app: Quart, stored: StoredSession) -> ServerSession:
    """Return a session without its content, to read its user and its lifetime.

    Raises:
        ValueError: The store holds something else.
    """
    session = ServerSession(_ATTRIBUTES, None, stored.without_content())
    return _prepare(app, session)
