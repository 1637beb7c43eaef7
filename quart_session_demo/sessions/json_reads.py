"""Notice that an encoder writes a session to JSON without calling one of its methods."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2 import Template
from quart import Quart, has_request_context, has_websocket_context

from quart_session_demo.sessions.tracking import TrackedSession, current_session


def watch_json(app: Quart) -> None:
    """Let `app.json` write a session that was not used yet.

    Args:
        app: The app, whose `json` may have been replaced since the last call.
    """
    # A provider's `response` need not call its `dumps`.
    for name in ('dumps', 'response'):
        method = getattr(app.json, name)
        if not hasattr(method, 'notices_sessions'):
            # Not with `setattr`, which a class may forbid: no request would work.
            vars(app.json)[name] = _noticing(method)


def watch_tojson(app: Quart, template: Template, **_: Any) -> None:
    """Let the filter `tojson` read a session that was not used yet, before a template is rendered.

    The filter of an app may call another function than `app.json.dumps`. Jinja's own filter calls
    the one of the time when the environment was made.
    """
    filters = template.environment.filters
    tojson = filters.get('tojson')
    if (
        tojson is not None
        and not hasattr(tojson, 'notices_sessions')
        and _unused_session() is not None
    ):
        filters['tojson'] = _noticing(tojson)


def _noticing(encode: Callable[..., Any]) -> Callable[..., Any]:
    # `wraps` also copies the attribute with which Jinja marks a filter that gets its context.
    @wraps(encode)
    def encode_used(*args: Any, **kwargs: Any) -> Any:
        try:
            return encode(*args, **kwargs)
        except Exception:
            unused = _unused_session()
            if unused is None:
                raise
        # The encoder may have read the session, whose content was still hidden.
        unused.mark_used()
        return encode(*args, **kwargs)

    encode_used.notices_sessions = True  # type: ignore[attr-defined]
    return encode_used


def _unused_session() -> TrackedSession | None:
    if not (has_request_context() or has_websocket_context()):
        return None
    current = current_session()
    return current if isinstance(current, TrackedSession) and current.is_hidden else None
