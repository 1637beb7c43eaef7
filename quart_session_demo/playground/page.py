"""What the page shows of a session and of the cookie it came with."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from quart import Quart, current_app, render_template
from werkzeug.exceptions import HTTPException
from werkzeug.http import dump_cookie

from quart_session_demo.playground.actions import LINES
from quart_session_demo.playground.end import find_end
from quart_session_demo.playground.language import ERROR_NAMES, language, t
from quart_session_demo.playground.notice import Notice
from quart_session_demo.playground.session_reader import cookie_sent, in_cookie, showable
from quart_session_demo.sessions.base import cookie_attributes
from quart_session_demo.sessions.inspector import (
    InspectedCookie,
    NotASessionCookie,
    inspect_cookie,
)

# Attributes of which the page also says that they are not set.
ALWAYS_TOLD = ('HttpOnly', 'Secure', 'SameSite')


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
        form: What is in the form already, if not the notice's.
    """
    app = current_app
    cookie = cookie_sent()
    inspected, refusal = _inspect(cookie, app)
    # With both, the session was not saved.
    saved = not (notice and error)
    end = find_end(content, cookie, saved=saved) if content and cookie else None
    return await render_template(
        'playground.html',
        t=t,
        lang=language(),
        rows=[(repr(key), repr(value), type(value).__name__) for key, value in content.items()],
        permanent=bool(content.get('_permanent')),
        end=end,
        seconds=_seconds_until(end.ends_at) if end and end.ends_at else None,
        absolute=app.config.get('SESSION_ABSOLUTE_LIFETIME') is not None,
        in_cookie=in_cookie(),
        cookie=showable(cookie) if cookie else None,
        inspected=inspected,
        refusal=refusal,
        payload=json.dumps(inspected.tagged, separators=(',', ':')) if inspected else None,
        name=app.session_interface.get_cookie_name(app),
        attributes=_attributes(app),
        limit=app.config['MAX_COOKIE_SIZE'],
        lines=LINES,
        notice=notice or {},
        error=error,
        error_names=ERROR_NAMES,
        # Werkzeug's own words, and not ours.
        in_english=error is not None and error.description == type(error).description,
        form=form or (notice or {}).get('form', {}),
    )


def _inspect(cookie: str | None, app: Quart) -> tuple[InspectedCookie | None, str | None]:
    if not cookie or not in_cookie():
        return None, None
    try:
        return inspect_cookie(cookie, app), None
    except NotASessionCookie as error:
        return None, str(error)


def _seconds_until(time: datetime) -> int:
    return max(0, int((time - datetime.now(UTC)).total_seconds()))


def _attributes(app: Quart) -> dict[str, str]:
    # As they are sent, for Werkzeug changes some: Partitioned brings Secure.
    header = dump_cookie('any', **cookie_attributes(app.session_interface, app))
    _, *sent = header.split('; ')
    by_name = {attribute.partition('=')[0]: attribute for attribute in sent}
    return dict.fromkeys(ALWAYS_TOLD, '') | by_name
