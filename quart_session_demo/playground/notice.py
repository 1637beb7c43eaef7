"""What the last action did, told to the page after the redirect.

In a short-lived cookie of the playground's own, for the session is what it exhibits; not in the
address, which logs and histories keep. Signed, so that nobody else can make the page say things.
The address and the cookie's name hold the notice's id: another tab shows and removes only its own.
"""

import secrets
from typing import Any, cast

from itsdangerous import BadData, URLSafeTimedSerializer
from quart import Response, current_app, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.playground.session_reader import showable

COOKIE = 'playground_notice'
SECONDS = 60
# Of each text in it, so that it fits into a cookie whatever a visitor types.
MAX_LENGTH = 120
# Of the cookie's value; what was typed is left out of a larger one.
MAX_SIZE = 2000

Notice = dict[str, Any]


def new_id() -> str:
    """Return an id for a notice."""
    return secrets.token_urlsafe(6)


def shorten(text: str) -> str:
    """Cut a text in the middle, if it is long."""
    if len(text) <= MAX_LENGTH:
        return text
    return f'{text[: MAX_LENGTH * 3 // 4]}…{text[-MAX_LENGTH // 4 :]}'


def shorten_cookie(header: str) -> str:
    """Cut the session's value in a `Set-Cookie` header, if it is long or an id."""
    pair, separator, attributes = header.partition('; ')
    name, _, value = pair.partition('=')
    return shorten(f'{name}={showable(value)}') + separator + attributes


def leave(notice: Notice, response: Response | WerkzeugResponse) -> None:
    """Send a notice along, for the page that is asked for next."""
    value = str(_serializer().dumps(notice))
    if len(value) > MAX_SIZE:
        value = str(_serializer().dumps({**notice, 'form': {}}))
    response.set_cookie(_name(notice['id']), value, max_age=SECONDS, **_cookie_attributes())


def find() -> Notice | None:
    """Return the notice that the request's address asks for."""
    # Quart's test client sends a redirect's #fragment, too.
    notice_id, _, _ = request.args.get('notice', '').partition('#')
    value = request.cookies.get(_name(notice_id), '')
    try:
        notice: Notice = _serializer().loads(value, max_age=SECONDS)
    except BadData:
        return None
    return notice


def remove(notice: Notice, response: Response | WerkzeugResponse) -> None:
    """Make the browser forget a notice."""
    response.delete_cookie(_name(notice['id']), **_cookie_attributes())


def _name(notice_id: str) -> str:
    return f'{COOKIE}_{notice_id}'


def _serializer() -> URLSafeTimedSerializer:
    key = cast(str | bytes, current_app.secret_key)
    return URLSafeTimedSerializer(key, salt='playground-notice')


def _cookie_attributes() -> dict[str, Any]:
    return {
        'httponly': True,
        'path': url_for('playground.show'),
        'samesite': 'Strict',
        'secure': current_app.config['SESSION_COOKIE_SECURE'],
    }
