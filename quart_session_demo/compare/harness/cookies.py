"""Store and send cookies as a browser does, for any HTTP client."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import cast
from urllib.request import Request

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

    def set_ok_domain(self, cookie: Cookie, request: Request) -> bool:
        """Return whether a cookie's Domain allows to store it."""
        return not cookie.domain_specified or includes_host(cookie.domain, request.host)

    def return_ok_domain(self, cookie: Cookie, request: Request) -> bool:
        """Return whether a cookie is sent to the request's host."""
        if cookie.domain_specified:
            return includes_host(cookie.domain, request.host)
        # Python adds .local to a host without a dot.
        host = host_name(request.host)
        return cookie.domain == (host if '.' in host else f'{host}.local')

    def domain_return_ok(self, domain: str, request: Request) -> bool:
        """Return True: `return_ok_domain` decides for each cookie."""
        return True


def includes_host(domain: str, host: str) -> bool:
    """Return whether a cookie's Domain includes a host (RFC 6265bis, 5.1.3).

    Chromium stores no cookie for a domain without a dot, or for an IP address, unless it is the
    host itself.
    """
    host, domain = host_name(host), domain.lower().removeprefix('.')
    is_address = host.rpartition('.')[2].isdigit()
    return host == domain or ('.' in domain and not is_address and host.endswith(f'.{domain}'))


def host_name(host: str) -> str:
    """Return the name in a `Host` header, without the port; '' if it is no host name."""
    name = re.match(r'[\w.-]*', host)
    return name[0].lower() if name else ''


def make_jar() -> CookieJar:
    """Return an empty cookie jar of a browser."""
    return CookieJar(BrowserPolicy())


def cookie_header(jar: CookieJar, host: str, path: str) -> str | None:
    """Return the `Cookie` header of a request; None if no cookie is sent.

    Args:
        jar: The user's cookies.
        host: The request's `Host` header.
        path: The request's path.
    """
    request = _request(host, path)
    jar.add_cookie_header(request)
    return request.get_header('Cookie')


def store_cookies(jar: CookieJar, host: str, path: str, headers: Iterable[tuple[str, str]]) -> None:
    """Store the cookies that a response sets.

    Args:
        jar: The user's cookies.
        host: The request's `Host` header.
        path: The request's path.
        headers: The response's headers.
    """
    message = Message()
    for name, value in headers:
        if name.lower() == 'set-cookie':
            message['Set-Cookie'] = value
    if message.keys():
        response = cast('HTTPResponse', _Headers(message))
        jar.extract_cookies(response, _request(host, path))


@dataclass
class _Headers:
    """The part of a response that a cookie jar reads."""

    message: Message

    def info(self) -> Message:
        return self.message


def _request(host: str, path: str) -> Request:
    return Request(f'http://{host_name(host)}{path}')
