"""Which differences between two responses are found."""

from datetime import timedelta
from http.cookiejar import CookieJar

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer

from quart_session_demo.compare.harness.client import SimulatedUser
from quart_session_demo.compare.harness.recording import RecordedResponse, record_response
from quart_session_demo.compare.parity.diff import differences

Header = tuple[str, str]
DATE = 'Fri, 04 Dec 2026 00:00:{:02} GMT'


def response(*headers: Header, body: bytes = b'') -> RecordedResponse:
    """Return a recorded response with these headers."""
    return record_response(200, headers, body, CookieJar())


def found(
    sync: RecordedResponse, async_: RecordedResponse, skew: int = 0
) -> list[tuple[str, str, str]]:
    """Return the name and both values of each difference."""
    return [
        (str(item.field), item.sync, item.async_)
        for item in differences(sync, async_, timedelta(seconds=skew))
    ]


@pytest.mark.parametrize(
    ('sync', 'async_'),
    [
        ([('Date', 'now'), ('Server', 'a')], [('date', 'then')]),
        ([('Allow', 'GET, HEAD')], [('allow', 'HEAD,GET')]),
        ([('Vary', 'Cookie'), ('Vary', 'Accept')], [('Vary', 'Accept, Cookie')]),
        ([('Vary', 'Cookie, Accept')], [('Vary', 'accept, cookie')]),
        ([('Set-Cookie', 'a=b; SameSite=Lax')], [('Set-Cookie', 'a=b; samesite=lax')]),
        (
            [('Set-Cookie', f'a=b; Path=/; HttpOnly; Expires={DATE.format(1)}')],
            [('Set-Cookie', f'a=b; expires={DATE.format(3)}; HttpOnly; path=/')],
        ),
    ],
)
def test_equal_responses_have_no_differences(sync: list[Header], async_: list[Header]) -> None:
    """Order, case and headers of the server are no differences, nor are two seconds."""
    assert found(response(*sync), response(*async_)) == []


@pytest.mark.parametrize(
    ('sync', 'async_', 'difference'),
    [
        (('Location', '/a'), ('Location', '/b'), ('location', '/a', '/b')),
        (('Vary', 'Cookie'), ('Vary', 'Accept'), ('vary', 'Cookie', 'Accept')),
        (('X-Own', '1'), ('X-Own', '2'), ('x-own', '1', '2')),
        (('X-Own', '1'), ('Date', 'now'), ('x-own', '1', '(absent)')),
        (('Set-Cookie', 'a=b'), ('Set-Cookie', 'a=c'), ('cookie.a.value', 'b', 'c')),
        (('Set-Cookie', 'a=b; Path=/'), ('Date', 'now'), ('cookie.a', 'set', '(absent)')),
        (
            ('Set-Cookie', 'a=b; HttpOnly'),
            ('Set-Cookie', 'a=b'),
            ('cookie.a.httponly', 'yes', '(absent)'),
        ),
        (
            ('Set-Cookie', 'a=b; Secure'),
            ('Set-Cookie', 'a=b; Secure; Partitioned'),
            ('cookie.a.partitioned', '(absent)', 'yes'),
        ),
        (
            ('Set-Cookie', 'a=b; Secure; Partitioned'),
            ('Set-Cookie', 'a=c; Secure; Partitioned'),
            ('cookie.a.value', 'b', 'c'),
        ),
        (
            ('Set-Cookie', f'a=b; Expires={DATE.format(1)}'),
            ('Set-Cookie', f'a=b; Expires={DATE.format(4)}'),
            ('cookie.a.expires', DATE.format(1), DATE.format(4)),
        ),
        (('Expires', '0'), ('Expires', '-1'), ('expires', '0', '-1')),
    ],
)
def test_difference_names_the_field(
    sync: Header, async_: Header, difference: tuple[str, str, str]
) -> None:
    """Each difference is one field with both values."""
    assert found(response(sync), response(async_)) == [difference]


