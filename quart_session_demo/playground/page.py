"""The page, in English or Chinese: the session, its cookie and the outcome of the last action."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from quart import Quart, abort, current_app, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import dump_cookie

from quart_session_demo.playground.actions import ACTION_LINES
from quart_session_demo.playground.expiry import session_expiry
from quart_session_demo.playground.notice import Notice
from quart_session_demo.playground.session_cookie import (
    content_in_cookie,
    displayable,
    request_cookie,
)
from quart_session_demo.sessions import ServerSessionInterface, session_user
from quart_session_demo.sessions.base import cookie_attributes, permanent_by_default
from quart_session_demo.sessions.inspector import (
    InspectedCookie,
    NotASessionCookie,
    inspect_cookie,
)
from quart_session_demo.sessions.server.signing import is_signed_id

#: The attributes that the page lists even when they are not set.
ALWAYS_SHOWN = (
    'HttpOnly',
    'Secure',
    'SameSite',
)
#: The Chinese names of the errors that the page shows.
ERROR_NAMES = {
    400: '请求有误',
    403: '禁止访问',
    404: '未找到',
    408: '请求超时',
    409: '冲突',
    413: '内容过大',
}


def language() -> str | None:
    """Return the page's language: `zh` for `?lang=zh` in the address, None for English."""
    return 'zh' if request.args.get('lang') == 'zh' else None


def translate(english: str, chinese: str) -> str:
    """Return the text in the page's language."""
    return chinese if language() == 'zh' else english


def has_server_sessions(app: Quart) -> bool:
    """Return whether sessions can be bound to users, listed and ended."""
    return isinstance(app.session_interface, ServerSessionInterface)


def refuse(status: int, english: str, chinese: str) -> NoReturn:
    """Abort the request with an error, which the page shows."""
    abort(status, translate(english, chinese))


async def render(
    content: dict[str, Any],
    *,
    notice: Notice | None = None,
    error: HTTPException | None = None,
    form: Mapping[str, str] | None = None,
) -> str:
    """Return the page as HTML.

    Args:
        content: The content of the user's session.
        notice: What the last action did.
        error: Why the last action was refused. If there is a notice too, the action ran, but the
            session was not saved.
        form: The texts in the form; by default those in the notice.
    """
    app = current_app
    cookie = request_cookie()
    inspected, inspection_error = _inspect(cookie, app)
    saved = not (notice and error)
    by_default = permanent_by_default(app.session_interface, app)
    expiry = session_expiry(content, cookie, saved=saved) if content and cookie else None
    return await render_template(
        'playground.html',
        translate=translate,
        lang=language(),
        rows=[(repr(key), repr(value), type(value).__name__) for key, value in content.items()],
        permanent=bool(content.get('_permanent', by_default)),
        expiry=expiry,
        seconds=_seconds_until(expiry.expires_at) if expiry and expiry.expires_at else None,
        absolute=app.config.get('SESSION_ABSOLUTE_LIFETIME') is not None,
        in_cookie=content_in_cookie(),
        has_login=has_server_sessions(app),
        user=session_user() if has_server_sessions(app) else None,
        lists_sessions='session_pages.show' in app.view_functions,
        signed_id=is_signed_id(cookie or ''),
        cookie=displayable(cookie) if cookie else None,
        inspected=inspected,
        inspection_error=inspection_error,
        payload=json.dumps(inspected.tagged, separators=(',', ':')) if inspected else None,
        name=app.session_interface.get_cookie_name(app),
        attributes=_attributes(app),
        limit=app.config['MAX_COOKIE_SIZE'],
        lines=ACTION_LINES,
        notice=notice or {},
        error=error,
        error_names=ERROR_NAMES,
        # Werkzeug's own descriptions are not translated.
        in_english=error is not None and error.description == type(error).description,
        form=form or (notice or {}).get('form', {}),
    )


def _inspect(cookie: str | None, app: Quart) -> tuple[InspectedCookie | None, str | None]:
    if not cookie or not content_in_cookie():
        return None, None
    try:
        return inspect_cookie(cookie, app), None
    except NotASessionCookie as error:
        return None, str(error)


def _seconds_until(time: datetime) -> int:
    return max(0, int((time - datetime.now(UTC)).total_seconds()))


def _attributes(app: Quart) -> dict[str, str]:
    # Read from a header, because Werkzeug changes some attributes: Partitioned adds Secure.
    header = dump_cookie('any', **cookie_attributes(app.session_interface, app))
    _, *sent = header.split('; ')
    by_name = {attribute.partition('=')[0]: attribute for attribute in sent}
    return dict.fromkeys(ALWAYS_SHOWN, '') | by_name
