"""A user's cookies as states that many users share, so that most headers are parsed once."""

import math
import re
import time
from http.cookiejar import CookieJar
from typing import TypeVar

from quart_session_demo.compare.harness.cookies import cookie_header, make_jar, store_cookies

K = TypeVar('K')
V = TypeVar('V')

#: How many results a state remembers.
REMEMBERED = 1000
#: The attribute whose effect depends on the time of the response.
MAX_AGE = re.compile('max-age', re.IGNORECASE)


def remember(results: dict[K, V], key: K, value: V) -> None:
    """Add a result; the others are forgotten when there are too many."""
    if len(results) >= REMEMBERED:
        results.clear()
    results[key] = value


class CookieState:
    """Cookies that do not change: a response that sets cookies leads to another state.

    The results are those of `harness.cookies`. They are remembered until a cookie expires.

    Attributes:
        jar: The cookies. They must not be changed.
    """

    def __init__(self, jar: CookieJar | None = None) -> None:
        """Use the cookies of a jar; without one there are none."""
        self.jar = make_jar() if jar is None else jar
        self._expires = min((cookie.expires or math.inf for cookie in self.jar), default=math.inf)
        self._headers: dict[tuple[str, str], str | None] = {}
        self._next: dict[tuple[str, str, tuple[str, ...], int], CookieState | None] = {}

    def header(self, host: str, path: str) -> str | None:
        """Return the `Cookie` header of a request; None if no cookie is sent."""
        if time.time() >= self._expires:
            return cookie_header(self.jar, host, path)
        try:
            return self._headers[host, path]
        except KeyError:
            header = cookie_header(self.jar, host, path)
            remember(self._headers, (host, path), header)
            return header

    def after(self, host: str, path: str, set_cookies: tuple[str, ...]) -> 'CookieState':
        """Return the state after a response.

        Args:
            host: The request's `Host` header.
            path: The request's path.
            set_cookies: The response's `Set-Cookie` headers.
        """
        now = time.time()
        if now >= self._expires:
            return self._store(host, path, set_cookies)
        # A jar counts in whole seconds from which a Max-Age begins.
        has_age = any(map(MAX_AGE.search, set_cookies))
        key = host, path, set_cookies, int(now) if has_age else 0
        try:
            # None is this state itself, which would otherwise refer to itself.
            state = self._next[key] or self
        except KeyError:
            state = self._store(host, path, set_cookies)
            if _contents(state.jar) == _contents(self.jar):
                state = self
            remember(self._next, key, None if state is self else state)
        return state if now < state._expires else self._store(host, path, set_cookies)

    def _store(self, host: str, path: str, set_cookies: tuple[str, ...]) -> 'CookieState':
        jar = make_jar()
        for cookie in self.jar:
            jar.set_cookie(cookie)
        store_cookies(jar, host, path, [('Set-Cookie', value) for value in set_cookies])
        return CookieState(jar)


def _contents(jar: CookieJar) -> list[dict[str, object]]:
    return [vars(cookie) for cookie in jar]
