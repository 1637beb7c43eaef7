"""The altered copies of the session cookie, which the app refuses."""

import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from flask.json.tag import JSONTag
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from quart import Quart, session
from quart.sessions import SecureCookieSessionInterface

from quart_session_demo.playground.altered_copies import altered_copy
from quart_session_demo.sessions import CookieSessionInterface
from tests.conftest import KEY
from tests.playground.conftest import PageUser, outcome


class DecimalTag(JSONTag):
    """A JSON tag of a user's own."""

    key = ' decimal'

    def check(self, value: Any) -> bool:
        return isinstance(value, Decimal)

    def to_json(self, value: Any) -> str:
        return str(value)

    def to_python(self, value: str) -> Decimal:
        return Decimal(value)


class CustomInterface(CookieSessionInterface):
    """A user's own signature and JSON."""

    salt = 'another salt'
    digest_method = staticmethod(hashlib.sha256)
    key_derivation = 'django-concat'
    serializer = type(CookieSessionInterface.serializer)()
    serializer.register(DecimalTag)


class StockInterface(SecureCookieSessionInterface):
    """Quart's own interface, with another signature."""

    salt = 'another salt'
    digest_method = staticmethod(hashlib.sha256)


class SeparatorInterface(SecureCookieSessionInterface):
    """Quart's own interface, with another separator."""

    def get_signing_serializer(self, app: Quart) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer_kwargs['sep'] = ':'
        return serializer


@pytest.fixture(params=[CookieSessionInterface, CustomInterface, StockInterface])
def user(user: PageUser, request: pytest.FixtureRequest) -> PageUser:
    """Return a user of an app with our session interface, a custom one, and Quart's."""
    user.app.session_interface = request.param()
    return user


@pytest.mark.parametrize('alteration', ['character', 'key', 'time'])
async def test_copy_is_refused_and_the_session_stays(user: PageUser, alteration: str) -> None:
    """The app refuses each copy, and the user's own session does not change."""
    await user.update_session({'a': 1})

    report = await user.act(alteration)

    assert 'refuses the copy' in report
    assert 'It reads <code>{}</code>' in report
    assert await user.session() == {'a': 1}


async def test_copy_differs_in_one_thing(user: PageUser) -> None:
    """A copy differs from the cookie in the altered thing only, and only that is refused."""
    content = {'a': 1, 'price': Decimal('1.50')}
    if not isinstance(user.app.session_interface, CustomInterface):
        del content['price']
    serializer = user.app.session_interface.get_signing_serializer(user.app)
    assert serializer
    with time_machine.travel('2026-01-01 12:00 +0000', tick=False):
        cookie = str(serializer.dumps(content))
    payload, timestamp, signature = cookie.split('.')

    with time_machine.travel('2026-01-02 12:00 +0000', tick=False):
        character, key, time = (
            altered_copy(alteration, cookie, user.app)
            for alteration in ('character', 'key', 'time')
        )
        with pytest.raises(SignatureExpired):
            serializer.loads(time, max_age=10 * 86400)

    assert sum(a != b for a, b in zip(character, cookie, strict=True)) == 1
    assert key.split('.')[:2] == [payload, timestamp]
    assert key.split('.')[2] != signature
    with pytest.raises(BadSignature):
        serializer.loads(key)
    assert time.split('.')[0] == payload
    value, signed_at = serializer.loads(time, return_timestamp=True)
    assert value == content
    # 11 days before the second time: the lifetime of 10 days, and one day.
    assert signed_at.isoformat() == '2025-12-22T12:00:00+00:00'


async def test_copy_with_the_right_key_is_accepted(
    monkeypatch: pytest.MonkeyPatch, user: PageUser
) -> None:
    """The app accepts the copy if its key is right, so the key alone is what it refuses."""
    monkeypatch.setattr(
        'quart_session_demo.playground.altered_copies.secrets.token_hex', lambda: KEY
    )
    await user.update_session({'a': 1})

    report = await user.act('key')

    assert 'accepts the copy' in report
    assert "It reads <code>{'a': 1}</code>" in report


async def test_lifetime_of_decades_never_expires(make_user: Callable[..., PageUser]) -> None:
    """With a lifetime that reaches back before 1970 no copy can have expired."""
    user = make_user(PERMANENT_SESSION_LIFETIME=3e9)
    await user.update_session({'a': 1})

    text = await user.refused(409, 'time')

    assert 'no signature can be old enough to expire' in outcome(text)
    assert 'refuses the copy' in await user.act('key')


async def test_copy_needs_a_session(user: PageUser) -> None:
    """Without a session there is nothing to copy."""
    assert 'set a key first' in outcome(await user.refused(409, 'character'))


@pytest.mark.parametrize('alteration', ['key', 'time'])
async def test_session_without_its_cookie_is_not_copied(user: PageUser, alteration: str) -> None:
    """A session that the app itself filled, beside an invalid cookie, has no cookie to copy."""

    @user.app.before_request
    async def count() -> None:
        session['count'] = 1

    response = await user.post(alteration, headers={'Cookie': 'session=invalid'})

    assert response.status_code == 409


@pytest.mark.parametrize('alteration', ['character', 'key', 'time'])
async def test_other_separator_is_altered(user: PageUser, alteration: str) -> None:
    """The copies of a cookie whose parts have another separator are refused, too."""
    user.app.session_interface = SeparatorInterface()
    await user.update_session({'a': 1})

    assert 'refuses the copy' in await user.act(alteration)
