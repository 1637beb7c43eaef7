"""Simulated users, which store cookies as a browser does, and their requests."""

import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from email.message import Message
from http.cookiejar import CookieJar, DefaultCookiePolicy

import h11
import httpx

from quart_session_demo.compare.harness.cookies import make_jar, store_cookies
from quart_session_demo.compare.harness.recording import (
    RecordedResponse,
    random_values,
    record_response,
)
from quart_session_demo.compare.harness.request import encode_request, request_host
from quart_session_demo.compare.harness.steps import Step, response_text

#: The timeout of each part of a response, and of the whole response.
TIMEOUT_SECONDS = 30


@dataclass
class SimulatedUser:
    """A user of one app.

    Attributes:
        jar: The user's cookies.
        captured: The values captured from earlier responses, by name.
        random: All random values so far, by an id that is the same for both apps.
    """

    jar: CookieJar = field(default_factory=make_jar)
    captured: dict[str, str] = field(default_factory=dict)
    random: dict[str, str] = field(default_factory=dict)

    def send(self, client: httpx.Client, url: str, step: Step) -> RecordedResponse:
        """Send a step's request and record the response, or why there is none.

        Args:
            client: The client to send with.
            url: The server's URL, without a slash at the end.
            step: What to send.
        """
        path, headers, body = encode_request(step, self.captured, self.jar)
        try:
            request = client.build_request(
                step.method,
                url + path,
                headers=[(name.encode('ascii'), value.encode()) for name, value in headers.items()],
                content=body,
            )
            response = client.send(request, stream=True)
            content = _read_body(response)
        except (httpx.HTTPError, httpx.InvalidURL, h11.ProtocolError, UnicodeEncodeError) as error:
            return RecordedResponse(error=str(error) or type(error).__name__)
        fields = response.headers.multi_items()
        store_cookies(self.jar, request_host(headers), path, fields)
        captures = self.capture(step, fields, content)
        return record_response(
            response.status_code,
            fields,
            content,
            self.jar,
            {name: name in captures for name in step.capture},
            dict(self.random),
        )

    def capture(
        self, step: Step, headers: Iterable[tuple[str, str]], content: bytes
    ) -> Mapping[str, str]:
        """Remember the captured and the random values of a response, and return the captures.

        Call it after the response's cookies are stored.
        """
        headers = list(headers)
        content_type = next((v for name, v in headers if name.lower() == 'content-type'), '')
        captures = step.find(response_text(headers, decode_body(content, content_type)))
        self.captured.update(dict.fromkeys(step.capture, '') | captures)
        found = {f'capture.{name}': value for name, value in captures.items()}
        if step.random:
            found |= random_values(self.jar, step.random)
        self.random |= {f'{step.name}: {name}': value for name, value in found.items()}
        return captures


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


def make_client() -> httpx.Client:
    """Return a client that stores no cookies and follows no redirects."""
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    # The servers are on this machine: no proxy and no certificates are needed.
    return httpx.Client(cookies=no_cookies, timeout=TIMEOUT_SECONDS, trust_env=False, verify=False)  # noqa: S501
