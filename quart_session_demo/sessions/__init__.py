"""Session interfaces for any Quart app: exact Flask cookies, or sessions stored on a server."""

from quart_session_demo.sessions.base import regenerate_session
from quart_session_demo.sessions.cookie import CookieSession, CookieSessionInterface

__all__ = ['CookieSession', 'CookieSessionInterface', 'regenerate_session']
