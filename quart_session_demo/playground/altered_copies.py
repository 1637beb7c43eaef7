"""Copies of a visitor's session cookie with one thing wrong; none of them is ever set."""

import secrets
import time
from typing import Any, cast

from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from quart import Quart

from quart_session_demo.sessions import CookieSessionInterface

KINDS = ('character', 'key', 'time')


class NothingExpires(ValueError):
    """Raised where a lifetime is so long that no time is old enough."""


def altered_copy(kind: str, cookie: str, content: dict[str, Any], app: Quart) -> str:
    """Return the value of a cookie that the app must refuse.

    Args:
        kind: `character`: one of them is changed; `key`: signed with one that is made up on the
            spot; `time`: signed with the app's own key, but a lifetime and a day ago.
        cookie: The value of the visitor's own.
        content: What is in it.
        app: The app that made it.

    Raises:
        NothingExpires: There is no time that is a lifetime and a day ago.
    """
    if kind == 'character':
        place = len(cookie.partition('.')[0]) // 2 or 1
        other = 'A' if cookie[place] != 'A' else 'B'
        return cookie[:place] + other + cookie[place + 1 :]
    if kind == 'key':
        return _sign(content, key=secrets.token_hex(), age=0)
    age = int(app.permanent_session_lifetime.total_seconds()) + 86400
    # The signature counts from 1970.
    if age > time.time():
        raise NothingExpires
    return _sign(content, key=cast(str | bytes, app.secret_key), age=age)


def _sign(content: dict[str, Any], *, key: str | bytes, age: int) -> str:
    class BackdatingSigner(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - age

    # All else as in the app's own cookies.
    flask = CookieSessionInterface
    serializer = URLSafeTimedSerializer(
        key,
        salt=flask.salt,
        serializer=flask.serializer,
        signer=BackdatingSigner,
        signer_kwargs={
            'key_derivation': flask.key_derivation,
            'digest_method': flask.digest_method,
        },
    )
    return str(serializer.dumps(content))
