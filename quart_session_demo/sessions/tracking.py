"""The session that records whether a request read or changed it."""

from collections.abc import Callable, KeysView
from functools import wraps
from logging import Logger
from typing import Any, cast

from flask.sessions import SecureCookieSession, SessionMixin
from quart import session

from quart_session_demo.sessions.limits import SaveRefusal

#: The warning about a change that is too late to be stored.
LATE_CHANGE = (
    'A change of the session is lost: change it before the response is finished, or before the '
    'websocket is accepted'
)


class _HiddenContent:
    """The only value in a session that was not used yet; it cannot be converted to a string."""

    def __repr__(self) -> str:
        raise TypeError('The session was not used yet: convert it with dict(session)')


#: What a session that was not used yet contains. The key is not valid Unicode, so that an encoder
#: fails. It would give any other type to a function of the app, which may return anything for it.
_PLACEHOLDER: dict[str, Any] = {'\ud800': _HiddenContent()}


class TrackedSession(SecureCookieSession):
    """Flask's session, which also records whether the request read or changed it.

    JSON encoders written in C, such as orjson, read a dict without calling its methods. The content
    is therefore outside the dict until the first use: such a read fails, and is not missed.
    """

    #: Whether a session without `session.permanent` is permanent (`SESSION_PERMANENT`).
    permanent_by_default = False
    #: Whether this request may extend the session; see `do_not_extend_session`.
    may_extend = True
    #: Whether the headers of the response were sent: those of a websocket's handshake or, with a
    #: session on a server, those of a stream. After that no cookie can be set.
    headers_sent = False
    #: Whether a websocket was refused because the session could not be saved. Nothing is stored.
    handshake_refused = False
    #: Why the session was not stored, once the response is finished.
    refusal: SaveRefusal | None = None
    #: Why the session cannot be saved, as the log reports it.
    save_error: str | None = None
    #: Where to report a change, because it is too late to be stored; None while it can be stored.
    late_change_log: Logger | None = None
    #: Whether the log reports that a change is lost. One line for a request is enough.
    loss_logged = False

    _accessed = False
    _modified = False

    def __init__(self, initial: Any = None) -> None:
        """Make a session that was not used yet.

        Args:
            initial: Its content.
        """
        super().__init__()
        self._hidden: dict[str, Any] | None = dict(initial or ())
        dict.update(self, _PLACEHOLDER)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Track the methods that a subclass overrides, which may call those of `dict`."""
        super().__init_subclass__(**kwargs)
        for name in _TRACKED_METHODS:
            if name in vars(cls):
                setattr(cls, name, _tracked(vars(cls)[name]))

    @property
    def accessed(self) -> bool:
        """Whether the request read or changed the session; False can be assigned, as in Flask.

        Quart 0.23 assigns True to each session before it is saved, so True has no effect.
        """
        return self._accessed

    @accessed.setter
    def accessed(self, value: bool) -> None:
        self._accessed = self._accessed and value

    @property
    def modified(self) -> bool:
        """Whether the session changed; to be assigned after a change inside a value."""
        return self._modified

    @modified.setter
    def modified(self, value: bool) -> None:
        self._modified = value
        if value:
            self._accessed = True
            if self.late_change_log is not None:
                self.log_loss(self.late_change_log)

    @property
    def permanent(self) -> bool:
        """Whether the browser stores the cookie after it closes, as in Flask."""
        return bool(self.get('_permanent', self.permanent_by_default))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self['_permanent'] = bool(value)

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes of a copy, whose changes are not stored and never late."""
        self.mark_used()
        return {**vars(self), 'late_change_log': None}

    def log_loss(self, log: Logger, message: str = LATE_CHANGE) -> None:
        """Report that a change is lost, unless that was reported before."""
        if not self.loss_logged:
            self.loss_logged = True
            log.warning(message)

    @property
    def is_hidden(self) -> bool:
        """Whether nothing has read or changed the content yet."""
        return self._hidden is not None

    def mark_used(self) -> None:
        """Record a use of the session, before it happens."""
        self._accessed = True
        if self._hidden is not None:
            content, self._hidden = self._hidden, None
            dict.clear(self)
            dict.update(self, content)

    @property
    def untracked_keys(self) -> KeysView[str]:
        """The keys of the content, which do not count as a use."""
        return dict.keys(self._content)

    @property
    def _content(self) -> dict[str, Any]:
        # Only the methods of `dict` itself record no use.
        return self if self._hidden is None else self._hidden

    @property
    def is_permanent(self) -> bool:
        """The same as `permanent`, which does not count as a use."""
        return bool(dict.get(self._content, '_permanent', self.permanent_by_default))

    def untracked_content(self) -> dict[str, Any]:
        """Return a copy of the content, which does not count as a use."""
        # `dict.copy` would call a tracked method for each key.
        return dict(dict.items(self._content))


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


def current_session() -> SessionMixin:
    """Return the session of the current request itself, and not Quart's proxy."""
    return cast(SessionMixin, cast(Any, session)._get_current_object())
