"""`/playground/`: a page that shows a user their session and runs session operations on it."""

from quart_session_demo.playground.not_found import show_not_found
from quart_session_demo.playground.views import playground

__all__ = ['playground', 'show_not_found']
