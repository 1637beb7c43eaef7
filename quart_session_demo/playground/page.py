"""The page: the session, its cookie and the outcome of the last action."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from quart import current_app, render_template, request
from werkzeug.exceptions import HTTPException

from quart_session_demo.playground.actions import ACTION_LINES
from quart_session_demo.playground.attributes import sent_attributes
from quart_session_demo.playground.cookie_parts import compare_parts
from quart_session_demo.playground.expiry import duration, session_expiry
from quart_session_demo.playground.guide import STEPS, key_to_read, next_step
from quart_session_demo.playground.language import language_context
from quart_session_demo.playground.long_text import MAX_BEGINNING, MAX_LENGTH
from quart_session_demo.playground.notice import Notice
from quart_session_demo.playground.offered import offered_actions
from quart_session_demo.playground.replay import old_cookie
from quart_session_demo.playground.session_cookie import (
    content_in_cookie,
    has_server_sessions,
    request_cookie,
)
from quart_session_demo.playground.shown_cookie import show_cookie
from quart_session_demo.sessions import session_user
from quart_session_demo.sessions.base import permanent_by_default
from quart_session_demo.sessions.server.signing import is_signed_id

#: The Chinese names of the errors that the page shows.
ERROR_NAMES = {
    400: '请求有误',
    404: '未找到',
    408: '请求超时',
    409: '冲突',
    413: '内容过大',
}
#: The number of keys that the page shows at once.
MAX_ROWS = 20
#: The number of characters of keys and values that the page shows at once.
MAX_TABLE_LENGTH = 1000
#: The hosts on which plain http is safe, because the request does not leave the machine.
LOCAL_HOSTS = (
    'localhost',
    '127.0.0.1',
    '[::1]',
)


async def render(
    content: dict[str, Any],
    *,
    notice: Notice | None = None,
    error: HTTPException | None = None,
    line: str | None = None,
    form: Mapping[str, str] | None = None,
) -> str:
    """Return the page as HTML.

    Args:
        content: The content of the user's session.
        notice: What the last action did.
        error: Why the last action was refused. If there is a notice too, the action ran, but the
            session was not saved.
        line: The line of Python that ran or failed; by default that in the notice.
        form: The texts in the form; by default those in the notice.
    """
    app = current_app
    cookie = request_cookie()
    saved = not (notice and error)
    by_default = permanent_by_default(app.session_interface, app)
    permanent = bool(content.get('_permanent', by_default))
    expiry = session_expiry(content, cookie, saved=saved) if content and cookie else None
    notice = notice or {}
    offered = offered_actions(
        content, cookie, permanent=permanent, has_old_cookie=old_cookie() is not None
    )
    before, after = notice.get('before', []), notice.get('after', [])
    key = key_to_read(content, notice.get('key'))
    rows = [(repr(key), repr(value), type(value).__name__) for key, value in content.items()]
    return await render_template(
        'playground/page.html',
        **language_context(),
        rows=rows,
        max_rows=_count_shown(rows),
        permanent=permanent,
        expiry=expiry,
        seconds=_seconds_until(expiry.expires_at) if expiry and expiry.expires_at else None,
        lifetime=duration(int(app.permanent_session_lifetime.total_seconds())),
        absolute=app.config.get('SESSION_ABSOLUTE_LIFETIME') is not None,
        in_cookie=content_in_cookie(),
        has_login=has_server_sessions(),
        user=session_user() if has_server_sessions() else None,
        has_lesson='lesson.index' in app.view_functions,
        lists_sessions='session_pages.show' in app.view_functions,
        cookie=show_cookie(cookie) if cookie else None,
        signed_id=is_signed_id(cookie or ''),
        name=app.session_interface.get_cookie_name(app),
        attributes=sent_attributes(),
        is_https=request.is_secure,
        is_local=_is_local(request.host),
        limit=app.config['MAX_COOKIE_SIZE'],
        max_length=MAX_LENGTH,
        max_beginning=MAX_BEGINNING,
        offered=offered,
        lines=ACTION_LINES,
        steps=STEPS,
        step=next_step(content, notice.get('action'), offered),
        key_to_read=key or '',
        line_to_read=ACTION_LINES['get'].format(key=repr(key)),
        notice=notice,
        before=compare_parts(before, after),
        after=compare_parts(after, before),
        signed_at=datetime.fromtimestamp(notice.get('signed_at', 0), UTC),
        line=line or notice.get('line'),
        error=error,
        error_names=ERROR_NAMES,
        # Werkzeug's own descriptions are not translated.
        in_english=error is not None and error.description == type(error).description,
        form=form or notice.get('form', {}),
    )


def _count_shown(rows: Sequence[tuple[str, str, str]]) -> int:
    """Return how many rows the page shows at once; the others are folded."""
    lengths = (sum(min(len(text), MAX_BEGINNING) for text in row) for row in rows[:MAX_ROWS])
    return max(1, sum(total <= MAX_TABLE_LENGTH for total in accumulate(lengths)))


def _seconds_until(time: datetime) -> int:
    return max(0, int((time - datetime.now(UTC)).total_seconds()))


def _is_local(host: str) -> bool:
    # Without the port. An IPv6 address has colons, too.
    name = re.sub(r':\d*$', '', host.lower())
    return name in LOCAL_HOSTS or name.endswith('.localhost')
