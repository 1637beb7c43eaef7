"""The message about the last action, which the page shows after the redirect.

It is stored in a separate cookie: the session must hold only what the user put into it, and the
address appears in logs and in the browser history. The cookie is signed, so nobody else can make
the page show a message. The address and the cookie's name contain the message's id, so each browser
tab shows and deletes only its own message.
"""

import secrets
from typing import TypedDict, cast

from itsdangerous import BadData, URLSafeTimedSerializer
from quart import Response, current_app, request
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.playground.long_text import MAX_LENGTH, shorten
from quart_session_demo.playground.own_cookies import cookie_attributes, cookie_name
from quart_session_demo.playground.session_cookie import displayable

#: The first part of the cookie's name, before the notice's id and after the session's prefix.
COOKIE_NAME = 'playground_notice_'
#: How long the cookie lasts, in seconds.
MAX_AGE = 60
#: The largest size of the cookie's value, in bytes. A larger notice loses the form's long texts.
MAX_NOTICE_SIZE = 2000


class Notice(TypedDict, total=False):
    """What the page reports about an action. All texts are shortened.

    Attributes:
        id: The notice's id.
        action: The action's name.
        form: The texts that the user typed into the form.
        key: The key that the action used.
        line: The Python line that was run.
        result: The value of the line's expression.
        set_cookies: The response's `Set-Cookie` headers.
        before: The parts of the cookie that was altered or replayed.
        after: The parts of the altered copy.
        signed_at: When the altered copy was signed, in seconds since 1970.
        read: What the app read from the altered copy, or from the replayed cookie.
        refused: Whether the app refused it.
    """

    id: str
    action: str
    form: dict[str, str]
    key: str
    line: str
    result: str | None
    set_cookies: list[str]
    before: list[str]
    after: list[str]
    signed_at: int
    read: str
    refused: bool


def new_id() -> str:
    """Return a random id for a notice."""
    return secrets.token_urlsafe(6)


def shorten_cookie(header: str) -> str:
    """Return a `Set-Cookie` header with its value shortened; a session id is hidden."""
    pair, separator, attributes = header.partition('; ')
    name, _, value = pair.partition('=')
    return shorten(f'{name}={displayable(value)}') + separator + attributes


def store_notice(notice: Notice, response: Response | WerkzeugResponse) -> None:
    """Set the cookie that stores a notice for the next page."""
    value = str(_serializer().dumps(notice))
    if len(value) > MAX_NOTICE_SIZE:
        short = {name: text for name, text in notice['form'].items() if len(text) <= MAX_LENGTH}
        value = str(_serializer().dumps({**notice, 'form': short}))
    response.set_cookie(
        cookie_name(COOKIE_NAME + notice['id']), value, max_age=MAX_AGE, **cookie_attributes()
    )


def read_notice() -> Notice | None:
    """Return the notice whose id is in the request's address."""
    # Quart's test client sends the #fragment of a redirect as well.
    notice_id, _, _ = request.args.get('notice', '').partition('#')
    value = request.cookies.get(cookie_name(COOKIE_NAME + notice_id), '')
    try:
        notice: Notice = _serializer().loads(value, max_age=MAX_AGE)
    except BadData:
        return None
    return notice


def delete_notice(notice: Notice, response: Response | WerkzeugResponse) -> None:
    """Delete the cookie that stores a notice."""
    response.delete_cookie(cookie_name(COOKIE_NAME + notice['id']), **cookie_attributes())


def _serializer() -> URLSafeTimedSerializer:
    key = cast(str | bytes, current_app.secret_key)
    return URLSafeTimedSerializer(key, salt='playground-notice')
