"""`/sessions/`: a page for any app, where users see their own sessions and end them."""

from quart_session_demo.session_pages.views import session_pages

__all__ = ['session_pages']
