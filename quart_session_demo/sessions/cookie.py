"""The session in Flask's signed cookie, exact.

The cookie is Flask's, byte for byte. Unlike Quart's own, this session sends `Vary: Cookie` when
it was touched and only then, and says so when it would lose data.
"""

from datetime import datetime
from typing import Any, cast

from flask.sessions import SessionMixin
from itsdangerous import BadData, URLSafeTimedSerializer
from quart import Quart, Response, session, websocket_tearing_down
from quart.sessions import SecureCookieSessionInterface
from quart.wrappers import Websocket
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.sessions.base import (
    Finding,
    SaveRefusal,
    SessionInterface,
    TrackedSession,
    track_accept,
    vary_by_cookie,
)
from quart_session_demo.sessions.errors import turn_into_error
from quart_session_demo.sessions.serializer import SessionJSON, SessionSerializer


class CookieSession(TrackedSession):
    """Flask's session, kept in the cookie itself."""

    # Whether it was said that a websocket's write is lost.
    warned = False


class CookieSessionInterface(SessionInterface, SecureCookieSessionInterface):
    """Keeps the session in a signed cookie: `app.session_interface = CookieSessionInterface()`.

    What a signed cookie cannot do: keep its content secret, be revoked, or keep the changes of
    two requests at once.
    """

    session_class = CookieSession
    content_in_cookie = True
    serializer = SessionJSON()
    _serializer: tuple[tuple[str | bytes, ...], URLSafeTimedSerializer] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a session that could not be saved.

        Raises:
            TypeError: The `session_class` is no `CookieSession`.
        """
        super().__init_subclass__(**kwargs)
        if not issubclass(cls.session_class, CookieSession):
            raise TypeError(
                f'{cls.__name__}.session_class must derive from '
                'quart_session_demo.sessions.CookieSession'
            )

    def get_signing_serializer(self, app: Quart) -> URLSafeTimedSerializer | None:
        """Return what signs and checks the cookies, or None when there is no key."""
        if not app.secret_key:
            return None
        fallbacks = app.config['SECRET_KEY_FALLBACKS'] or ()
        if isinstance(fallbacks, str | bytes):
            # Quart would take each character for a key, and anyone could forge a session.
            fallbacks = (fallbacks,)
        # itsdangerous wants the current key last.
        keys = (*fallbacks, app.secret_key)
        if self._serializer is None or self._serializer[0] != keys:
            serializer = SessionSerializer(
                # An empty one would let anyone forge a session.
                [key for key in keys if key],
                salt=self.salt,
                serializer=self.serializer,
                signer_kwargs={
                    'key_derivation': self.key_derivation,
                    'digest_method': self.digest_method,
                },
            )
            self._serializer = keys, serializer
        return self._serializer[1]

    async def open_session(self, app: Quart, request: BaseRequestWebsocket) -> CookieSession | None:
        """Read the session from the request's cookie: empty when there is none, or a bad one."""
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            return None
        session = self.session_class(self._load(app, request, serializer))
        if isinstance(request, Websocket):
            track_accept(request, session)
            websocket_tearing_down.connect(self._warn_of_lost_write, app)
        return session

    def _load(
        self, app: Quart, request: BaseRequestWebsocket, serializer: URLSafeTimedSerializer
    ) -> dict[str, Any] | None:
        value = request.cookies.get(self.get_cookie_name(app))
        if not value:
            return None
        try:
            data = serializer.loads(value, int(app.permanent_session_lifetime.total_seconds()))
        # A date that a datetime cannot hold raises the other errors.
        except (BadData, OverflowError, OSError, ValueError):
            return None
        return data if isinstance(data, dict) else None

    async def save_session(
        self, app: Quart, session: SessionMixin, response: Response | WerkzeugResponse | None
    ) -> None:
        """Set, refresh or delete the cookie. Never raises: a save that fails is an error response.

        A changed session that is too large for a cookie becomes 413, one that cannot be stored
        500, and the browser keeps its last good session. Whatever else the view did stands: what
        it wrote to a database stays written.

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
            used = session.was_used or modified
            if used:
                vary_by_cookie(response)
            if not session:
                if modified:
                    self.delete_cookie(app, response)
            elif self.should_set_cookie(app, session):
                header = self.cookie_header(app, session, self._sign(app, session))
                size, limit = len(header), app.config['MAX_COOKIE_SIZE']
                if limit and size > limit:
                    session.refusal = SaveRefusal(size, limit) if modified else None
                    _refuse(app, response, modified, size, limit)
                else:
                    response.headers.add('Set-Cookie', header)
                    if not used:
                        vary_by_cookie(response)
        except Exception as error:
            if isinstance(error, RecursionError):
                # Its traceback is thousands of lines.
                app.logger.error('The session cannot be saved: it is nested too deeply')
            else:
                app.logger.exception('The session cannot be saved')
            turn_into_error(response, 500, 'The session cannot be saved.')

    def _sign(self, app: Quart, session: CookieSession) -> str:
        serializer = cast(URLSafeTimedSerializer, self.get_signing_serializer(app))
        # dict(session) would go through the methods that take note, for each key.
        return serializer.dumps(dict(dict.items(session)))

    async def regenerate(self, session: SessionMixin) -> None:
        """Do nothing: a signed cookie has no id, and each write makes another cookie."""

    async def is_ready(self) -> bool:
        """Tell whether sessions can be used now: there is nothing to wait for."""
        return True

    async def store_findings(self) -> list[Finding]:
        """Return an empty list: there is no store."""
        return []

    def expires_at(self, app: Quart, session: SessionMixin) -> datetime | None:
        """Return None: only the cookie's signature knows when it was signed."""
        return None

    async def _warn_of_lost_write(self, app: Quart, **_: Any) -> None:
        if not isinstance(session, CookieSession):
            return
        # Copies of the context end, too, with the same session, before the websocket or after it.
        if session.modified and session.headers_sent and not session.warned:
            session.warned = True
            app.logger.warning(
                'A websocket changed its session: the change is lost, for no response can set a '
                'cookie any more'
            )


def _refuse(
    app: Quart, response: Response | WerkzeugResponse, modified: bool, size: int, limit: int
) -> None:
    detail = f'The session cookie would be {size} bytes long; the limit is {limit} bytes.'
    if modified:
        app.logger.warning('Session not saved, answered with an error: %s', detail)
        turn_into_error(response, 413, f'{detail} The session stays as it was before.')
    else:
        app.logger.warning('Session cookie not refreshed: %s', detail)
