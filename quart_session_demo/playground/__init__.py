"""`/playground/`: a page on which a person sees a session, changes it and understands it."""

from quart_session_demo.playground.views import playground

__all__ = ['playground']
