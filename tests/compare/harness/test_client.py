"""What a simulated user sends, and which cookies it stores."""

from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
import pytest

from quart_session_demo.compare.harness import client as client_module
from quart_session_demo.compare.harness.client import SimulatedUser, make_client
from quart_session_demo.compare.harness.cookies import MAX_BROWSER_COOKIE_SIZE
from quart_session_demo.compare.harness.recording import RecordedResponse
from quart_session_demo.compare.harness.servers import run_servers
from quart_session_demo.compare.harness.steps import Step
from tests.compare.conftest import app_command

URL = 'http://127.0.0.1'


def mock_client(respond: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    """Return a client that stores no cookies, and whose responses are made by a function."""
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.Client(cookies=no_cookies, transport=httpx.MockTransport(respond))


def cookies_sent_after(set_cookie: str) -> str | None:
    """Return the Cookie header that a user sends after a response with this Set-Cookie."""
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, headers={'Set-Cookie': set_cookie})

    user = SimulatedUser()
    with mock_client(respond) as client:
        for _ in range(2):
            user.send(client, URL, Step('s', '/'))
    header: str | None = sent[1].headers.get('Cookie')
    return header


def test_user_sends_secure_cookies() -> None:
    """Secure cookies are sent to this machine over http, as browsers do."""
    assert cookies_sent_after('a=b; Secure') == 'a=b'


def test_user_sends_partitioned_cookies() -> None:
    """A cookie with the attribute Partitioned is stored and sent."""
    assert cookies_sent_after('a=b; Secure; Path=/; SameSite=None; Partitioned') == 'a=b'


def test_user_ignores_cookies_that_browsers_ignore() -> None:
    """A cookie of 4,096 bytes is stored, a larger one is not."""
    largest = f'a={"x" * (MAX_BROWSER_COOKIE_SIZE - 1)}'

    assert cookies_sent_after(largest) == largest
    assert cookies_sent_after(f'{largest}x') is None


def test_user_sends_the_headers_of_the_step() -> None:
    """A header of the step replaces the default one, in any case."""
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    with mock_client(respond) as client:
        SimulatedUser().send(client, URL, Step('s', '/', headers={'host': 'shop'}))

    assert sent[0].headers.get_list('Host') == ['shop']


def test_endless_response_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response that is not complete in time is recorded as no response."""
    monkeypatch.setattr(client_module, 'TIMEOUT_SECONDS', 0.5)

    with (
        run_servers(app_command('endless_response', '{port}')) as [server],
        make_client() as client,
    ):
        response = SimulatedUser().send(client, server.url, Step('s', '/stream'))

    assert response == RecordedResponse(error='the body was not complete after 0.5 s')
