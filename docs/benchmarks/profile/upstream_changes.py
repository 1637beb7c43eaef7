"""Changes of other packages that make a request faster, applied to a running process.

They show what a change would save. They are no fixes: some ignore cases that the session scenario
does not have.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import time
from typing import Any
from wsgiref.handlers import format_date_time

import h11
import hypercorn.config
import itsdangerous
import quart.app
from h11._headers import Headers as H11Headers
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol
from quart.asgi import ASGIHTTPConnection
from quart.helpers import _split_blueprint_path
from quart.wrappers.base import BaseRequestWebsocket
from quart.wrappers.response import DataBody
from werkzeug.datastructures import Headers as WerkzeugHeaders


@dataclass(frozen=True)
class Change:
    """A change of a package.

    Attributes:
        package: The package.
        place: The function.
        description: What to change.
        apply: Changes this process.
    """

    package: str
    place: str
    description: str
    apply: Callable[[], None]


CHANGES: dict[str, Change] = {}


def change(name: str, package: str, place: str, description: str) -> Callable[[Any], Any]:
    """Add a function that applies a change to `CHANGES`."""

    def add(apply: Callable[[], None]) -> Callable[[], None]:
        CHANGES[name] = Change(package, place, description, apply)
        return apply

    return add


def replace(owner: Any, name: str, value: Any) -> None:
    """Replace an attribute of a class or module."""
    setattr(owner, name, value)


@change(
    'one-write',
    'hypercorn',
    'protocol/h11.py: `H11Protocol._send_h11_event`',
    'send the head of a response with its first data, and nothing for an empty end',
)
def write_head_with_body() -> None:
    """Send a response in one system call, and not in two."""

    async def send_event(self: Any, event: Any) -> None:
        data = vars(self).pop('held', b'') + self.connection.send(event)
        if isinstance(event, h11.Response):
            self.held = data
        elif data:
            await self.send(RawData(data=data))

    replace(H11Protocol, '_send_h11_event', send_event)


@change(
    'date',
    'hypercorn',
    'config.py: `Config.response_headers`',
    'format the `Date` header once a second',
)
def cache_date() -> None:
    """Format the date of a second only once."""
    cached = functools.lru_cache(maxsize=1)(format_date_time)
    replace(hypercorn.config, 'format_date_time', lambda _: cached(int(time())))


@change(
    'iterate',
    'h11',
    '_headers.py: `Headers.__iter__`, which is missing',
    'iterate over the list; `Sequence.__iter__` calls `__getitem__` until it raises',
)
def iterate_headers() -> None:
    """Iterate over the headers of a request without an index."""

    def iterate(self: Any) -> Iterator[tuple[bytes, bytes]]:
        return iter([(name, value) for _, name, value in self._full_items])

    replace(H11Headers, '__iter__', iterate)


@change(
    'one-body',
    'quart',
    'asgi.py: `ASGIHTTPConnection._send_response`',
    'send a body that is not streamed in one event with `more_body` false, and not in two',
)
def send_one_body() -> None:
    """Send the body and the end of a response in one event."""
    send_response = ASGIHTTPConnection._send_response

    async def send_whole(self: Any, send: Any, response: Any) -> None:
        if not isinstance(getattr(response, 'response', None), DataBody):
            await send_response(self, send, response)
            return

        async def send_last(event: Any) -> None:
            # The second event of the body is empty.
            if event['type'] != 'http.response.body':
                await send(event)
            elif event['more_body']:
                await send({**event, 'more_body': False})

        await send_response(self, send_last, response)

    replace(ASGIHTTPConnection, '_send_response', send_whole)


@change(
    'coroutines',
    'quart',
    'app.py: `Quart.ensure_async`',
    'find out once whether a function is a coroutine function, and not for each call',
)
def remember_coroutine_functions() -> None:
    """Remember which functions are coroutine functions."""
    replace(
        quart.app, 'iscoroutinefunction', functools.cache(vars(quart.app)['iscoroutinefunction'])
    )


@change(
    'blueprints',
    'quart',
    'wrappers/base.py: `BaseRequestWebsocket.blueprints`',
    'read `endpoint` once: each of three calls for a request reads it six times',
)
def read_endpoint_once() -> None:
    """Read the endpoint of a request once to find its blueprints."""

    def blueprints(self: Any) -> list[str]:
        rule = self.url_rule
        name, dot, _ = rule.endpoint.rpartition('.') if rule else ('', '', '')
        return _split_blueprint_path(name) if dot else []

    replace(BaseRequestWebsocket, 'blueprints', property(blueprints))


@change(
    'missing',
    'werkzeug',
    'datastructures/headers.py: `Headers.get`',
    'return the default for a missing header without making a `BadRequestKeyError`',
)
def get_without_error() -> None:
    """Look up a header that may be missing without an exception."""
    get = WerkzeugHeaders.get

    def get_fast(self: Any, key: Any, default: Any = None, type: Any = None) -> Any:
        wanted = key.lower()
        for name, value in self._list:
            if name.lower() == wanted:
                return value if type is None else get(self, key, default, type)
        return default

    replace(WerkzeugHeaders, 'get', get_fast)


@change(
    'derive-key',
    'itsdangerous',
    'signer.py: `Signer.derive_key`',
    'derive each key once: Flask and Quart derive it for each cookie that they read or write',
)
def derive_keys_once() -> None:
    """Derive each key once."""
    derive = itsdangerous.Signer.derive_key

    @functools.lru_cache(maxsize=64)
    def derived(key: Any, salt: bytes, derivation: str, digest: Any) -> bytes:
        signer = itsdangerous.Signer(
            key, salt=salt, key_derivation=derivation, digest_method=digest
        )
        return derive(signer)

    def derive_key(self: Any, secret_key: Any = None) -> bytes:
        key = self.secret_keys[-1] if secret_key is None else secret_key
        return derived(key, self.salt, self.key_derivation, self.digest_method)

    replace(itsdangerous.Signer, 'derive_key', derive_key)


@change('all', '', '', 'all of these changes')
def apply_all() -> None:
    """Apply all changes."""
    for name, item in CHANGES.items():
        if name != 'all':
            item.apply()
