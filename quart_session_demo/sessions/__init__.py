"""Session interfaces for any Quart app: exact Flask cookies, or sessions stored on a server."""

from quart_session_demo.sessions.cookie import CookieSessionInterface
from quart_session_demo.sessions.cookie_session import CookieSession
from quart_session_demo.sessions.create import create_session_interface
from quart_session_demo.sessions.current import (
    do_not_extend_session,
    regenerate_session,
    session_expires_at,
    session_user,
)
from quart_session_demo.sessions.server.interface import ServerSessionInterface
from quart_session_demo.sessions.server.memory import MemoryStore
from quart_session_demo.sessions.server.session import ServerSession
from quart_session_demo.sessions.server.store import SessionStore, StoreError
from quart_session_demo.sessions.server.users import (
    SessionRecord,
    list_sessions,
    revoke_session,
    revoke_sessions,
)
from quart_session_demo.sessions.server.websockets import reload_session, save_session

__all__ = [
    'CookieSession',
    'CookieSessionInterface',
    'MemoryStore',
    'ServerSession',
    'ServerSessionInterface',
    'SessionRecord',
    'SessionStore',
    'StoreError',
    'create_session_interface',
    'do_not_extend_session',
    'list_sessions',
    'regenerate_session',
    'reload_session',
    'revoke_session',
    'revoke_sessions',
    'save_session',
    'session_expires_at',
    'session_user',
]
