"""The message about the last action, which the page shows after the redirect.

It is stored in a separate cookie: the session must hold only what the user put into it, and the
address appears in logs and in the browser history. The cookie is signed, so nobody else can make
the page show a message. The address and the cookie's name contain the message's id, so each browser
tab shows and deletes only its own message.
"""

import re
import secrets
from typing import Any, TypedDict, cast

from itsdangerous import BadData, URLSafeTimedSerializer
from quart import Response, current_app, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.playground.session_cookie import displayable

#: The first part of the cookie's name, before the notice's id and after the session's prefix.
COOKIE_NAME = 'playground_notice_'
#: How long the cookie lasts, in seconds.
MAX_AGE = 60
#: The largest number of characters of a text in a notice.
MAX_TEXT_LENGTH = 120
#: The largest size of the cookie's value, in bytes. A larger notice loses the form's texts.
MAX_NOTICE_SIZE = 2000


class Notice(TypedDict, total=False):
    """What the page reports about an action. All texts are shortened.

    Attributes:
        id: The notice's id.
        action: The action's name.
        form: The texts that the user typed into the form.
        line: The Python line that was run.
        result: The value of the line's expression.
        altered: The altered copy of the cookie.
        read: What the app read from the altered copy.
        refused: Whether the app refused the altered copy.
        set_cookies: The response's `Set-Cookie` headers.
        replayed: What the app read from the old cookie after the session was cleared.
    """

    id: str
    action: str
    form: dict[str, str]
    line: str
    result: str | None
    altered: str
    read: str
    refused: bool
    set_cookies: list[str]
    replayed: str


def new_id() -> str:
    """Return a random id for a notice."""
    return secrets.token_urlsafe(6)


def shorten(text: str) -> str:
    """Return the text, with its middle cut out if it is long."""
    if len(text) <= MAX_TEXT_LENGTH:
        return text
    return f'{text[: MAX_TEXT_LENGTH * 3 // 4]}…{text[-MAX_TEXT_LENGTH // 4 :]}'


def shorten_cookie(header: str) -> str:
    """Return a `Set-Cookie` header with its value shortened; a session id is hidden."""
    pair, separator, attributes = header.partition('; ')
    name, _, value = pair.partition('=')
    return shorten(f'{name}={displayable(value)}') + separator + attributes


def store_notice(notice: Notice, response: Response | WerkzeugResponse) -> None:
    """Set the cookie that stores a notice for the next page."""
    value = str(_serializer().dumps(notice))
    if len(value) > MAX_NOTICE_SIZE:
        value = str(_serializer().dumps({**notice, 'form': {}}))
    response.set_cookie(_cookie_name(notice['id']), value, max_age=MAX_AGE, **_cookie_attributes())


def read_notice() -> Notice | None:
    """Return the notice whose id is in the request's address."""
    # Quart's test client sends the #fragment of a redirect as well.
    notice_id, _, _ = request.args.get('notice', '').partition('#')
    value = request.cookies.get(_cookie_name(notice_id), '')
    try:
        notice: Notice = _serializer().loads(value, max_age=MAX_AGE)
    except BadData:
        return None
    return notice


def delete_notice(notice: Notice, response: Response | WerkzeugResponse) -> None:
    """Delete the cookie that stores a notice."""
    response.delete_cookie(_cookie_name(notice['id']), **_cookie_attributes())


def _cookie_name(notice_id: str) -> str:
    return _session_prefix() + COOKIE_NAME + notice_id


def _session_prefix() -> str:
    # Browsers ignore the case of the prefix (RFC 6265bis, 4.1.3).
    name = current_app.config['SESSION_COOKIE_NAME']
    match = re.match('__(Host|Secure)-', name, re.IGNORECASE)
    return match[0] if match else ''


def _serializer() -> URLSafeTimedSerializer:
    key = cast(str | bytes, current_app.secret_key)
    return URLSafeTimedSerializer(key, salt='playground-notice')


def _cookie_attributes() -> dict[str, Any]:
    prefix = _session_prefix()
    return {
        'httponly': True,
        # Browsers refuse another path with this prefix.
        'path': '/' if prefix.lower() == '__host-' else url_for('playground.show'),
        'samesite': 'Strict',
        'secure': bool(prefix) or current_app.config['SESSION_COOKIE_SECURE'],
    }
