"""Properties of the cookie session: any content, and any cookie that somebody altered."""

import asyncio
import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import flask
from flask.sessions import SecureCookieSessionInterface as FlaskInterface
from flask.sessions import session_json_serializer
from hypothesis import given, settings
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from markupsafe import Markup
from quart import Quart, Response, session
from time_machine import TimeMachineFixture
from werkzeug.datastructures import MultiDict

from quart_session_demo.sessions import CookieSessionInterface

NOW = 1_800_000_000
CONFIG = {
    'SECRET_KEY': 'the current key',
    'SECRET_KEY_FALLBACKS': ['an old key'],
    'MAX_COOKIE_SIZE': 0,
}
LIFETIME = 31 * 24 * 60 * 60

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.uuids()
    | st.text().map(Markup)
    # HTTP dates: whole seconds, in UTC.
    | st.datetimes(datetime(1000, 1, 1)).map(
        lambda it: it.replace(microsecond=0, tzinfo=UTC, fold=0)
    )
)
# A dict with one key may look like one of the tags.
KEYS = st.text() | st.sampled_from([' t', ' b', ' di', ' m', ' u', ' d', ' t__'])
SESSIONS = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(KEYS, inner, max_size=3)
        ),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


def make_flask_app() -> flask.Flask:
    app = flask.Flask('flask_app')
    app.config.from_mapping(CONFIG)
    return app


def make_quart_app() -> Quart:
    app = Quart('quart_app')
    app.config.from_mapping(CONFIG)
    app.session_interface = CookieSessionInterface()
    return app


# All examples share the apps, which they do not change.
FLASK_APP = make_flask_app()
QUART_APP = make_quart_app()


def typed(value: Any) -> object:
    """Return a value that equals another one only if all types in them are the same, too."""
    if isinstance(value, dict):
        return dict, {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [typed(inner) for inner in value]
    return type(value), repr(value)


def set_in_flask(app: flask.Flask, data: dict[str, Any]) -> str:
    with app.test_request_context('/'):
        flask.session.update(data)
        response = app.process_response(flask.Response())
    return response.headers['Set-Cookie'].partition(';')[0]


def read_by_flask(app: flask.Flask, cookie: str) -> dict[str, Any]:
    with app.test_request_context('/', headers={'Cookie': cookie}):
        return dict(flask.session)


async def set_in_ours(app: Quart, data: dict[str, Any]) -> str:
    async with app.test_request_context('/') as context:
        session.update(data)
        response = Response('')
        await app.session_interface.save_session(app, cast(Any, context.session), response)
    return response.headers['Set-Cookie'].partition(';')[0]


async def read_by_ours(app: Quart, cookie: str) -> dict[str, Any]:
    async with app.test_request_context('/', headers={'Cookie': cookie}):
        return dict(session)


@given(SESSIONS)
@settings(max_examples=100, derandomize=True, deadline=None, database=None)
def test_any_session_survives_ours_and_flask(data: dict[str, Any]) -> None:
    """Any session is read unchanged from our cookie and from Flask's, by either interface."""

    async def check() -> None:
        by_ours = await set_in_ours(QUART_APP, data)
        by_flask = set_in_flask(FLASK_APP, data)

        for read in (
            read_by_flask(FLASK_APP, by_ours),
            await read_by_ours(QUART_APP, by_ours),
            await read_by_ours(QUART_APP, by_flask),
        ):
            assert typed(read) == typed(data)

    asyncio.run(check())


@dataclass
class CookieOnly:
    """The only part of a request that a session interface reads."""

    cookies: MultiDict[str, str]


def with_cookie(value: str) -> Any:
    """Return a request with this session cookie."""
    return CookieOnly(MultiDict({'session': value}))


RANDOM = random.Random(20261124)  # noqa: S311
DATA: list[dict[str, Any]] = [
    {'username': 'zhiliao', 'age': 20, '_permanent': True},
    {'a': (1, b'two')},
    {'text': 'compressed ' * 20},
    {'n': None},
]


class SignerAt(TimestampSigner):
    """Signs at any time."""

    time = NOW

    def get_timestamp(self) -> int:
        return self.time


def serializer(key: str, salt: str = 'cookie-session', **options: Any) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        key,
        salt=salt,
        serializer=session_json_serializer,
        signer=SignerAt,
        signer_kwargs={'key_derivation': 'hmac', 'digest_method': hashlib.sha1, **options},
    )


