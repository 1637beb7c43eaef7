"""The session in Flask's signed cookie.

The cookie is Flask's, byte for byte. Unlike Quart's own interface, this one sends `Vary: Cookie`
only if the session was used or its cookie is set, and reports a session that cannot be stored.
"""

import time
from datetime import datetime
from typing import Any, cast

from flask.sessions import SessionMixin
from quart import Quart, Response, appcontext_pushed
from quart.sessions import SecureCookieSessionInterface
from quart.wrappers import Websocket
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.sessions.base import (
    Finding,
    ServerSessionsRequired,
    SessionInterface,
    cookie_header,
    cookie_values,
    vary_by_cookie,
)
from quart_session_demo.sessions.cookie_reading import expiry_time, load_session
from quart_session_demo.sessions.cookie_session import CookieSession
from quart_session_demo.sessions.cookie_settings import check_lifetimes, complete_cookie_settings
from quart_session_demo.sessions.errors import (
    SAVE_ERROR,
    log_save_error,
    refuse_save,
    turn_into_error,
)
from quart_session_demo.sessions.handshake import save_at_accept
from quart_session_demo.sessions.json_reads import watch_json
from quart_session_demo.sessions.limits import (
    CONTENT_LIMIT,
    DEFAULT_CONTENT_LIMIT,
    SessionTooLarge,
)
from quart_session_demo.sessions.serializer import SessionSerializer, signing_keys
from quart_session_demo.sessions.session_json import SessionJSON


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
        """Let an app with a wrong setting fail when it starts serving."""
        super().__init__()
        # One app's tags are not for the sessions of another. A subclass may have a serializer.
        if self.serializer is CookieSessionInterface.serializer:
            self.serializer = SessionJSON()
        # The app is not known yet. It pushes a first context before it starts serving.
        appcontext_pushed.connect(self._check_at_start)

    async def _check_at_start(self, app: Quart, **_: Any) -> None:
        if app.session_interface is not self:
            return
        appcontext_pushed.disconnect(self._check_at_start)

        async def check_settings() -> None:
            # The app may have another interface now.
            if app.session_interface is self:
                complete_cookie_settings(app.config)

        app.before_serving_funcs.insert(0, check_settings)

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
        """Return the serializer that signs and verifies cookies, or None if there is no key."""
        keys = signing_keys(app)
        if not keys:
            return None
        limit = app.config.get(CONTENT_LIMIT, DEFAULT_CONTENT_LIMIT)
        if self._signing_serializer is None or self._signing_serializer[:2] != (keys, limit):
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
        """Return the session from the request's cookie: empty if it is missing or invalid.

        Raises:
            ValueError: The app has a setting that needs sessions on a server.
        """
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            return None
        # An app without a start, such as one that is mounted in another, was not checked.
        check_lifetimes(app.config)
        watch_json(app)
        cookies = cookie_values(self, app, request)
        session = load_session(app, cookies, serializer, self.session_class)
        session.permanent_by_default = bool(app.config.get('SESSION_PERMANENT'))
        if isinstance(request, Websocket):
            save_at_accept(self, app, request, session)
        return session

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
            # The websocket ended before it was accepted, or reported the change when it was made.
            if session.modified:
                session.log_loss(app.logger)
            return
        if session.headers_sent or session.handshake_refused:
            return
        session.late_change_log = None
        # The lines below use the session too.
        accessed = session.accessed
        used = accessed or session.modified
        try:
            if used:
                vary_by_cookie(response)
            if not session.untracked_keys:
                if session.modified:
                    self.delete_cookie(app, response)
            elif self.should_set_cookie(app, session):
                is_set = self._set_cookie(app, session, response)
                if is_set and not used:
                    vary_by_cookie(response)
        except Exception as error:
            log_save_error(app, session, error)
            turn_into_error(response, 500, SAVE_ERROR)
        session.accessed = accessed
        session.late_change_log = app.logger

    def _set_cookie(
        self, app: Quart, session: CookieSession, response: Response | WerkzeugResponse
    ) -> bool:
        serializer = cast(SessionSerializer, self.get_signing_serializer(app))
        content, signed_at = session.untracked_content(), session.signature_time
        try:
            if signed_at is None:
                signed_at = int(time.time())
                value = serializer.dumps(content)
            else:
                value = serializer.dumps_at(content, signed_at)
            header = cookie_header(self, app, session, value)
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
        self.add_cookie(app, response, header)
        session.signed_at = signed_at
        return True

    async def regenerate(self, session: SessionMixin, user: str | None = None) -> None:
        """Do nothing: a signed cookie has no id, and each write makes another cookie.

        Raises:
            RuntimeError: The session is to be bound to a user.
        """
        if user is not None:
            raise ServerSessionsRequired(self)

    async def is_ready(self) -> bool:
        """Return True: there is no store to wait for."""
        return True

    async def store_findings(self) -> list[Finding]:
        """Return an empty list: there is no store."""
        return []

    def get_expiration_time(self, app: Quart, session: SessionMixin) -> datetime | None:
        """Return when the browser deletes the cookie; None means when the browser closes."""
        if not session.permanent:
            return None
        signed_at = cast(CookieSession, session).signature_time
        return expiry_time(app, time.time() if signed_at is None else signed_at)

    def expires_at(self, app: Quart, session: SessionMixin) -> datetime | None:
        """Return when the session expires; `session_expires_at` describes it."""
        session = cast(CookieSession, session)
        if not session.untracked_keys:
            return None
        sent = session.headers_sent or session.late_change_log is not None
        if sent or not self.should_set_cookie(app, session):
            return None if session.signed_at is None else expiry_time(app, session.signed_at)
        signed_at = session.signature_time
        return expiry_time(app, int(time.time()) if signed_at is None else signed_at)
