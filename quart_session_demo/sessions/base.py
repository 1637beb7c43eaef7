"""The base classes of our session interfaces and their sessions."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Any, Literal, cast

from flask.sessions import SecureCookieSession, SessionMixin
from quart import Quart, Response, current_app, session
from quart import sessions as quart_sessions
from quart.wrappers import Websocket
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.http import dump_cookie, parse_set_header
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.sessions.limits import SaveRefusal

#: How many session cookies of one request are tried.
MAX_COOKIES = 5


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


class TrackedSession(SecureCookieSession):
    """Flask's session, which also records whether the request read or wrote it.

    Flask's own attribute `accessed` cannot be used: Quart 0.22 never sets it and 0.23 always does.
    """

    #: Whether the request read or wrote the session.
    was_used = False
    #: Whether a websocket's handshake response was sent. After that no cookie can be set.
    headers_sent = False
    #: Why the session was not stored, once the response is finished.
    refusal: SaveRefusal | None = None

    def mark_used(self) -> None:
        """Record a use of the session, before it happens."""
        self.was_used = True


def _tracked(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def track(self: TrackedSession, *args: Any, **kwargs: Any) -> Any:
        self.mark_used()
        return method(self, *args, **kwargs)

    return track


# `__bool__` calls `__len__`; `permanent` calls `get` and `__setitem__`.
_TRACKED_METHODS = (
    '__contains__',
    '__delitem__',
    '__eq__',
    '__getitem__',
    '__ior__',
    '__iter__',
    '__len__',
    '__ne__',
    '__or__',
    '__repr__',
    '__reversed__',
    '__ror__',
    '__setitem__',
    'clear',
    'copy',
    'get',
    'items',
    'keys',
    'pop',
    'popitem',
    'setdefault',
    'update',
    'values',
)
for _name in _TRACKED_METHODS:
    setattr(TrackedSession, _name, _tracked(getattr(TrackedSession, _name)))


def track_accept(websocket: Websocket, session: TrackedSession) -> None:
    """Set `session.headers_sent` when a websocket is accepted."""
    # `send` and `receive` call this too.
    accept = websocket.accept

    @wraps(accept)
    async def accept_and_record(*args: Any, **kwargs: Any) -> None:
        session.headers_sent = True
        await accept(*args, **kwargs)

    websocket.accept = accept_and_record  # type: ignore[method-assign]


class SessionInterface(quart_sessions.SessionInterface, ABC):
    """A session interface with all that the app, its pages and its commands need."""

    #: Whether the cookie holds the session's content, and not only an id.
    content_in_cookie: bool

    @abstractmethod
    async def regenerate(self, session: SessionMixin) -> None:
        """Give a session a new id; `regenerate_session` describes when, and what it raises."""

    @abstractmethod
    async def is_ready(self) -> bool:
        """Return whether sessions can be read and stored now."""

    @abstractmethod
    async def store_findings(self) -> list[Finding]:
        """Check the store, and return what is unsafe about it."""

    @abstractmethod
    def expires_at(self, app: Quart, session: SessionMixin) -> datetime | None:
        """Return when the session expires if it is not used again, or None if that is unknown."""

    def delete_cookie(self, app: Quart, response: Response | WerkzeugResponse) -> None:
        """Add a `Set-Cookie` header that deletes the session cookie."""
        response.delete_cookie(self.get_cookie_name(app), **cookie_attributes(self, app))


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
    return dump_cookie(
        interface.get_cookie_name(app),
        value,
        expires=interface.get_expiration_time(app, session),
        # Werkzeug would only warn. The caller refuses a cookie over the limit.
        max_size=0,
        **cookie_attributes(interface, app),
    )


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
        response.headers['Vary'] = 'Cookie'
        return
    # `response.vary.add` would lose the second of two Vary headers.
    vary = parse_set_header(', '.join(fields))
    vary.add('Cookie')
    response.headers['Vary'] = vary.to_header()


async def regenerate_session() -> None:
    """Give the current session a new id, as a login must (OWASP ASVS 5.0, 7.2.4).

    Call it in a login view, before or after the view writes the user into the session, and again
    where the user gets more rights. The content does not change. The old id is invalid after this
    call: an attacker who knows it gains nothing. If the connection breaks after the call, the user
    has to log in again. A cookie session has no id, so the call does nothing there.

    Raises:
        ServiceUnavailable: The store does not respond. Nothing of this request is stored.
        RuntimeError: In a websocket, which cannot set a cookie with the new id.
        AttributeError: The app's session interface does not belong to this package.
    """
    # Quart's own interfaces have no such method. The error shows that the login keeps its old id.
    interface = cast(SessionInterface, current_app.session_interface)
    await interface.regenerate(cast(Any, session)._get_current_object())