GENUINE = [
    str(serializer(key).dumps(data)) for data in DATA for key in ('the current key', 'an old key')
]


def bits_flipped() -> str:
    value = bytearray(RANDOM.choice(GENUINE), 'ascii')
    for _ in range(RANDOM.choice((1, 1, 2))):
        value[RANDOM.randrange(len(value))] ^= 1 << RANDOM.randrange(8)
    # As Werkzeug reads a Cookie header.
    return value.decode('utf-8', 'replace')


def spliced() -> str:
    one, other = RANDOM.choice(GENUINE), RANDOM.choice(GENUINE)
    if RANDOM.random() < 0.5:
        cut = RANDOM.randrange(len(one))
        return one[:cut] + other[cut:]
    parts = zip(one.rsplit('.', 2), other.rsplit('.', 2), strict=True)
    return '.'.join(RANDOM.choice(pair) for pair in parts)


def truncated() -> str:
    value = RANDOM.choice(GENUINE)
    return value[RANDOM.randrange(2) : RANDOM.randrange(len(value) + 1)]


OTHERS = [
    serializer('the current key', salt='itsdangerous'),
    serializer('the current key', salt=''),
    serializer('the current key', key_derivation='none'),
    serializer('the current key', key_derivation='django-concat'),
    serializer('the current key', digest_method=hashlib.sha256),
    serializer('another key'),
    serializer('t'),
    serializer('a'),
]


def of_other_salts() -> str:
    return str(RANDOM.choice(OTHERS).dumps(RANDOM.choice(DATA)))


TIMES = (0, 1, NOW - LIFETIME - 1, NOW - LIFETIME, NOW, NOW + 1, 2**32, 2**40, 2**63)
GENUINE_SERIALIZER = serializer('the current key')


def of_other_times() -> str:
    SignerAt.time = RANDOM.choice((*TIMES, RANDOM.randrange(2 * NOW)))
    try:
        return str(GENUINE_SERIALIZER.dumps(RANDOM.choice(DATA)))
    finally:
        SignerAt.time = NOW


#: How many cookies each mutation makes.
EACH = 4000
#: How to alter a cookie, or to sign one as somebody else would.
MUTATIONS: list[Callable[[], str]] = [
    bits_flipped,
    spliced,
    truncated,
    of_other_salts,
    of_other_times,
]


def mutated() -> Iterator[str]:
    for mutate in MUTATIONS:
        for _ in range(EACH):
            yield mutate()


def read_by_flasks_interface(app: flask.Flask, value: str) -> object:
    try:
        return FlaskInterface().open_session(app, with_cookie(value)) or None
    # Flask fails on some of them, and so accepts them no more than we do.
    except (ArithmeticError, TypeError, ValueError):
        return None


async def test_mutated_cookie_is_accepted_only_if_flask_does(
    time_machine: TimeMachineFixture,
) -> None:
    """No altered cookie gives another session than in Flask, which refuses nearly all of them."""
    app, flask_app = make_quart_app(), make_flask_app()
    interface = CookieSessionInterface()
    time_machine.move_to(NOW, tick=False)
    accepted = refused = 0

    for number, value in enumerate((*GENUINE, *mutated())):
        ours = await interface.open_session(app, with_cookie(value)) or None
        if ours is None:
            refused += 1
        else:
            accepted += 1
        # All that are accepted, and a tenth of the others.
        if ours is not None or number % 10 == 0:
            assert ours == read_by_flasks_interface(flask_app, value), value

    assert accepted + refused == len(GENUINE) + len(MUTATIONS) * EACH
    assert accepted > len(GENUINE)
    assert refused > 3 * EACH


async def test_mutated_cookie_is_no_error(time_machine: TimeMachineFixture) -> None:
    """A request with an altered cookie succeeds."""
    app = make_quart_app()
    time_machine.move_to(NOW, tick=False)

    @app.route('/')
    async def view() -> str:
        return str(len(session))

    client = app.test_client(use_cookies=False)
    for mutate in MUTATIONS:
        for _ in range(100):
            response = await client.get('/', headers={'Cookie': f'session={mutate()}'})

            assert response.status_code == 200
