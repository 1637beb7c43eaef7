"""What the changes of `upstream_changes.py` make faster, outside of a server.

These figures depend less on what else the machine does than those of a whole request.
"""

import hashlib
import timeit
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import quart.app
from h11._headers import Headers as H11Headers
from hypercorn.config import Config
from itsdangerous import TimestampSigner
from quart.wrappers.base import BaseRequestWebsocket
from upstream_changes import CHANGES
from werkzeug.datastructures import Headers as WerkzeugHeaders

#: How often an operation runs in a measurement, and how many measurements there are.
CALLS, REPEATS = 100, 1_000

_config = Config()
_h11_headers = H11Headers(
    [(name, name.lower(), b'value') for name in (b'Host', b'Accept', b'Accept-Encoding', b'Cookie')]
)
_headers = WerkzeugHeaders([('Host', 'localhost'), ('Accept', '*/*'), ('Cookie', 'a=b')])
_request = BaseRequestWebsocket.__new__(BaseRequestWebsocket)
_request.url_rule = SimpleNamespace(endpoint='lesson.get_session')  # type: ignore[assignment]


async def _view() -> None:
    pass


def _derive_key() -> bytes:
    # As Flask and Quart sign the session.
    signer = TimestampSigner(
        'secret', b'cookie-session', key_derivation='hmac', digest_method=hashlib.sha1
    )
    return signer.derive_key()


#: What is called, and how often a request for `/get_session/` calls it, by the change's name. The
#: others of the changes have no function that can run alone.
OPERATIONS: dict[str, tuple[Callable[[], Any], int]] = {
    'date': (lambda: _config.response_headers('h11'), 1),
    'iterate': (lambda: list(_h11_headers), 4),
    'coroutines': (lambda: vars(quart.app)['iscoroutinefunction'](_view), 3),
    'blueprints': (lambda: _request.blueprints, 3),
    'missing': (lambda: _headers.get('Content-Length'), 3),
    'derive-key': (_derive_key, 2),
}


def saved_microseconds(name: str) -> float | None:
    """Apply a change to this process, and return what it saves for each request.

    The result is None for a change without a function that can run alone.
    """
    if name not in OPERATIONS:
        return None
    operation, times = OPERATIONS[name]
    before = _seconds(operation)
    CHANGES[name].apply()
    return 1e6 * times * (before - _seconds(operation))


def _seconds(operation: Callable[[], Any]) -> float:
    # The shortest time is that with the least disturbance.
    return min(timeit.repeat(operation, number=CALLS, repeat=REPEATS)) / CALLS
