"""The outcome of an action, which is known only after the session is saved."""

from typing import Any

from quart import Quart, Response, g, request, session
from werkzeug.exceptions import RequestEntityTooLarge, ServiceUnavailable
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.playground.errors import render_unavailable
from quart_session_demo.playground.language import translate
from quart_session_demo.playground.notice import shorten_cookie, store_notice
from quart_session_demo.playground.page import render
from quart_session_demo.playground.replay import store_old_cookie
from quart_session_demo.playground.session_cookie import read_session, request_cookie
from quart_session_demo.sessions.limits import CONTENT_LIMIT, STORED_LIMIT, SaveRefusal
from quart_session_demo.sessions.server.unavailable import DETAIL
from quart_session_demo.sessions.tracking import TrackedSession

#: The Chinese sentence about a refused save, by the name of the setting with the limit.
REFUSALS = {
    'MAX_COOKIE_SIZE': 'session 的 cookie 会达到 {size} 字节，上限是 {limit} 字节。',
    CONTENT_LIMIT: 'session 在压缩前会达到 {size} 字节，上限是 {limit} 字节。',
    STORED_LIMIT: 'session 会达到 {size} 字节，上限是 {limit} 字节。',
}


async def record_outcome(app: Quart, response: Response | WerkzeugResponse, **_: Any) -> None:
    """Add the outcome of an action to the response, which already has its `Set-Cookie` headers."""
    if response.status_code == 503 and request.blueprint == 'playground':
        body = response.get_data(as_text=True)
        text = body if isinstance(body, str) else await body
        # A client may have asked for JSON. A 503 of the app itself has another text.
        if response.mimetype == 'text/html' and DETAIL in text:
            response.set_data(await render_unavailable())
        return
    if 'notice' not in g:
        return
    refusal = session.refusal if isinstance(session, TrackedSession) else None
    if refusal is not None:
        await _show_refused_save(refusal, response)
    elif response.status_code == 303:
        headers = response.headers.getlist('Set-Cookie')
        g.notice['set_cookies'] = [shorten_cookie(header) for header in headers]
        store_notice(g.notice, response)
        cookie = request_cookie()
        if g.cleared and cookie:
            store_old_cookie(cookie, response)


async def _show_refused_save(refusal: SaveRefusal, response: Response | WerkzeugResponse) -> None:
    if response.mimetype != 'text/html':
        return
    chinese = REFUSALS[refusal.setting].format(size=refusal.size, limit=refusal.limit)
    error = RequestEntityTooLarge(translate(str(refusal), chinese))
    cookie = request_cookie()
    try:
        stored = await read_session(cookie) if cookie else {}
    except ServiceUnavailable:
        # The store has failed since. The response has a page for the refused save.
        return
    response.set_data(await render(stored, notice=g.notice, error=error, form=g.form))
