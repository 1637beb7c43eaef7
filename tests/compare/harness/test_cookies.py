"""Which cookies are stored, and to which requests they are sent."""

import pytest

from quart_session_demo.compare.harness.cookies import cookie_header, make_jar, store_cookies
from quart_session_demo.compare.harness.request import DEFAULT_HOST


def sent_after(set_cookie: str, host: str, later_host: str | None = None) -> str | None:
    """Return the Cookie header after a response of a host has set a cookie."""
    jar = make_jar()
    store_cookies(jar, host, '/', [('set-cookie', f'a=b; {set_cookie}')])
    return cookie_header(jar, later_host or host, '/')


@pytest.mark.parametrize(
    ('domain', 'host'),
    [
        ('app.localhost', DEFAULT_HOST),
        ('.app.localhost', DEFAULT_HOST),
        ('APP.localhost', DEFAULT_HOST),
        ('app.localhost', f'{DEFAULT_HOST}:8000'),
        ('localhost', 'localhost'),
        ('.localhost', 'localhost'),
        ('shop.example', 'shop.example'),
        ('shop.example', 'www.shop.example'),
        ('127.0.0.1', '127.0.0.1'),
    ],
)
def test_cookies_with_a_domain_are_stored(domain: str, host: str) -> None:
    """A Domain that includes the host is stored, as in Chromium."""
    assert sent_after(f'Domain={domain}', host) == 'a=b'


@pytest.mark.parametrize(
    ('domain', 'host'),
    [
        ('localhost', DEFAULT_HOST),
        ('shop.example', DEFAULT_HOST),
        ('other.app.localhost', DEFAULT_HOST),
        ('pp.localhost', DEFAULT_HOST),
        ('app.localhost', 'localhost'),
        ('0.0.1', '127.0.0.1'),
    ],
)
def test_cookies_of_other_domains_are_ignored(domain: str, host: str) -> None:
    """A Domain without the host, or a top-level domain, is ignored, as in Chromium."""
    assert sent_after(f'Domain={domain}', host) is None


@pytest.mark.parametrize(
    ('set_cookie', 'host', 'later_host', 'sent'),
    [
        ('Path=/', DEFAULT_HOST, 'localhost', None),
        ('Path=/', 'localhost', 'localhost:80', 'a=b'),
        ('Path=/', 'localhost', DEFAULT_HOST, None),
        ('Domain=app.localhost', DEFAULT_HOST, f'x.{DEFAULT_HOST}', 'a=b'),
        ('Path=/', DEFAULT_HOST, f'x.{DEFAULT_HOST}', None),
        ('Path=/other', DEFAULT_HOST, None, None),
        ('Max-Age=0', DEFAULT_HOST, None, None),
    ],
)
def test_cookies_are_sent_to_their_host(
    set_cookie: str, host: str, later_host: str | None, sent: str | None
) -> None:
    """A cookie is sent to its host, and with a Domain to the hosts below it."""
    assert sent_after(set_cookie, host, later_host) == sent


def test_cookie_with_a_domain_is_deleted() -> None:
    """A response deletes a cookie with a Domain that an earlier one has set."""
    jar = make_jar()
    for cookie in ('a=b; Domain=app.localhost', 'a=; Domain=app.localhost; Max-Age=0'):
        store_cookies(jar, DEFAULT_HOST, '/', [('Set-Cookie', cookie)])

    assert cookie_header(jar, DEFAULT_HOST, '/') is None


def test_strange_host_is_no_error() -> None:
    """A Host header that is no host name, which a step may test, does not stop the user."""
    for host in ('', '[::1]:80', 'a b', '<x>'):
        assert sent_after('Path=/', host) == 'a=b'
