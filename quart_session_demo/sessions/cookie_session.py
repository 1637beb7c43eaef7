"""The session that a view uses, stored in the cookie itself."""

from datetime import timedelta

from quart_session_demo.sessions.tracking import TrackedSession


class CookieSession(TrackedSession):
    """Flask's session, stored in the cookie itself."""

    #: When the client's cookie was signed, in seconds since 1970; None without a cookie.
    signed_at: int | None = None

    @property
    def signature_time(self) -> int | None:
        """The time to sign its next cookie with; None for the current time."""
        return None if self.may_extend else self.signed_at

    def clear(self) -> None:
        """Delete the session; values that are set later are a new session with a new lifetime."""
        self.signed_at = None
        super().clear()

    @property
    def lifetime(self) -> None:
        """None: a cookie session has no lifetime of its own."""
        return None

    @lifetime.setter
    def lifetime(self, value: timedelta | None) -> None:
        if value is not None:
            raise RuntimeError(
                'A cookie session has no lifetime of its own, because the cookie does not store '
                'it: use sessions on a server'
            )
