"""The session in Flask's signed cookie, exact.

The cookie is Flask's, byte for byte. Unlike Quart's own, this session sends `Vary: Cookie` when
it was touched and only then, and says so when it would lose data.
"""

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, cast

from flask.sessions import SecureCookieSession, SessionMixin
from itsdangerous import BadData, Signer, TimestampSigner, URLSafeTimedSerializer
from quart import Quart, Response, session, websocket_tearing_down
from quart.sessions import SecureCookieSessionInterface
from quart.wrappers import Websocket
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.http import dump_cookie
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.sessions.error_response import turn_into_error


class CookieSession(SecureCookieSession):
    """Flask's session, which notices each way of reading or writing it.

    Flask's own mark, `accessed`, cannot serve: Quart 0.22 never sets it and 0.23 always does.
    """

    touched = False
    # Whether a response took the session along; an accepted websocket has none.
    answered = False


def _noticed(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def touch(self: CookieSession, *args: Any, **kwargs: Any) -> Any:
        self.touched = True
        return method(self, *args, **kwargs)

    return touch


# __bool__ is __len__'s, `permanent` is get's and __setitem__'s.
for _name in (
    *('__getitem__', '__setitem__', '__delitem__', '__contains__', '__iter__', '__len__'),
    *('__eq__', '__ne__', '__or__', '__ror__', '__ior__', '__repr__', '__reversed__'),
    *('clear', 'copy', 'get', 'items', 'keys', 'pop', 'popitem', 'setdefault', 'update', 'values'),
):
    setattr(CookieSession, _name, _noticed(getattr(CookieSession, _name)))


class _Signer(TimestampSigner):
    """Derives each key once, not for each cookie."""

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        key = self.secret_keys[-1] if secret_key is None else secret_key
        if key not in self._derived:
            self._derived[key] = super().derive_key(key)
        return self._derived[key]

    @cached_property
    def _derived(self) -> dict[str | bytes, bytes]:
        return {}


class _Serializer(URLSafeTimedSerializer):
    """Makes its signer once, not for each cookie."""

    default_signer = _Signer

    def make_signer(self, salt: str | bytes | None = None) -> Signer:
        return self._signer if salt in (None, self.salt) else super().make_signer(salt)

    @cached_property
    def _signer(self) -> Signer:
        return super().make_signer()


class CookieSessionInterface(SecureCookieSessionInterface):
    """Keeps the session in a signed cookie: `app.session_interface = CookieSessionInterface()`.

    What a signed cookie cannot do: keep its content secret, be revoked, or keep the changes of
    two requests at once.
    """

    session_class = CookieSession
    _serializer: tuple[tuple[str | bytes, ...], URLSafeTimedSerializer] | None = None

    def get_signing_serializer(self, app: Quart) -> URLSafeTimedSerializer | None:
        """Return what signs and checks the cookies, or None when there is no key."""
        if not app.secret_key:
            return None
        # itsdangerous wants the current key last.
        keys = (*(app.config['SECRET_KEY_FALLBACKS'] or ()), app.secret_key)
        if self._serializer is None or self._serializer[0] != keys:
            serializer = _Serializer(
                list(keys),
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
        if isinstance(request, Websocket):
            websocket_tearing_down.connect(self._warn_of_lost_write, app)
        value = request.cookies.get(self.get_cookie_name(app))
        if not value:
            return self.session_class()
        max_age = int(app.permanent_session_lifetime.total_seconds())
        try:
            data = serializer.loads(value, max_age=max_age)
        except BadData:
            return self.session_class()
        return self.session_class(data if isinstance(data, dict) else None)

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
        if response is None:
            return
        session = cast(CookieSession, session)
        session.answered = True
        modified = session.modified
        if session.touched or modified:
            response.vary.add('Cookie')
        try:
            if not session:
                if modified:
                    self._delete_cookie(app, response)
                return
            if not self.should_set_cookie(app, session):
                return
            header = self._cookie_header(app, session)
        except Exception:
            app.logger.exception('The session cannot be saved')
            turn_into_error(response, 500, 'The session cannot be saved.')
            return
        size, limit = len(header), app.config['MAX_COOKIE_SIZE']
        if not limit or size <= limit:
            response.headers.add('Set-Cookie', header)
            response.vary.add('Cookie')
        elif modified:
            detail = f'The session cookie would be {size} bytes long; the limit is {limit} bytes.'
            app.logger.warning('Session not saved, answered with an error: %s', detail)
            turn_into_error(response, 413, f'{detail} The session stays as it was before.')
        else:
            app.logger.warning(
                'Session cookie not refreshed: it would be %d bytes long, the limit is %d bytes',
                size,
                limit,
            )

    def _cookie_header(self, app: Quart, session: CookieSession) -> str:
        serializer = cast(URLSafeTimedSerializer, self.get_signing_serializer(app))
        return dump_cookie(
            self.get_cookie_name(app),
            # A plain dict: reading it is no touch.
            serializer.dumps(dict.copy(session)),
            expires=self.get_expiration_time(app, session),
            # The limit is ours to check.
            max_size=0,
            **self._cookie_attributes(app),
        )

    def _delete_cookie(self, app: Quart, response: Response | WerkzeugResponse) -> None:
        response.delete_cookie(self.get_cookie_name(app), **self._cookie_attributes(app))

    def _cookie_attributes(self, app: Quart) -> dict[str, Any]:
        return {
            'domain': self.get_cookie_domain(app),
            'httponly': self.get_cookie_httponly(app),
            'partitioned': self.get_cookie_partitioned(app),
            'path': self.get_cookie_path(app),
            'samesite': self.get_cookie_samesite(app),
            'secure': self.get_cookie_secure(app),
        }

    async def _warn_of_lost_write(self, app: Quart, **_: Any) -> None:
        if isinstance(session, CookieSession) and session.modified and not session.answered:
            app.logger.warning(
                'A websocket changed its session: the change is lost, for an accepted websocket '
                'cannot set a cookie'
            )
