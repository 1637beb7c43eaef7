"""Visitors, who keep cookies as a browser does, and their requests."""

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from email.message import Message
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from json import dumps
from urllib.parse import urlencode
from urllib.request import Request

import h11
import httpx

from quart_session_demo.compare.harness.steps import Step, response_text
from quart_session_demo.compare.parity.diff import fields

# Seconds, for each part of a reply and for the whole.
TIMEOUT = 30
NOT_FOUND = 'not found'
# RFC 6265bis, 5.6: name and value together.
MAX_COOKIE_SIZE = 4096


class BrowserPolicy(DefaultCookiePolicy):
    """Drops what browsers drop, and sends Secure cookies to this machine over http, as they do."""

    def __init__(self) -> None:
        """Make the policy."""
        super().__init__(secure_protocols=('http', 'https'))

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Tell whether a cookie is kept."""
        size = len(f'{cookie.name}{cookie.value or ""}'.encode())
        return size <= MAX_COOKIE_SIZE and super().set_ok(cookie, request)


@dataclass
class SimulatedUser:
    """What one visitor holds of one app: cookies, and what earlier replies were captured for."""

    jar: CookieJar = field(default_factory=lambda: CookieJar(BrowserPolicy()))
    captured: dict[str, str] = field(default_factory=dict)

    def send(self, client: httpx.Client, url: str, step: Step) -> dict[str, str]:
        """Make a step's request and return the fields of the reply.

        A reply that does not come is a field too: `status` says why.
        """
        path, headers, body = encode_request(step, self.captured)
        cookies = httpx.Cookies(self.jar)
        try:
            request = client.build_request(
                step.method,
                url + path,
                headers=[(name.encode('ascii'), value.encode()) for name, value in headers.items()],
                content=body,
            )
            cookies.set_cookie_header(request)
            reply = client.send(request, stream=True)
            content = _read(reply)
        except (httpx.HTTPError, httpx.InvalidURL, h11.ProtocolError, UnicodeEncodeError) as error:
            return {'status': f'no reply: {error or type(error).__name__}'}
        cookies.extract_cookies(reply)
        text = decode_body(content, reply.headers.get('Content-Type', ''))
        found = step.find(response_text(reply.headers.multi_items(), text))
        self.captured.update(dict.fromkeys(step.capture, '') | found)
        result = fields(reply.status_code, reply.headers.multi_items(), content, self.jar)
        return result | {
            f'capture.{name}': 'found' if name in found else NOT_FOUND for name in step.capture
        }


def _read(reply: httpx.Response) -> bytes:
    """Return the body, unless it takes too long."""
    deadline = time.monotonic() + TIMEOUT
    body = bytearray()
    with closing(reply):
        for part in reply.iter_bytes():
            body += part
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout(f'no end within {TIMEOUT} s')
    return bytes(body)


def decode_body(body: bytes, content_type: str) -> str:
    """Return the text in which captures search, by the charset that a reply names."""
    message = Message()
    message['Content-Type'] = content_type
    try:
        return body.decode(message.get_content_charset('utf-8'), 'replace')
    except LookupError:
        # Python knows none of that name.
        return body.decode('utf-8', 'replace')


def encode_request(
    step: Step, captured: Mapping[str, str]
) -> tuple[str, dict[str, str], str | None]:
    """Return a step's path, headers and body, for whatever client sends them."""
    path, headers, form, json = step.filled(captured)
    body = None
    if form:
        body = urlencode(form)
        headers = _completed(headers, 'Content-Type', 'application/x-www-form-urlencoded')
    elif json is not None:
        body = dumps(json, ensure_ascii=False, separators=(',', ':'))
        headers = _completed(headers, 'Content-Type', 'application/json')
    # The same Host for both servers, so that the URLs which the apps build are the same.
    headers = _completed(headers, 'Host', 'localhost')
    return path, _completed(headers, 'Accept', '*/*'), body


def _completed(headers: dict[str, str], name: str, value: str) -> dict[str, str]:
    """Return headers with one more, unless they have it in whatever case."""
    return headers if name.lower() in map(str.lower, headers) else {name: value, **headers}


def make_client() -> httpx.Client:
    """Return a client that keeps no cookies of its own and follows no redirects."""
    nothing = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    # The servers are on this machine: no proxy, and no certificates to load.
    return httpx.Client(cookies=nothing, timeout=TIMEOUT, trust_env=False, verify=False)  # noqa: S501
