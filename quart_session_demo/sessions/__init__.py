"""What makes a session right, for any Quart app."""

from quart_session_demo.sessions.cookie import CookieSession, CookieSessionInterface
from quart_session_demo.sessions.regenerate import regenerate_session

__all__ = ['CookieSession', 'CookieSessionInterface', 'regenerate_session']
