"""The cookie session's format: Flask's own, and its keys."""

import uuid
from datetime import UTC, datetime
from typing import Any

import flask
import pytest
import quart
import time_machine
from flask.sessions import SecureCookieSessionInterface as FlaskInterface
from markupsafe import Markup
from quart import Quart, session

from quart_session_demo.sessions import CookieSessionInterface
from tests.apps.sessions_app import make_cookie_app
from tests.conftest import KEY, contents_of

TYPED: dict[str, Any] = {
    'tuple': (1, ('two', (b'three',))),
    'bytes': b'\x00\xff',
    'uuid': uuid.UUID(int=7),
    'markup': Markup('<b>bold</b>'),
    'datetime': datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC),
    'dict like a tag': {' t': [1]},
    'list': [None, True, 1, 1.5, '中文', {'deep': (1,)}],
}
ROTATED: dict[str, Any] = {'SECRET_KEY': 'new key', 'SECRET_KEY_FALLBACKS': [KEY, 'oldest key']}


def make_flask_app(**config: object) -> flask.Flask:
    app = flask.Flask('flask_app')
    app.config.from_mapping({'SECRET_KEY': KEY, **config})
    return app


def flask_serializer(**config: object) -> Any:
    return FlaskInterface().get_signing_serializer(make_flask_app(**config))


def signed_by_ours(data: dict[str, Any], **config: object) -> str:
    serializer = CookieSessionInterface().get_signing_serializer(make_cookie_app(**config))
    assert serializer is not None
    return str(serializer.dumps(data))


async def read_by_ours(value: str, name: str, **config: object) -> object:
    app = make_cookie_app(**config)
    async with app.test_request_context('/', headers={'Cookie': f'session={value}'}):
        return session.get(name)


def read_by_flask(value: str, name: str, **config: object) -> object:
    app = make_flask_app(**config)
    with app.test_request_context('/', headers={'Cookie': f'session={value}'}):
        return flask.session.get(name)


@pytest.mark.parametrize('name', TYPED)
async def test_cookie_keeps_types_both_ways(name: str) -> None:
    """Flask reads our cookies and we read Flask's, with every type."""
    value = TYPED[name]
    by_flask = flask_serializer().dumps({name: value})
    by_ours = signed_by_ours({name: value})

    for read in (await read_by_ours(by_flask, name), read_by_flask(by_ours, name)):
        assert read == value
        assert type(read) is type(value)


def test_cookie_equals_stock_quarts() -> None:
    """Our cookie is byte for byte the one that Quart's own interface makes."""
    stock = quart.sessions.SecureCookieSessionInterface().get_signing_serializer(make_cookie_app())
    assert stock is not None

    with time_machine.travel(1_800_000_000, tick=False):
        for data in ({'username': 'zhiliao', 'age': 20}, TYPED, {'long': 'again ' * 500}):
            assert signed_by_ours(data) == stock.dumps(data)


@pytest.mark.parametrize('key', [KEY, 'oldest key', 'new key'])
async def test_key_rotation_keeps_sessions(key: str) -> None:
    """Cookies of the current key and of each fallback key are read, by Flask and by us."""
    by_flask = flask_serializer(SECRET_KEY=key).dumps({'a': 1})
    by_ours = signed_by_ours({'a': 1}, SECRET_KEY=key)

    assert await read_by_ours(by_flask, 'a', **ROTATED) == 1
    assert read_by_flask(by_ours, 'a', **ROTATED) == 1


def test_current_key_signs() -> None:
    """New cookies are signed with the current key, not with a fallback key."""
    by_ours = signed_by_ours({'a': 1}, **ROTATED)

    assert read_by_flask(by_ours, 'a', SECRET_KEY='new key') == 1
    assert read_by_flask(by_ours, 'a') is None


async def test_changed_key_applies_at_once(cookie_app: Quart) -> None:
    """A key that changes while the app runs applies to the next request."""
    client = cookie_app.test_client()
    await client.get('/set/small')

    cookie_app.secret_key = 'another key'

    assert await (await client.get('/contents')).get_json() == {}


async def test_fallbacks_as_one_string_are_one_key() -> None:
    """`SECRET_KEY_FALLBACKS` as one string is one key: its characters are no keys."""
    app = make_cookie_app(SECRET_KEY_FALLBACKS='12')
    forged = flask_serializer(SECRET_KEY='1').dumps({'admin': True})
    genuine = flask_serializer(SECRET_KEY='12').dumps({'admin': True})

    assert await contents_of(app, forged) == {}
    assert await contents_of(app, genuine) == {'admin': True}


@pytest.mark.parametrize('fallbacks', [['', 'old', b''], ('old', '')], ids=str)
async def test_empty_fallback_is_no_key(fallbacks: object) -> None:
    """An empty fallback key is ignored; the other fallback keys work."""
    forger = flask_serializer()
    forger.secret_keys = [b'']
    forged = forger.dumps({'a': 1})
    genuine = flask_serializer(SECRET_KEY='old').dumps({'a': 1})

    assert await read_by_ours(forged, 'a', SECRET_KEY_FALLBACKS=fallbacks) is None
    assert await read_by_ours(genuine, 'a', SECRET_KEY_FALLBACKS=fallbacks) == 1


@pytest.mark.parametrize('content', [[1], 'text', None, 5])
async def test_signed_content_of_another_type_is_empty(cookie_app: Quart, content: object) -> None:
    """A genuine cookie whose content is no dict is an empty session."""
    assert await contents_of(cookie_app, flask_serializer().dumps(content)) == {}


async def test_missing_key_fails_at_the_first_change(cookie_app: Quart) -> None:
    """Without a key a session is read as empty, and a change returns 500."""
    cookie_app.secret_key = None

    assert (await cookie_app.test_client().get('/contents')).status_code == 200
    assert (await cookie_app.test_client().get('/set/small')).status_code == 500
