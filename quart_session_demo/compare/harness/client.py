"""Simulated users, which store cookies as a browser does, and their requests."""

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

from quart_session_demo.compare.harness.recording import RecordedResponse, record_response
from quart_session_demo.compare.harness.steps import Step, response_text

#: The timeout of each part of a response, and of the whole response.
TIMEOUT_SECONDS = 30
#: The largest cookie that browsers store: its name and value, in bytes (RFC 6265bis, 5.6).
MAX_BROWSER_COOKIE_SIZE = 4096


class BrowserPolicy(DefaultCookiePolicy):
    """A policy that ignores the cookies that browsers ignore.

    Secure cookies are sent over http too, as browsers do on localhost.
    """

    def __init__(self) -> None:
        """Accept http as secure."""
        super().__init__(secure_protocols=('http', 'https'))

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Return whether a cookie is stored."""
        size = len(f'{cookie.name}{cookie.value or ""}'.encode())
        return size <= MAX_BROWSER_COOKIE_SIZE and super().set_ok(cookie, request)


@dataclass
class SimulatedUser:
    """A user of one app.

    Attributes:
        jar: The user's cookies.
        captured: The values captured from earlier responses, by name.
    """

    jar: CookieJar = field(default_factory=lambda: CookieJar(BrowserPolicy()))
    captured: dict[str, str] = field(default_factory=dict)

    def send(self, client: httpx.Client, url: str, step: Step) -> RecordedResponse:
        """Send a step's request and record the response, or why there is none.

        Args:
            client: The client to send with.
            url: The server's URL, without a slash at the end.
            step: What to send.
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
            response = client.send(request, stream=True)
            content = _read_body(response)
        except (httpx.HTTPError, httpx.InvalidURL, h11.ProtocolError, UnicodeEncodeError) as error:
            return RecordedResponse(error=str(error) or type(error).__name__)
        cookies.extract_cookies(response)
        text = decode_body(content, response.headers.get('Content-Type', ''))
        captures = step.find(response_text(response.headers.multi_items(), text))
        self.captured.update(dict.fromkeys(step.capture, '') | captures)
        return record_response(
            response.status_code,
            response.headers.multi_items(),
            content,
            self.jar,
            {name: name in captures for name in step.capture},
        )


def _read_body(response: httpx.Response) -> bytes:
    """Return the body.

    Raises:
        ReadTimeout: The body is not complete in time.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    body = bytearray()
    with closing(response):
        for part in response.iter_bytes():
            body += part
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout(f'the body was not complete after {TIMEOUT_SECONDS} s')
    return bytes(body)


def decode_body(body: bytes, content_type: str) -> str:
    """Return a body as text for `response_text`, decoded with the charset of its Content-Type."""
    message = Message()
    message['Content-Type'] = content_type
    try:
        return body.decode(message.get_content_charset('utf-8'), 'replace')
    except LookupError:
        # Python does not know that charset.
        return body.decode('utf-8', 'replace')


def encode_request(
    step: Step, captured: Mapping[str, str]
) -> tuple[str, dict[str, str], str | None]:
    """Return a step's path, headers and body, for any HTTP client.

    Args:
        step: The step.
        captured: The values that replace each `$name`.
    """
    path, headers, form, json = step.filled(captured)
    body = None
    if form:
        body = urlencode(form)
        headers = _with_default(headers, 'Content-Type', 'application/x-www-form-urlencoded')
    elif json is not None:
        body = dumps(json, ensure_ascii=False, separators=(',', ':'))
        headers = _with_default(headers, 'Content-Type', 'application/json')
    # Both servers get the same Host, so that the apps build the same URLs.
    headers = _with_default(headers, 'Host', 'localhost')
    return path, _with_default(headers, 'Accept', '*/*'), body


def _with_default(headers: dict[str, str], name: str, value: str) -> dict[str, str]:
    """Return the headers, with a default for one that they do not have."""
    return headers if name.lower() in map(str.lower, headers) else {name: value, **headers}


def make_client() -> httpx.Client:
    """Return a client that stores no cookies and follows no redirects."""
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    # The servers are on this machine: no proxy and no certificates are needed.
    return httpx.Client(cookies=no_cookies, timeout=TIMEOUT_SECONDS, trust_env=False, verify=False)  # noqa: S501
