"""What is recorded of a response."""

from http.cookiejar import CookieJar

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer
from quart import Quart

from quart_session_demo.compare.harness.client import SimulatedUser
from quart_session_demo.compare.harness.fields import BODY, STATUS, Field
from quart_session_demo.compare.harness.recording import RecordedResponse, record_response

# The content {"sub":"1234567890"} of a JWT.
SUBJECT = 'eyJzdWIiOiIxMjM0NTY3ODkwIn0'


def record(*headers: tuple[str, str], body: bytes = b'') -> dict[Field, str]:
    """Return the fields of a response with these headers."""
    return record_response(200, headers, body, CookieJar()).fields()


def test_recording_merges_headers() -> None:
    """Headers of the same name become one field, also when one is called Status."""
    fields = record(('X-Own', '1'), ('Status', '200 OK'), ('x-own', '2'))

    assert fields == {
        STATUS: '200, 200 OK',
        Field('x-own'): '1, 2',
        BODY: '',
    }


def test_recording_separates_cookies() -> None:
    """A cookie is not confused with an attribute of another one, or with its second value."""
    names = ('a', 'a.Path', 'a', 'a#2')

    fields = record(*(('Set-Cookie', f'{name}={at}; Path=/{at}') for at, name in enumerate(names)))

    assert {str(field): value for field, value in fields.items() if field.kind == 'cookie'} == {
        'cookie.a': 'set',
        'cookie.a.value': '0',
        'cookie.a.path': '/0',
        'cookie.a.Path#1': 'set',
        'cookie.a.Path#1.value': '1',
        'cookie.a.Path#1.path': '/1',
        'cookie.a#2': 'set',
        'cookie.a#2.value': '2',
        'cookie.a#2.path': '/2',
        'cookie.a#2#1': 'set',
        'cookie.a#2#1.value': '3',
        'cookie.a#2#1.path': '/3',
    }


@pytest.mark.parametrize('payload', [SUBJECT, 'e30'])
def test_recording_treats_jwt_as_value(payload: str) -> None:
    """A JWT in a cookie is not mistaken for a signed session."""
    jwt = f'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{payload}.c2ln'

    assert record(('Set-Cookie', f'a={jwt}'))[Field('cookie', 'a', 'value')] == jwt


async def test_recording_decodes_session(app: Quart) -> None:
    """The values of a session are recorded, signed with any key, and not the cookie itself."""
    response = await app.test_client().get('/')
    user = SimulatedUser()
    httpx.Cookies(user.jar).extract_cookies(
        httpx.Response(
            200, headers=list(response.headers), request=httpx.Request('GET', 'http://127.0.0.1')
        )
    )

    fields = record_response(200, response.headers, b'', user.jar).fields()

    assert {field.name: value for field, value in fields.items() if field.kind == 'session'} == {
        '_permanent': 'True',
        'age': '20',
        'username': "'zhiliao'",
    }
    assert Field('cookie', 'session') in fields
    assert Field('cookie', 'session', 'value') not in fields


def test_recording_numbers_repeated_session_keys() -> None:
    """A key in two signed cookies is recorded twice, in the order of the cookies' names."""
    user = SimulatedUser()
    for name, value in (('session', '7'), ('remember', 7)):
        signed = str(URLSafeTimedSerializer('any').dumps({'user': value}))
        httpx.Cookies(user.jar).set(name, signed)

    response = record_response(200, (), b'', user.jar)

    assert response.session == (('user', '7'), ('user', "'7'"))
    assert response.fields()[Field('session', 'user', number=2)] == "'7'"


def test_recording_keeps_captures() -> None:
    """A field shows for each capture whether it found anything."""
    fields = record_response(200, (), b'', CookieJar(), {'a': True, 'b': False}).fields()

    assert fields[Field('capture', 'a')] == 'found'
    assert fields[Field('capture', 'b')] == 'not found'


def test_recorded_error_is_a_status() -> None:
    """Without a response the status shows the reason, and there are no other fields."""
    assert RecordedResponse(error='refused').fields() == {STATUS: 'no response: refused'}
