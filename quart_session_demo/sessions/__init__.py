"""What makes a session right, for any Quart app."""

from quart_session_demo.sessions.base import regenerate_session
from quart_session_demo.sessions.cookie import CookieSession, CookieSessionInterface

__all__ = ['CookieSession', 'CookieSessionInterface', 'regenerate_session']
