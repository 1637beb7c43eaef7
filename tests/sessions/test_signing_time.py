"""Cookies that are signed with another time or another key, by the app's own serializer."""

from datetime import UTC, datetime

import pytest
from itsdangerous import BadSignature, SignatureExpired
from quart import Quart

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
