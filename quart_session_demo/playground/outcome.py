"""What became of an action, known only once the session is saved."""

import re
from html import unescape
from typing import Any

from quart import Quart, Response, g
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.playground import notice
from quart_session_demo.playground.language import t
from quart_session_demo.playground.page import render
from quart_session_demo.playground.session_reader import cookie_sent, read_session


async def tell(app: Quart, response: Response | WerkzeugResponse, **_: Any) -> None:
    """Tell what an action did, once the session is saved and so its `Set-Cookie` is known."""
    if 'notice' not in g:
        return
    if response.status_code == 413:
        await _show_refused_save(response)
    elif response.status_code == 303:
        g.notice['set_cookies'] = [
            notice.shorten_cookie(header) for header in response.headers.getlist('Set-Cookie')
        ]
        cookie = cookie_sent()
        if g.cleared and cookie:
            g.notice['replayed'] = notice.shorten(repr(await read_session(cookie)))
        notice.leave(g.notice, response)


async def _show_refused_save(response: Response | WerkzeugResponse) -> None:
    """Show the session interface's own words on the page, over the session that stayed."""
    if not isinstance(response, Response) or response.mimetype != 'text/html':
        return
    words = (await response.get_data(as_text=True)).partition('<p>')[2].partition('</p>')[0]
    size, limit = re.findall('[0-9]+', words)
    chinese = f'session 的 cookie 将有 {size} 字节，上限是 {limit} 字节。'
    error = RequestEntityTooLarge(t(unescape(words), chinese))
    cookie = cookie_sent()
    kept = await read_session(cookie) if cookie else {}
    response.set_data(await render(kept, notice=g.notice, error=error, form=g.form))
