"""The base class of our session interfaces, and what they know about the session cookie."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from string import ascii_letters, digits
from typing import Any, Literal, cast

from flask.sessions import SessionMixin
from quart import (
    Quart,
    Response,
    before_render_template,
    got_request_exception,
    has_request_context,
    has_websocket_context,
    request,
    websocket,
)
from quart import sessions as quart_sessions
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.http import dump_cookie, parse_set_header
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.sessions.json_reads import watch_tojson
from quart_session_demo.sessions.tracking import TrackedSession, current_session

#: How many session cookies of one request are tried.
MAX_COOKIES = 5
#: The characters of base64 and the dots of a signed value, which need no quotation marks.
_SIGNED_CHARACTERS = (ascii_letters + digits + '-_.').encode()


@dataclass(frozen=True)
class Finding:
    """One unsafe setting or state that `check-deploy` reports.

    Attributes:
        id: Its stable name, such as `cookie-not-secure`.
        level: An `error` makes the command fail, a `warning` only with `--strict`.
        message: What is wrong, without a secret's value.
        remedy: What to do.
    """

    id: str
    level: Literal['error', 'warning']
    message: str
    remedy: str

    def fill(self, **values: object) -> 'Finding':
        """Return a copy with `{name}` in message and remedy replaced by the value of that name."""
        return replace(
            self, message=self.message.format(**values), remedy=self.remedy.format(**values)
        )


class ServerSessionsRequired(RuntimeError):
    """Raised by a function that only sessions on a server can have."""

    def __init__(self, interface: quart_sessions.SessionInterface) -> None:
        """Name the app's session interface, which stores sessions elsewhere."""
        problem, remedy = (
            ('stores no sessions on a server, and a cookie that was copied stays valid', '')
            if stores_in_cookie(interface)
            else ('does not belong to this package', 'use create_session_interface, and ')
        )
        super().__init__(
            f'{type(interface).__name__} {problem}: {remedy}set SESSION_TYPE to redis or '
            'sqlalchemy to bind sessions to users, list and revoke them, and to reload and save '
            'them in websockets'
        )


class SessionInterface(quart_sessions.SessionInterface, ABC):
    """A session interface with all that the app, its pages and its commands need."""

    #: Whether the cookie holds the session's content, and not only an id.
    content_in_cookie: bool
    _has_warned_of_http = False

    def __init__(self) -> None:
        """Watch the templates and failures of requests."""
        before_render_template.connect(watch_tojson)
        got_request_exception.connect(_expect_another_save)

    @abstractmethod
    async def regenerate(self, session: SessionMixin, user: str | None = None) -> None:
        """Give a session a new id; `regenerate_session` describes when, and what it raises."""

    @abstractmethod
    async def is_ready(self) -> bool:
        """Return whether sessions can be read and stored now."""

    @abstractmethod
    async def store_findings(self) -> list[Finding]:
        """Check the store, and return what is unsafe about it."""

    @abstractmethod
    def expires_at(self, app: Quart, session: SessionMixin) -> datetime | None:
        """Return when the session expires; `session_expires_at` describes it."""

    def continue_websocket(self, session: TrackedSession) -> None:
        """Let a websocket use its session after the handshake, which saved it."""
        session.headers_sent = True
        # Only what changes from now on is a change of the open websocket.
        session.modified = False

    def should_set_cookie(self, app: Quart, session: SessionMixin) -> bool:
        """Return whether the response sets the cookie of a session that exists.

        A subclass may override it. A session whose id would not reach the client is not stored.
        """
        extends = cast(TrackedSession, session).may_extend
        return session.modified or (extends and super().should_set_cookie(app, session))

    def add_cookie(self, app: Quart, response: Response | WerkzeugResponse, header: str) -> None:
        """Add the `Set-Cookie` header of a session, and log once if browsers will ignore it."""
        response.headers.add('Set-Cookie', header)
        if not self._has_warned_of_http and '; Secure' in header and _scheme() in ('http', 'ws'):
            self._has_warned_of_http = True
            app.logger.warning(
                'A session cookie with Secure was set over http, where browsers ignore it: use '
                'https or, behind a proxy that does, set TRUSTED_PROXIES'
            )

    def delete_cookie(self, app: Quart, response: Response | WerkzeugResponse) -> None:
        """Add a `Set-Cookie` header that deletes the session cookie."""
        response.delete_cookie(self.get_cookie_name(app), **cookie_attributes(self, app))