@pytest.mark.parametrize(
    'header', ['Expires: {}', 'Last-Modified: {}', 'Set-Cookie: a=b; Expires={}']
)
@pytest.mark.parametrize(
    ('seconds', 'same'),
    [
        (0, True),
        (2, True),
        (3, False),
        (27, False),
        (28, True),
        (30, True),
        (33, False),
    ],
)
def test_dates_are_counted_from_each_response(header: str, seconds: int, same: bool) -> None:
    """If a response is received 30 s later, its dates may be 30 s later, or the same."""
    sync, async_ = (
        response((name, value))
        for second in (10, 10 + seconds)
        for name, _, value in [header.format(DATE.format(second)).partition(': ')]
    )

    assert (not found(sync, async_, skew=30)) is same


def test_expires_without_a_date_is_compared_as_text() -> None:
    """An Expires that is not a date is the same as an equal text."""
    assert found(response(('Expires', '0')), response(('Expires', '0'))) == []


def test_bytes_are_compared() -> None:
    """Bodies that are not valid UTF-8 are compared as bytes."""
    assert found(response(body=b'\xff\x00'), response(body=b'\xff\x01')) == [
        ('body', r"b'\xff\x00'", r"b'\xff\x01'")
    ]


def test_cookie_that_is_set_twice_differs() -> None:
    """Setting a cookie twice is not the same as setting it once."""
    cookie = ('Set-Cookie', 'a=b')

    assert found(response(cookie, cookie), response(cookie)) == [('cookie.a#2', 'set', '(absent)')]


def test_cookies_of_the_same_name_are_all_compared() -> None:
    """Each Set-Cookie of a name is compared with the one in the same position."""
    sync, async_ = (
        response(*(('Set-Cookie', f'a={value}; Path=/{value}') for value in values))
        for values in ('bcd', 'xcy')
    )

    assert found(sync, async_) == [
        ('cookie.a.value', 'b', 'x'),
        ('cookie.a.path', '/b', '/x'),
        ('cookie.a#3.value', 'd', 'y'),
        ('cookie.a#3.path', '/d', '/y'),
    ]


def test_absent_cookie_is_reported_once() -> None:
    """An absent cookie is one difference; other cookies whose names begin alike are reported."""
    cookies = (('Set-Cookie', 'a=1'), ('Set-Cookie', 'a.b=2'), ('Set-Cookie', 'a.path=3; Path=/'))

    assert found(response(*cookies), response()) == [
        ('cookie.a', 'set', '(absent)'),
        ('cookie.a.b', 'set', '(absent)'),
        ('cookie.a.path#1', 'set', '(absent)'),
    ]


def test_unknown_attributes_are_compared() -> None:
    """Cookie attributes that no browser knows are compared together."""
    sync, async_ = (response(('Set-Cookie', f'a=b; x={value}; Value=c')) for value in (1, 2))

    assert found(sync, async_) == [('cookie.a.other', 'Value=c; x=1', 'Value=c; x=2')]


def test_absent_session_keys_are_all_reported() -> None:
    """A session key that looks like a part of another key is reported as well."""
    sync = RecordedResponse(200, session=(('a', '1'), ('a.expires', "'1'")))

    assert [name for name, *_ in found(sync, RecordedResponse(200))] == [
        'session.a',
        'session.a.expires',
    ]


def test_session_values_are_compared_exactly() -> None:
    """A date in a session has no tolerance, even if its key looks like a cookie's attribute."""
    sync, async_ = (
        RecordedResponse(200, session=(('a.expires', DATE.format(second)),)) for second in (1, 2)
    )

    assert found(sync, async_) == [('session.a.expires', DATE.format(1), DATE.format(2))]


def test_every_signed_cookie_is_compared() -> None:
    """A key in a second signed cookie is compared as well."""

    def with_session(value: object) -> RecordedResponse:
        user = SimulatedUser()
        for name, content in (('session', value), ('remember', 7)):
            signed = str(URLSafeTimedSerializer('any').dumps({'user': content}))
            httpx.Cookies(user.jar).set(name, signed)
        return record_response(200, (), b'', user.jar)

    assert found(with_session(7), with_session('7')) == [('session.user#2', '7', "'7'")]
