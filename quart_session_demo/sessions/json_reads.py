"""Notice that a template writes a session to JSON with an encoder that calls no method."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2 import Template
from quart import Quart, has_request_context, session

from quart_session_demo.sessions.tracking import TrackedSession


def watch_tojson(app: Quart, template: Template, **_: Any) -> None:
    """Replace the filter `tojson` before a template of an app with our sessions is rendered.

    Only a template receives the session itself. `jsonify` receives Quart's proxy, which no encoder
    can write, as in Flask.
    """
    filters = template.environment.filters
    tojson = filters.get('tojson')
    if (
        tojson is not None
        and not hasattr(tojson, 'notices_sessions')
        and _unused_session() is not None
    ):
        filters['tojson'] = _noticing(tojson)


def _noticing(tojson: Callable[..., Any]) -> Callable[..., Any]:
    # `wraps` also copies the attribute with which Jinja marks a filter that gets its context.
    @wraps(tojson)
    def encode(*args: Any, **kwargs: Any) -> Any:
        try:
            return tojson(*args, **kwargs)
        except TypeError:
            unused = _unused_session()
            if unused is None:
                raise
            # The encoder may have read the session, whose content was still hidden.
            unused.mark_used()
            return tojson(*args, **kwargs)

    encode.notices_sessions = True  # type: ignore[attr-defined]
    return encode


def _unused_session() -> TrackedSession | None:
    if not has_request_context():
        return None
    current = session._get_current_object()  # type: ignore[attr-defined]
    return current if isinstance(current, TrackedSession) and current.is_hidden else None