def _scheme() -> str | None:
    if has_request_context():
        return request.scheme
    return websocket.scheme if has_websocket_context() else None


def _expect_another_save(app: Quart, **_: Any) -> None:
    # The handler for 500 follows, also if the response was saved before. Its changes are not late.
    current = current_session()
    if isinstance(current, TrackedSession):
        current.late_change_log = None


def permanent_by_default(interface: quart_sessions.SessionInterface, app: Quart) -> bool:
    """Return whether a session is permanent if the app does not set `session.permanent`."""
    # Quart's own interface does not know the setting.
    return isinstance(interface, SessionInterface) and bool(app.config.get('SESSION_PERMANENT'))


def stores_in_cookie(interface: quart_sessions.SessionInterface) -> bool:
    """Return whether the cookie holds the session's content; Quart's own interface counts, too."""
    if isinstance(interface, SessionInterface):
        return interface.content_in_cookie
    return isinstance(interface, quart_sessions.SecureCookieSessionInterface)


def cookie_values(
    interface: quart_sessions.SessionInterface, app: Quart, request: BaseRequestWebsocket
) -> list[str]:
    """Return the values of a request's session cookies, in their order: at most `MAX_COOKIES`.

    A browser sends several cookies of one name if they have different paths or domains. One of
    them may be left over from another app, key or login.
    """
    return request.cookies.getlist(interface.get_cookie_name(app))[:MAX_COOKIES]


def cookie_header(
    interface: quart_sessions.SessionInterface, app: Quart, session: SessionMixin, value: str
) -> str:
    """Return the session cookie's `Set-Cookie` header, of any size.

    Args:
        interface: The session interface, which may be Quart's own.
        app: The app, whose `SESSION_COOKIE_*` settings apply.
        session: The session, which determines `Expires`.
        value: The cookie's value.
    """
    # Werkzeug looks at each character anew, which takes six times as long.
    if value.encode().translate(None, _SIGNED_CHARACTERS):
        value = dump_cookie('', value, path=None, max_size=0).removeprefix('=')
    start, end = _around_value(
        interface.get_cookie_name(app),
        expires=interface.get_expiration_time(app, session),
        **cookie_attributes(interface, app),
    )
    return f'{start}{value}{end}'


@lru_cache(maxsize=16)
def utc_time(seconds: int) -> datetime:
    """Return a time in UTC, which is given in seconds since 1970."""
    # The same object for all responses of a second knows its hash, with which a cache finds it.
    return datetime.fromtimestamp(seconds, UTC)


# Formatting takes longer than signing, and all responses of a second have the same attributes.
@lru_cache(maxsize=16, typed=True)
def _around_value(name: str, **attributes: Any) -> tuple[str, str]:
    """Return what is before and after the value in a `Set-Cookie` header."""
    start = dump_cookie(name, path=None)
    # Werkzeug would only warn. The caller refuses a cookie over the limit.
    return start, dump_cookie(name, max_size=0, **attributes).removeprefix(start)


def cookie_attributes(interface: quart_sessions.SessionInterface, app: Quart) -> dict[str, Any]:
    """Return the session cookie's attributes as arguments for Werkzeug's `dump_cookie`."""
    return {
        'domain': interface.get_cookie_domain(app),
        'httponly': interface.get_cookie_httponly(app),
        'partitioned': interface.get_cookie_partitioned(app),
        'path': interface.get_cookie_path(app),
        'samesite': interface.get_cookie_samesite(app),
        'secure': interface.get_cookie_secure(app),
    }


def vary_by_cookie(response: Response | WerkzeugResponse) -> None:
    """Add `Vary: Cookie`, so that no cache gives this response to another user."""
    fields = response.headers.getlist('Vary')
    if not fields:
        response.headers.add('Vary', 'Cookie')
        return
    # `response.vary.add` would lose the second of two Vary headers.
    vary = parse_set_header(', '.join(fields))
    vary.add('Cookie')
    response.headers['Vary'] = vary.to_header()
