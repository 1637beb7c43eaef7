"""Copies of the user's session cookie, each with one alteration. No response sets them."""

import secrets
import time
from typing import NoReturn, cast

from itsdangerous import BadData, URLSafeTimedSerializer
from quart import Quart, current_app, session

from quart_session_demo.playground.cookie_parts import shown_parts
from quart_session_demo.playground.language import refuse
from quart_session_demo.playground.long_text import shorten
from quart_session_demo.playground.notice import Notice
from quart_session_demo.playground.session_cookie import (
    SHOWN_ID_LENGTH,
    read_session,
    request_cookie,
    signing_time,
)
from quart_session_demo.sessions.base import stores_in_cookie
from quart_session_demo.sessions.serializer import SessionSerializer

#: The names of the alterations; `altered_copy` describes them.
ALTERATIONS = (
    'character',
    'key',
    'time',
)


def altered_copy(alteration: str, cookie: str, app: Quart) -> str:
    """Return the value of a cookie that the app must refuse.

    Args:
        alteration: `character` changes one character. `key` signs with a random key. `time`
            signs with a time in the past: the session lifetime and one day ago.
        cookie: The value of the user's own cookie. The app must accept it.
        app: The app. Its session interface signs the copy, except for `character`.

    Raises:
        Conflict: The session lifetime is so long that the time would lie before 1970.
    """
    if alteration == 'character':
        # The page shows the beginning of the payload, and less of an id.
        last = 40 if stores_in_cookie(app.session_interface) else SHOWN_ID_LENGTH // 2
        index = min(len(cookie.rsplit('.', 2)[0]) // 2, last)
        replacement = 'A' if cookie[index] != 'A' else 'B'
        return cookie[:index] + replacement + cookie[index + 1 :]
    serializer = cast(URLSafeTimedSerializer, app.session_interface.get_signing_serializer(app))
    try:
        content, signed_at = serializer.loads(cookie, return_timestamp=True)
    except BadData:
        # Another part of the app may have filled the session of this request.
        _refuse_copy()
    if alteration == 'key':
        random_key = secrets.token_hex().encode()
        return _with_keys(serializer, [random_key]).dumps_at(content, int(signed_at.timestamp()))
    if not can_expire(app):
        refuse(
            409,
            'The session lifetime is too long: no signature can be old enough to expire.',
            'session 的有效期太长，无法生成已经过期的签名。',
        )
    return _with_keys(serializer, serializer.secret_keys).dumps_at(content, _expired_time(app))


def can_expire(app: Quart) -> bool:
    """Return whether a signature can be so old that the app refuses it."""
    return _expired_time(app) >= 0


def _expired_time(app: Quart) -> int:
    return int(time.time()) - int(app.permanent_session_lifetime.total_seconds()) - 86400


async def try_altered_copy(alteration: str) -> Notice:
    """Alter a copy of the request's session cookie, and return what the app reads from it."""
    cookie = request_cookie()
    if not cookie or not session:
        _refuse_copy()
    copy = altered_copy(alteration, cookie, current_app)
    read = await read_session(copy)
    notice: Notice = {
        'action': alteration,
        'before': shown_parts(cookie),
        'after': shown_parts(copy),
        'read': shorten(repr(read)),
        'refused': not read,
    }
    if alteration == 'time':
        notice['signed_at'] = int(signing_time(copy).timestamp())
    return notice


def _refuse_copy() -> NoReturn:
    refuse(
        409,
        'There is no session to copy yet: set a key first.',
        '还没有可以复制的 session，请先设置一个键。',
    )


def _with_keys(serializer: URLSafeTimedSerializer, keys: list[bytes]) -> SessionSerializer:
    return SessionSerializer(
        keys,
        salt=serializer.salt,
        serializer=serializer.serializer,
        signer=serializer.signer,
        signer_kwargs=serializer.signer_kwargs,
    )
