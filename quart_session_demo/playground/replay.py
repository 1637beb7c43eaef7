"""The session cookie of a session that was cleared: the page can send it again.

The browser deletes the session's cookie. So the page stores its value in a cookie of its own.
"""

from quart import Response, request
from werkzeug.http import dump_cookie
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.playground.cookie_parts import shown_parts
from quart_session_demo.playground.language import refuse
from quart_session_demo.playground.long_text import shorten
from quart_session_demo.playground.notice import Notice
from quart_session_demo.playground.own_cookies import cookie_attributes, cookie_name
from quart_session_demo.playground.session_cookie import read_session

#: The cookie's name, after the session's prefix.
COOKIE_NAME = 'playground_old_session'
#: How long the cookie lasts, in seconds.
MAX_AGE = 600


def store_old_cookie(value: str, response: Response | WerkzeugResponse) -> None:
    """Set the cookie that stores the value of the session cookie."""
    name = cookie_name(COOKIE_NAME)
    # `response.set_cookie` warns about the size. Browsers limit the name and the value only.
    header = dump_cookie(name, value, max_age=MAX_AGE, max_size=0, **cookie_attributes())
    response.headers.add('Set-Cookie', header)


def old_cookie() -> str | None:
    """Return the value of the session cookie that the last cleared session had, if there is one."""
    return request.cookies.get(cookie_name(COOKIE_NAME)) or None


async def replay_old_cookie() -> Notice:
    """Return what the app reads from the old cookie."""
    value = old_cookie()
    if value is None:
        refuse(
            409,
            'There is no old cookie: clear a session first.',
            '没有旧的 cookie，请先清除 session。',
        )
    read = await read_session(value)
    return {
        'action': 'replay',
        'before': shown_parts(value),
        'read': shorten(repr(read)),
        'refused': not read,
    }
