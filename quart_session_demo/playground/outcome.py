"""The outcome of an action, which is known only after the session is saved."""

from typing import Any

from quart import Quart, Response, g, session
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.playground.notice import shorten, shorten_cookie, store_notice
from quart_session_demo.playground.page import render, translate
from quart_session_demo.playground.session_cookie import read_session, request_cookie
from quart_session_demo.sessions.limits import CONTENT_LIMIT, STORED_LIMIT, SaveRefusal
from quart_session_demo.sessions.tracking import TrackedSession

#: The Chinese sentence about a refused save, by the name of the setting with the limit.
REFUSALS = {
    'MAX_COOKIE_SIZE': 'session 的 cookie 会达到 {size} 字节，上限是 {limit} 字节。',
    CONTENT_LIMIT: 'session 在压缩前会达到 {size} 字节，上限是 {limit} 字节。',
    STORED_LIMIT: 'session 会达到 {size} 字节，上限是 {limit} 字节。',
}


async def record_outcome(app: Quart, response: Response | WerkzeugResponse, **_: Any) -> None:
    """Add the outcome of an action to the response, which already has its `Set-Cookie` headers."""
    if 'notice' not in g:
        return
    refusal = session.refusal if isinstance(session, TrackedSession) else None
    if refusal is not None:
        await _show_refused_save(refusal, response)
    elif response.status_code == 303:
        headers = response.headers.getlist('Set-Cookie')
        g.notice['set_cookies'] = [shorten_cookie(header) for header in headers]
        cookie = request_cookie()
        if g.cleared and cookie:
            g.notice['replayed'] = shorten(repr(await read_session(cookie)))
        store_notice(g.notice, response)


async def _show_refused_save(refusal: SaveRefusal, response: Response | WerkzeugResponse) -> None:
    # A client may have asked for JSON.
    if response.mimetype != 'text/html':
        return
    chinese = REFUSALS[refusal.setting].format(size=refusal.size, limit=refusal.limit)
    error = RequestEntityTooLarge(translate(str(refusal), chinese))
    cookie = request_cookie()
    stored = await read_session(cookie) if cookie else {}
    response.set_data(await render(stored, notice=g.notice, error=error, form=g.form))
