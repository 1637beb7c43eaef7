import sys
from datetime import timedelta
from email.message import Message
from http.cookiejar import CookieJar
from urllib.request import Request

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer

from quart_session_demo import create_app
from quart_session_demo.compare.harness.client import MAX_COOKIE_SIZE, SimulatedUser, make_client
from quart_session_demo.compare.harness.servers import ServerCommand, run_servers
from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.parity.diff import differences, fields, is_listed
from tests.conftest import KEY

SUB = 'eyJzdWIiOiIxMjM0NTY3ODkwIn0'

ENDLESS = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        while self.path == '/stream':
            self.wfile.write(b'more')
            time.sleep(0.1)
http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
"""


def reply(*headers: tuple[str, str], body: bytes = b'') -> dict[str, str]:
    return fields(200, headers, body, CookieJar())


def found(
    one: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...]
) -> list[tuple[str, str, str]]:
    return list(differences(reply(*one), reply(*other)))


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        ((('Date', 'now'), ('Server', 'a')), (('date', 'then'),)),
        ((('Allow', 'GET, HEAD'),), (('allow', 'HEAD,GET'),)),
        ((('Vary', 'Cookie'), ('Vary', 'Accept')), (('Vary', 'Accept, Cookie'),)),
        ((('Vary', 'Cookie, Accept'),), (('Vary', 'accept, cookie'),)),
        ((('Set-Cookie', 'a=b; SameSite=Lax'),), (('Set-Cookie', 'a=b; samesite=lax'),)),
        (
            (('Set-Cookie', 'a=b; Path=/; HttpOnly; Expires=Fri, 04 Dec 2026 00:00:01 GMT'),),
            (('Set-Cookie', 'a=b; expires=Fri, 04 Dec 2026 00:00:03 GMT; HttpOnly; path=/'),),
        ),
    ],
)
def test_differences_leaves_out_what_is_the_same(
    one: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...]
) -> None:
    assert found(one, other) == []


@pytest.mark.parametrize(
    ('one', 'other', 'difference'),
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
            ('Set-Cookie', 'a=b; Expires=Fri, 04 Dec 2026 00:00:01 GMT'),
            ('Set-Cookie', 'a=b; Expires=Fri, 04 Dec 2026 00:00:04 GMT'),
            (
                'cookie.a.expires',
                'Fri, 04 Dec 2026 00:00:01 GMT',
                'Fri, 04 Dec 2026 00:00:04 GMT',
            ),
        ),
    ],
)
def test_differences_yields_the_one_field_that_differs(
    one: tuple[str, str], other: tuple[str, str], difference: tuple[str, str, str]
) -> None:
    assert found((one,), (other,)) == [difference]


@pytest.mark.parametrize(
    'header', ['Expires: {}', 'Last-Modified: {}', 'Set-Cookie: a=b; Expires={}']
)
@pytest.mark.parametrize(
    ('later', 'same'),
    [(0, True), (2, True), (3, False), (27, False), (28, True), (30, True), (33, False)],
)
def test_differences_counts_dates_from_each_reply(header: str, later: int, same: bool) -> None:
    """The other reply came half a minute later."""
    one, other = (
        reply((name, value))
        for date in ('Fri, 04 Dec 2026 00:00:10 GMT', f'Fri, 04 Dec 2026 00:00:{10 + later} GMT')
        for name, _, value in [header.format(date).partition(': ')]
    )

    assert (not list(differences(one, other, timedelta(seconds=30)))) is same


def test_differences_takes_an_expires_that_is_no_date_as_it_is() -> None:
    assert found((('Expires', '0'),), (('Expires', '-1'),)) == [('expires', '0', '-1')]
    assert found((('Expires', '0'),), (('Expires', '0'),)) == []


def test_differences_tells_bytes_that_are_no_text() -> None:
    one, other = reply(body=b'\xff\x00'), reply(body=b'\xff\x01')

    assert list(differences(one, other)) == [('body', r"b'\xff\x00'", r"b'\xff\x01'")]


def test_differences_notices_a_cookie_that_is_set_twice() -> None:
    cookie = ('Set-Cookie', 'a=b')

    assert found((cookie, cookie), (cookie,)) == [('cookie.a#2', 'set', '(absent)')]


def test_differences_compares_every_cookie_of_a_name() -> None:
    one = [('Set-Cookie', f'a={value}; Path=/{value}') for value in 'bcd']
    other = [('Set-Cookie', f'a={value}; Path=/{value}') for value in 'xcy']

    assert found(tuple(one), tuple(other)) == [
        ('cookie.a.value', 'b', 'x'),
        ('cookie.a.path', '/b', '/x'),
        ('cookie.a#3.value', 'd', 'y'),
        ('cookie.a#3.path', '/d', '/y'),
    ]


def test_differences_tells_a_cookie_whose_name_begins_with_anothers() -> None:
    cookies = (('Set-Cookie', 'a=1'), ('Set-Cookie', 'a.b=2'), ('Set-Cookie', 'a.path=3; Path=/'))

    assert found(cookies, ()) == [
        ('cookie.a', 'set', '(absent)'),
        ('cookie.a.b', 'set', '(absent)'),
        ('cookie.a.path#1', 'set', '(absent)'),
    ]


def test_fields_keep_a_cookie_apart_from_an_attribute_or_number_of_another() -> None:
    names = ('a', 'a.Path', 'a', 'a#2')

    result = reply(*(('Set-Cookie', f'{name}={at}; Path=/{at}') for at, name in enumerate(names)))

    assert {name: value for name, value in result.items() if name.startswith('cookie.')} == {
        **{'cookie.a': 'set', 'cookie.a.value': '0', 'cookie.a.path': '/0'},
        **{'cookie.a.Path#1': 'set', 'cookie.a.Path#1.value': '1', 'cookie.a.Path#1.path': '/1'},
        **{'cookie.a#2': 'set', 'cookie.a#2.value': '2', 'cookie.a#2.path': '/2'},
        **{'cookie.a#2#1': 'set', 'cookie.a#2#1.value': '3', 'cookie.a#2#1.path': '/3'},
    }


def test_differences_compares_attributes_that_no_browser_knows() -> None:
    one, other = ('Set-Cookie', 'a=b; x=1; Value=c'), ('Set-Cookie', 'a=b; x=2; Value=c')

    assert found((one,), (other,)) == [('cookie.a.other', 'Value=c; x=1', 'Value=c; x=2')]


def test_differences_tells_session_keys_with_dots() -> None:
    one, other = {'session.a': '1', 'session.a.expires': "'1'"}, {'status': '200'}

    assert [name for name, *_ in differences(one, other)] == [*one, *other]


def test_differences_is_exact_about_what_is_no_cookie() -> None:
    name = 'session.a.expires'
    dates = [f'Fri, 04 Dec 2026 00:00:0{second} GMT' for second in (1, 2)]

    assert list(differences({name: dates[0]}, {name: dates[1]})) == [(name, *dates)]


def test_fields_take_a_jwt_for_a_value() -> None:
    # {"alg":"HS256","typ":"JWT"}, {"sub":"1234567890"} and {}.
    jwts = [f'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{payload}.c2ln' for payload in (SUB, 'e30')]

    values = [reply(('Set-Cookie', f'a={jwt}'))['cookie.a.value'] for jwt in jwts]

    assert values == jwts


async def test_fields_decode_the_session_of_whatever_key() -> None:
    app = create_app({'TESTING': True, 'SECRET_KEY': KEY})
    response = await app.test_client().get('/')
    visitor = SimulatedUser()
    httpx.Cookies(visitor.jar).extract_cookies(
        httpx.Response(
            200, headers=list(response.headers), request=httpx.Request('GET', 'http://127.0.0.1')
        )
    )

    result = fields(200, response.headers, b'', visitor.jar)

    assert {name: value for name, value in result.items() if name.startswith('session.')} == {
        'session._permanent': 'True',
        'session.age': '20',
        'session.username': "'zhiliao'",
    }
    assert 'cookie.session.value' not in result


def test_fields_tell_each_session_that_has_a_key() -> None:
    def held(user: object) -> dict[str, str]:
        visitor = SimulatedUser()
        for name, value in (('session', user), ('remember', 7)):
            signed = str(URLSafeTimedSerializer('any').dumps({'user': value}))
            httpx.Cookies(visitor.jar).set(name, signed)
        return fields(200, (), b'', visitor.jar)

    assert list(differences(held(7), held('7'))) == [('session.user#2', '7', "'7'")]


def test_is_listed_takes_a_whole_for_its_parts() -> None:
    assert is_listed('cookie.session.path', ['cookie.session'])
    assert is_listed('body', ['status', 'body'])
    assert is_listed('cookie.a#2', ['cookie.a'])
    assert is_listed('session.a#2', ['session.a'])
    assert is_listed('cookie.a#2.path', ['cookie.a'])
    assert not is_listed('cookie.sessions', ['cookie.session'])
    assert not is_listed('body', [])


def test_is_listed_takes_no_name_for_another_that_begins_with_it() -> None:
    assert not is_listed('cookie.prefs.theme', ['cookie.prefs'])
    assert is_listed('cookie.prefs.theme.path', ['cookie.prefs.theme'])
    assert not is_listed('cookie.a.path#1', ['cookie.a', 'cookie.a.path'])
    assert not is_listed('cookie.a#2#1', ['cookie.a', 'cookie.a#2'])
    assert is_listed('cookie.a.path#1.value', ['cookie.a.path#1'])
    assert not is_listed('session.user.name', ['session.user'])
    assert not is_listed('session.user#2#1', ['session.user', 'session.user#2'])
    assert not is_listed('x.y', ['x'])
    assert is_listed('session.user.name', ['session'])
    assert is_listed('cookie.prefs.theme', ['cookie'])


def test_is_listed_takes_kinds_and_attributes_in_whatever_case() -> None:
    assert is_listed('cookie.s.max-age', ['cookie.s.Max-Age'])
    assert is_listed('cookie.s.samesite', ['Cookie.s.SameSite'])
    assert is_listed('session.Key', ['Session.Key'])
    assert is_listed('session.Key', ['SESSION'])
    assert is_listed('capture.x', ['Capture.x'])
    assert not is_listed('cookie.s.max-age', ['cookie.S.max-age'])


def test_is_listed_takes_headers_in_whatever_case() -> None:
    assert is_listed('content-type', ['Content-Type'])
    assert is_listed('session.User', ['session.User'])
    assert not is_listed('session.user', ['session.User'])


def cookies_sent_after(set_cookie: str) -> str | None:
    jar = SimulatedUser().jar
    message = Message()
    message['Set-Cookie'] = set_cookie

    class Reply:
        def info(self) -> Message:
            return message

    jar.extract_cookies(Reply(), Request('http://127.0.0.1/'))  # type: ignore[arg-type]
    request = Request('http://127.0.0.1/')
    jar.add_cookie_header(request)
    return request.get_header('Cookie')


def test_a_visitor_sends_secure_cookies_to_this_machine() -> None:
    assert cookies_sent_after('a=b; Secure') == 'a=b'


def test_a_reply_that_never_ends_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('quart_session_demo.compare.harness.client.TIMEOUT', 0.5)
    contender = ServerCommand('Endless', (sys.executable, '-c', ENDLESS, '{port}'))

    with run_servers(contender) as [server], make_client() as client:
        assert SimulatedUser().send(client, server.url, Step('s', '/stream')) == {
            'status': 'no reply: no end within 0.5 s'
        }


def test_a_visitors_own_headers_replace_ours_in_whatever_case() -> None:
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(handle)) as client:
        SimulatedUser().send(client, 'http://127.0.0.1', Step('s', '/', headers={'host': 'shop'}))

    assert sent[0].headers.get_list('Host') == ['shop']


def test_a_visitor_drops_cookies_that_browsers_drop() -> None:
    largest = f'a={"x" * (MAX_COOKIE_SIZE - 1)}'

    assert cookies_sent_after(largest) == largest
    assert cookies_sent_after(f'{largest}x') is None
