"""What the page shows of a session and of the cookie it came with."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask.sessions import session_json_serializer
from quart import Quart, current_app, render_template
from werkzeug.exceptions import HTTPException

from quart_session_demo.playground.actions import LINES
from quart_session_demo.playground.language import language, t
from quart_session_demo.playground.notice import Notice
from quart_session_demo.playground.session_reader import cookie_sent, in_cookie
from quart_session_demo.sessions.cookie_inspector import (
    InspectedCookie,
    NotASessionCookie,
    inspect_cookie,
)


async def render(
    content: dict[str, Any],
    *,
    notice: Notice | None = None,
    error: HTTPException | None = None,
    form: Mapping[str, str] | None = None,
) -> str:
    """Return the page.

    Args:
        content: What is in the visitor's session.
        notice: What the last action did.
        error: Why the last action was refused.
        form: What is in the form already.
    """
    app = current_app
    cookie = cookie_sent()
    inspected, refusal = _inspect(cookie, app)
    permanent = bool(content.get('_permanent'))
    now = datetime.now(UTC)
    ends_at = _ends_at(app, inspected, permanent, now) if content else None
    return await render_template(
        'playground.html',
        t=t,
        lang=language(),
        rows=[(repr(key), repr(value), type(value).__name__) for key, value in content.items()],
        permanent=permanent,
        renewed=_is_renewed(app, permanent),
        ends_at=ends_at,
        seconds=int((ends_at - now).total_seconds()) if ends_at else None,
        in_cookie=in_cookie(),
        cookie=cookie,
        inspected=inspected,
        refusal=refusal,
        payload=session_json_serializer.dumps(inspected.payload) if inspected else None,
        name=app.session_interface.get_cookie_name(app),
        attributes=_attributes(app),
        limit=app.config['MAX_COOKIE_SIZE'],
        lines=LINES,
        notice=notice or {},
        error=error,
        form=form or {},
    )


def _inspect(cookie: str | None, app: Quart) -> tuple[InspectedCookie | None, str | None]:
    if not cookie or not in_cookie():
        return None, None
    try:
        return inspect_cookie(cookie, app), None
    except NotASessionCookie as error:
        return None, str(error)


def _is_renewed(app: Quart, permanent: bool) -> bool:
    refreshed = permanent and app.config['SESSION_REFRESH_EACH_REQUEST']
    return bool(refreshed) or not in_cookie()


def _ends_at(
    app: Quart, inspected: InspectedCookie | None, permanent: bool, now: datetime
) -> datetime:
    if inspected and not _is_renewed(app, permanent):
        return inspected.expires_at
    return now.replace(microsecond=0) + app.permanent_session_lifetime


def _attributes(app: Quart) -> dict[str, Any]:
    interface = app.session_interface
    return {
        'HttpOnly': interface.get_cookie_httponly(app),
        'Secure': interface.get_cookie_secure(app),
        'SameSite': interface.get_cookie_samesite(app),
        'Path': interface.get_cookie_path(app),
        'Domain': interface.get_cookie_domain(app),
        'Partitioned': interface.get_cookie_partitioned(app),
    }
