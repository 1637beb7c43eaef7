"""The bytes of a step's requests; those that are always the same are encoded once."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import httpx

from quart_session_demo.compare.harness.client import SimulatedUser, make_client
from quart_session_demo.compare.harness.cookies import make_jar
from quart_session_demo.compare.harness.request import encode_request, request_host
from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.load.generator.cookie_state import CookieState, remember

#: Requests with these methods announce that they have no body, as those of httpx do.
METHODS_WITH_BODY = (
    'POST',
    'PUT',
    'PATCH',
)


class RequestError(Exception):
    """A request cannot be sent; the message is the reason."""


class EncodedRequest(NamedTuple):
    """What is sent.

    Attributes:
        host: The `Host` header, which decides about cookies.
        path: The path before it is escaped, which decides about cookies.
        content: The whole request.
    """

    host: str
    path: str
    content: bytes


class RequestEncoder:
    """Encodes the requests of a step exactly as the client of a parity run sends them."""

    def __init__(self, step: Step) -> None:
        """Encode what is the same in each request."""
        self._step = step
        # Making that client takes long, which would delay the first requests.
        _client_headers()
        self._constant: tuple[str, str, dict[str, str], bytes | None] | None = None
        try:
            path, headers, body = encode_request(step, {}, make_jar())
        except KeyError:
            # It needs captured values.
            return
        self._constant = request_host(headers), path, headers, body
        self._sends_cookies = not any(name.lower() == 'cookie' for name in headers)
        self._encoded: dict[str | None, EncodedRequest] = {}

    def encode(self, user: SimulatedUser, cookies: CookieState) -> EncodedRequest:
        """Return a user's request.

        Raises:
            RequestError: A value cannot be sent in the path or in a header.
        """
        if self._constant is None:
            path, headers, body = encode_request(self._step, user.captured, cookies.jar)
            return _encode(self._step.method, request_host(headers), path, headers, body)
        host, path, headers, body = self._constant
        cookie = cookies.header(host, path) if self._sends_cookies else None
        try:
            return self._encoded[cookie]
        except KeyError:
            if cookie is not None:
                headers = {'Cookie': cookie, **headers}
            request = _encode(self._step.method, host, path, headers, body)
            remember(self._encoded, cookie, request)
            return request


def _encode(
    method: str, host: str, path: str, headers: Mapping[str, str], body: bytes | None
) -> EncodedRequest:
    own = {name.lower() for name in headers}
    fields = [(name, value) for name, value in _client_headers() if name.lower() not in own]
    fields += headers.items()
    if 'content-length' not in own and (body is not None or method in METHODS_WITH_BODY):
        fields.append(('Content-Length', str(len(body or b''))))
    try:
        lines = [name.encode('ascii') + b': ' + value.encode() for name, value in fields]
        lines.insert(0, method.encode('ascii') + b' ' + _target(path) + b' HTTP/1.1')
    except UnicodeEncodeError:
        raise RequestError('a header cannot be encoded') from None
    except httpx.InvalidURL:
        raise RequestError('the path is not valid') from None
    if any(character in line for line in lines for character in (b'\r', b'\n', b'\0')):
        raise RequestError('a header has a line break')
    return EncodedRequest(host, path, b'\r\n'.join([*lines, b'', body or b'']))


@lru_cache(1)
def _client_headers() -> list[tuple[str, str]]:
    """Return the headers that the client of a parity run adds."""
    with make_client() as client:
        return list(client.headers.items())


@lru_cache(1000)
def _target(path: str) -> bytes:
    """Return a path as it is sent, escaped and without its fragment."""
    return httpx.URL(f'http://localhost{path}').raw_path
