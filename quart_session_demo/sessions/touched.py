"""A session that notices whether it was used."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask.sessions import SecureCookieSession


class TouchedSession(SecureCookieSession):
    """Flask's session, which notices each way of reading or writing it.

    Flask's own mark, `accessed`, cannot serve: Quart 0.22 never sets it and 0.23 always does.
    """

    touched = False
    # Of a websocket: whether no response can set a cookie any more.
    too_late = False

    def touch(self) -> None:
        """Take note of a use, before it happens."""
        self.touched = True


def _noticed(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def touch(self: TouchedSession, *args: Any, **kwargs: Any) -> Any:
        self.touch()
        return method(self, *args, **kwargs)

    return touch


# __bool__ is __len__'s, `permanent` is get's and __setitem__'s.
for _name in (
    *('__getitem__', '__setitem__', '__delitem__', '__contains__', '__iter__', '__len__'),
    *('__eq__', '__ne__', '__or__', '__ror__', '__ior__', '__repr__', '__reversed__'),
    *('clear', 'copy', 'get', 'items', 'keys', 'pop', 'popitem', 'setdefault', 'update', 'values'),
):
    setattr(TouchedSession, _name, _noticed(getattr(TouchedSession, _name)))
