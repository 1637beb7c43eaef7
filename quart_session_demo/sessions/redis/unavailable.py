"""What stands in for a session while Redis does not answer."""

from typing import Any

from quart import after_this_request, has_request_context
from werkzeug.exceptions import ServiceUnavailable

from quart_session_demo.sessions.redis.session import RedisSession

DETAIL = 'The session store does not answer. Please try again.'
# Seconds.
RETRY_AFTER = 5


def unavailable() -> ServiceUnavailable:
    """Return the error that a visitor gets."""
    return ServiceUnavailable(DETAIL, retry_after=RETRY_AFTER)


class UnavailableSession(RedisSession):
    """Stands in for a session that could not be read: to use it is a 503.

    An empty session in its place would log people out. Only the first use raises: an error page
    may look into the session too, and its response, whatever it is, becomes the 503.
    """

    # Off where nothing catches it: Quart answers with a bare 500 what after_request raises.
    raises = True

    def touch(self) -> None:
        """Raise 503 at the first use."""
        super().touch()
        if self.raises:
            self.raises = False
            raise unavailable()


def stand_in() -> UnavailableSession:
    """Return a stand-in for the current request's session."""
    session = UnavailableSession()
    if has_request_context():
        # Runs before every other after_request.
        @after_this_request
        async def leave_it_to_save_session(response: Any) -> Any:
            session.raises = False
            return response

    return session
