"""The session in Flask's signed cookie.

The cookie is Flask's, byte for byte. Unlike Quart's own interface, this one sends `Vary: Cookie`
only if the session was used or its cookie is set, and reports a session that cannot be stored.
"""

from datetime import datetime
from typing import Any, cast

from flask.sessions import SessionMixin
from itsdangerous import BadData
from quart import Quart, Response, session, websocket_tearing_down
from quart.sessions import SecureCookieSessionInterface
from quart.wrappers import Websocket
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.sessions.base import (
    Finding,
    SessionInterface,
    TrackedSession,
    cookie_header,
    cookie_values,
    track_accept,
    vary_by_cookie,
)
from quart_session_demo.sessions.errors import (
    SAVE_ERROR,
    log_save_error,
    refuse_save,
    turn_into_error,
)
from quart_session_demo.sessions.limits import (
    CONTENT_LIMIT,
    DEFAULT_CONTENT_LIMIT,
    SessionTooLarge,
)
from quart_session_demo.sessions.payload import UnreadableContent
from quart_session_demo.sessions.serializer import SessionJSON, SessionSerializer, signing_keys
from quart_session_demo.sessions.settings import COOKIE_SETTINGS, complete_settings


class CookieSession(TrackedSession):
    """Flask's session, stored in the cookie itself."""

    #: Whether the log reports that a change in a websocket was lost.
    loss_logged = False


class CookieSessionInterface(SessionInterface, SecureCookieSessionInterface):
    """The interface for signed cookies: `app.session_interface = CookieSessionInterface()`.

    A signed cookie has three limits: the client can read it, the server cannot revoke it, and of
    two requests at the same time only one can store its changes.
    """

    session_class = CookieSession
    content_in_cookie = True
    serializer = SessionJSON()
    _signing_serializer: tuple[tuple[bytes, ...], int, SessionSerializer] | None = None

    def __init__(self) -> None:
        """Make an interface with a serializer of its own, unless a subclass has one."""
        # One app's tags are not for the sessions of another.
        if self.serializer is CookieSessionInterface.serializer:
            self.serializer = SessionJSON()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the subclass's `session_class`.

        Raises:
            TypeError: The `session_class` does not derive from `CookieSession`.
        """
        super().__init_subclass__(**kwargs)
        if not issubclass(cls.session_class, CookieSession):
            raise TypeError(
                f'{cls.__name__}.session_class must derive from '
                'quart_session_demo.sessions.CookieSession'
            )

    def get_signing_serializer(self, app: Quart) -> SessionSerializer | None:
        """Return the serializer that signs and verifies cookies, or None if there is no key.

        Raises:
            ValueError: `SESSION_COOKIE_MAX_DECOMPRESSED` is wrong.
        """
        keys = signing_keys(app)
        if not keys:
            return None
        limit = app.config.get(CONTENT_LIMIT, DEFAULT_CONTENT_LIMIT)
        if self._signing_serializer is None or self._signing_serializer[:2] != (keys, limit):
            complete_settings(app.config, COOKIE_SETTINGS)
            serializer = SessionSerializer(
                list(keys),
                salt=self.salt,
                serializer=self.serializer,
                signer_kwargs={
                    'key_derivation': self.key_derivation,
                    'digest_method': self.digest_method,
                },
            )
            serializer.max_size = limit
            self._signing_serializer = keys, limit, serializer
        return self._signing_serializer[2]

    async def open_session(self, app: Quart, request: BaseRequestWebsocket) -> CookieSession | None:
        """Return the session from the request's cookie: empty if it is missing or invalid."""
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            return None
        session = self.session_class(self._load(app, request, serializer))
        if isinstance(request, Websocket):
            track_accept(request, session)
            websocket_tearing_down.connect(self._log_lost_change, app)
        return session

    def _load(
        self, app: Quart, request: BaseRequestWebsocket, serializer: SessionSerializer
    ) -> dict[str, Any] | None:
        max_age = int(app.permanent_session_lifetime.total_seconds())
        reported = False
        for value in cookie_values(self, app, request):
            try:
                data = serializer.loads(value, max_age)
            except UnreadableContent as error:
                # One line for all cookies of the request.
                if not reported:
                    app.logger.warning('Session cookie not read: %s', error)
                reported = True
                continue
            # A time that a datetime cannot hold raises the other errors.
            except (BadData, OverflowError, OSError, ValueError):
                continue
            if isinstance(data, dict):
                return data
        return None

    async def save_session(
        self, app: Quart, session: SessionMixin, response: Response | WerkzeugResponse | None
    ) -> None:
        """Set, refresh or delete the cookie. A failure does not raise: the response is an error.

        The response becomes 413 if a changed session is too large for a cookie, and 500 if it
        holds a value that cannot be stored. The browser's session does not change then. Other
        effects of the view, such as database writes, are not undone.

        Args:
            app: The app, whose `SESSION_COOKIE_*` settings apply.
            session: The session that `open_session` returned.
            response: The response to add the cookie to; None after an accepted websocket.
        """
        session = cast(CookieSession, session)
        if response is None:
            session.headers_sent = True
        if response is None or session.headers_sent:
            return
        try:
            modified = session.modified
            # Read now, because the lines below use the session too.
            used = session.was_used or modified
            if used:
                vary_by_cookie(response)
            if not session:
                if modified:
                    self.delete_cookie(app, response)
            elif self.should_set_cookie(app, session):
                is_set = self._set_cookie(app, session, response)
                if is_set and not used:
                    vary_by_cookie(response)
        except Exception as error:
            log_save_error(app, error)
            turn_into_error(response, 500, SAVE_ERROR)

    def _set_cookie(
        self, app: Quart, session: CookieSession, response: Response | WerkzeugResponse
    ) -> bool:
        serializer = cast(SessionSerializer, self.get_signing_serializer(app))
        # `dict(session)` would call a tracked method for each key.
        try:
            value = serializer.dumps(dict(dict.items(session)))
            header = cookie_header(self, app, session, str(value))
            limit = app.config['MAX_COOKIE_SIZE']
            if limit and len(header) > limit:
                raise SessionTooLarge(len(header), limit, 'MAX_COOKIE_SIZE')
        except SessionTooLarge as error:
            if session.modified:
                refuse_save(app, session, response, error)
            else:
                app.logger.warning(
                    'Session cookie not refreshed (%s): %s', error.refusal.setting, error
                )
            return False
        response.headers.add('Set-Cookie', header)
        return True

    async def regenerate(self, session: SessionMixin) -> None:
        """Do nothing: a signed cookie has no id, and each write makes another cookie."""

    async def is_ready(self) -> bool:
        """Return True: there is no store to wait for."""
        return True

    async def store_findings(self) -> list[Finding]:
        """Return an empty list: there is no store."""
        return []

    def expires_at(self, app: Quart, session: SessionMixin) -> datetime | None:
        """Return None: only the signature in the cookie holds the time of signing."""
        return None

    async def _log_lost_change(self, app: Quart, **_: Any) -> None:
        if not isinstance(session, CookieSession):
            return
        # Copies of the context are torn down with the same session, before the websocket or later.
        if session.modified and session.headers_sent and not session.loss_logged:
            session.loss_logged = True
            app.logger.warning(
                'A websocket changed its session; the change is lost, because an accepted '
                'websocket cannot set a cookie'
            )
