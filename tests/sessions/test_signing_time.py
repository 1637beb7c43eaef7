"""Cookies that are signed with another time or another key, by the app's own serializer."""

from datetime import UTC, datetime

import pytest
import time_machine
from itsdangerous import BadData, BadSignature, SignatureExpired, Signer, URLSafeTimedSerializer
from quart import Quart
from quart.sessions import SecureCookieSessionInterface

from quart_session_demo.sessions import CookieSessionInterface
from quart_session_demo.sessions.serializer import SessionSerializer
from tests.conftest import KEY

CONTENT = {'username': 'zhiliao', 'pair': (1, 2)}
SIGNED_AT = 1_700_000_000


@pytest.fixture
def serializer() -> SessionSerializer:
    app = Quart('signing')
    app.secret_key = KEY
    serializer = CookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    return serializer


def test_dumps_at_signs_with_the_given_time(serializer: SessionSerializer) -> None:
    """A cookie signed at a given time verifies and holds that time."""
    cookie = serializer.dumps_at(CONTENT, SIGNED_AT)

    loaded, signed_at = serializer.loads(cookie, return_timestamp=True)
    assert loaded == CONTENT
    assert signed_at == datetime.fromtimestamp(SIGNED_AT, UTC)
    with pytest.raises(SignatureExpired):
        serializer.loads(cookie, max_age=60)


def test_dumps_at_equals_dumps_at_that_time(serializer: SessionSerializer) -> None:
    """`dumps_at` returns byte for byte what `dumps` would have returned at that time."""
    cookie = serializer.dumps(CONTENT)
    _, signed_at = serializer.loads(cookie, return_timestamp=True)

    assert serializer.dumps_at(CONTENT, int(signed_at.timestamp())) == cookie


def test_serializer_with_another_key_is_not_accepted(serializer: SessionSerializer) -> None:
    """The same serializer with another key makes cookies that the app's own one refuses."""
    other = SessionSerializer(
        'another key',
        salt=serializer.salt,
        serializer=serializer.serializer,
        signer_kwargs=serializer.signer_kwargs,
    )
    cookie = other.dumps(CONTENT)

    assert other.loads(cookie) == CONTENT
    with pytest.raises(BadSignature):
        serializer.loads(cookie)


def outcome(serializer: URLSafeTimedSerializer, cookie: str) -> object:
    """Return what a serializer reads from a cookie, or its error."""
    try:
        return serializer.loads(cookie, max_age=60, return_timestamp=True)
    except BadData as error:
        return type(error), getattr(error, 'date_signed', None)


@pytest.mark.parametrize('age', [0, 60, 61, -1])
@pytest.mark.parametrize('signing_key', [KEY, 'old key', 'another key'])
def test_cookie_is_read_as_by_itsdangerous(age: int, signing_key: str) -> None:
    """A cookie of any age and key, whole or altered, is read or refused as by itsdangerous."""
    app = Quart('signing')
    app.config.update(SECRET_KEY=KEY, SECRET_KEY_FALLBACKS=['old key'])
    ours = CookieSessionInterface().get_signing_serializer(app)
    stock = SecureCookieSessionInterface().get_signing_serializer(app)
    app.config.update(SECRET_KEY=signing_key, SECRET_KEY_FALLBACKS=None)
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert ours is not None
    assert stock is not None
    assert signer is not None
    with time_machine.travel(SIGNED_AT, tick=False):
        cookie = str(signer.dumps(CONTENT))
        content, time, signature = cookie.split('.')
        untimed = Signer(KEY, 'cookie-session', key_derivation='hmac').sign(content).decode()
        unreadable = signer.make_signer().sign('e30x').decode()
    copies = (
        cookie,
        untimed,
        unreadable,
        '',
        content,
        f'{content}.{signature}',
        f'{content}.{time}.{signature[:-2]}',
        f'{content}.{time}.{signature}=',
        f'{content}A.{time}.{signature}',
        f'{content}.{time}AAAAAAAAAAAA.{signature}',
    )

    with time_machine.travel(SIGNED_AT + age, tick=False):
        for copy in copies:
            assert outcome(ours, copy) == outcome(stock, copy)
        if signing_key != 'another key' and 0 <= age <= 60:
            assert ours.loads(cookie, max_age=60) == CONTENT
