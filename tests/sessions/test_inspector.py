"""The inspector: what it reports of a cookie, and how it refuses hostile input."""

import base64
import random
import time
import tracemalloc
import uuid
import zlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import flask
import pytest
import time_machine
from flask.sessions import SecureCookieSessionInterface as FlaskInterface
from markupsafe import Markup
from quart import Quart

from quart_session_demo.sessions.inspector import (
    MAX_NESTING,
    MAX_PAYLOAD_SIZE,
    NotASessionCookie,
    SignedBy,
    inspect_cookie,
)
from tests.conftest import KEY, get_with_cookie, make_app

SIGNED = 1_800_000_000
NOW = datetime.fromtimestamp(SIGNED, UTC)


def signed(data: object, key: str = KEY, at: int | None = SIGNED) -> str:
    """Return the cookie value that Flask signs, at a time in seconds since 1970 or now."""
    app = flask.Flask('flask_app')
    app.secret_key = key
    serializer: Any = FlaskInterface().get_signing_serializer(app)
    if at is None:
        return str(serializer.dumps(data))
    with time_machine.travel(at, tick=False):
        return str(serializer.dumps(data))


def test_inspector_reports_all_parts(app: Quart) -> None:
    """The inspector reports parts, payload, times, size and key of a genuine cookie."""
    value = signed({'username': 'zhiliao', '_permanent': True})

    cookie = inspect_cookie(value, app, NOW)

    assert (
        f'{cookie.payload_part}.{cookie.timestamp_part}.{cookie.signature_part}',
        cookie.payload,
        cookie.permanent,
        cookie.compressed,
        cookie.value_size,
        cookie.signed_at,
        cookie.expires_at,
        cookie.signed_by,
        cookie.accepted,
    ) == (
        value,
        {'username': 'zhiliao', '_permanent': True},
        True,
        False,
        len(value),
        NOW,
        NOW + timedelta(days=10),
        SignedBy.CURRENT,
        True,
    )


def test_inspector_keeps_types(app: Quart) -> None:
    """The payload has the types that were stored."""
    data = {
        'tuple': (1, b'two'),
        'uuid': uuid.UUID(int=7),
        'markup': Markup('<b>'),
        'datetime': NOW,
        '中文': [None, 1.5],
    }

    payload = inspect_cookie(signed(data), app).payload

    assert payload == data
    assert [type(value) for value in payload.values()] == [type(value) for value in data.values()]


def test_inspector_reads_compressed_content(app: Quart) -> None:
    """A compressed cookie is decompressed, and reported as compressed."""
    data = {'text': 'again ' * 1000}

    cookie = inspect_cookie(signed(data), app)

    assert cookie.compressed
    assert cookie.payload_part.startswith('.')
    assert cookie.payload == data


async def test_inspector_reports_sent_size(app: Quart) -> None:
    """The reported size is that of the whole `Set-Cookie` header, beside the limit."""
    sent = (await app.test_client().get('/')).headers['Set-Cookie']
    value = sent.partition(';')[0].removeprefix('session=')

    cookie = inspect_cookie(value, app)

    assert cookie.cookie_size == len(sent)
    assert cookie.limit == 4093
    assert cookie.room == 4093 - len(sent)


def test_inspector_reports_too_large_cookie(app: Quart) -> None:
    """A cookie over the limit has a negative amount of room."""
    # Random, so that it stays large when it is compressed.
    large = random.Random(1).randbytes(4000).hex()  # noqa: S311

    cookie = inspect_cookie(signed({'large': large}), app)

    assert cookie.room is not None
    assert cookie.room < 0


def test_inspector_without_limit_reports_no_room() -> None:
    """Without `MAX_COOKIE_SIZE` there is no limit and no room to report."""
    app = make_app(MAX_COOKIE_SIZE=0)

    cookie = inspect_cookie(signed({'a': 1}), app)

    assert (cookie.limit, cookie.room) == (None, None)


@pytest.mark.parametrize(
    ('key', 'signed_by', 'number', 'accepted'),
    [
        ('current', SignedBy.CURRENT, None, True),
        ('old', SignedBy.FALLBACK, 1, True),
        ('oldest', SignedBy.FALLBACK, 2, True),
        ('unknown', SignedBy.NO_KEY, None, False),
    ],
)
def test_inspector_reports_key(
    key: str, signed_by: SignedBy, number: int | None, accepted: bool
) -> None:
    """The inspector reports which key signed the cookie, and accepts only known keys."""
    app = make_app(SECRET_KEY='current', SECRET_KEY_FALLBACKS=['old', 'oldest'])

    cookie = inspect_cookie(signed({'a': 1}, key), app, NOW)

    assert (cookie.signed_by, cookie.fallback_number) == (signed_by, number)
    assert cookie.accepted is accepted


def test_inspector_needs_no_key(app: Quart) -> None:
    """Without a key the payload is readable, and the cookie unchecked and not accepted."""
    app.secret_key = None

    cookie = inspect_cookie(signed({'a': 1}), app, NOW)

    assert cookie.payload == {'a': 1}
    assert cookie.signed_by is SignedBy.UNCHECKED
    assert not cookie.accepted


@pytest.mark.parametrize(
    ('seconds', 'expired', 'ahead'),
    [(-1, False, True), (0, False, False), (864000, False, False), (864001, True, False)],
)
async def test_inspector_and_app_agree_on_time(
    app: Quart, seconds: int, expired: bool, ahead: bool
) -> None:
    """The inspector accepts a cookie exactly at the times at which the app does."""
    value = signed({'username': 'zhiliao'})
    now = SIGNED + seconds

    cookie = inspect_cookie(value, app, datetime.fromtimestamp(now + 0.5, UTC))
    with time_machine.travel(now + 0.5, tick=False):
        response = await get_with_cookie(app, '/get_session/', value)

    assert (cookie.expired, cookie.signed_in_the_future) == (expired, ahead)
    assert cookie.accepted is (await response.get_data() == b'zhiliao')


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def make_cookie(content: bytes, compress: bool = False) -> str:
    payload = f'.{encoded(zlib.compress(content, 9))}' if compress else encoded(content)
    return f'{payload}.awTPRg.lSRq6pa60fA8YIWPIMBWq0WNi4Y'


def nested_lists(levels: int) -> bytes:
    return b'{"a":' + b'[' * levels + b']' * levels + b'}'


NOT_COOKIES = {
    'nothing': '',
    'text': 'hello',
    'two parts': 'eyJhIjoxfQ.awTPRg',
    'four parts': 'eyJhIjoxfQ.eyJhIjoxfQ.awTPRg.lSRq6pa60fA8',
    'whole cookie': f'session={make_cookie(b"{}")}',
    'other letters': make_cookie(b'{}').replace('.', '.%', 1),
    'Arabic digits': '٣.٣.٣',
    'half a pair': '\udc80.a.b',
    'not base64': 'a.awTPRg.lSRq',
    'not JSON': make_cookie(b'{"a":'),
    'not valid UTF-8': make_cookie(b'{"a":"\xff"}'),
    'UTF-16': make_cookie('{"a":1}'.encode('utf-16')),
    'a list': make_cookie(b'[1]'),
    'a number': make_cookie(b'1'),
    'a lone tag': make_cookie(b'{" t":[1]}'),
    'a wrong tag': make_cookie(b'{"a":{" u":5}}'),
    'a huge number': make_cookie(b'{"a":' + b'9' * 6000 + b'}'),
    'not a time': 'e30.' + 'a' * 200 + '.lSRq',
    'an endless time': 'e30.' + '_' * 8000 + '.lSRq',
    'not compressed': '.' + make_cookie(b'{"a":1}'),
    'truncated': '.' + encoded(zlib.compress(b'{"a":"b"}')[:-6]) + '.awTPRg.lSRq',
    'megabytes': make_cookie(b'{"a":"' + b'a' * 5_000_000 + b'"}'),
    'a large content': make_cookie(b'{"a":"' + b'a' * MAX_PAYLOAD_SIZE + b'"}', compress=True),
    'a bomb': make_cookie(b'{"a":"' + b'a' * 10_000_000 + b'"}', compress=True),
    'nested': make_cookie(nested_lists(MAX_NESTING), compress=True),
    'many lists': make_cookie(
        b'{"a":[' + b','.join([b'[' * 97 + b']' * 97] * 160) + b']}', compress=True
    ),
    'nested deeper than Python': make_cookie(nested_lists(15_000), compress=True),
}


@pytest.mark.parametrize('name', NOT_COOKIES)
def test_inspector_refuses_with_one_sentence(app: Quart, name: str) -> None:
    """Anything that is no session cookie raises one error with a short sentence."""
    with pytest.raises(NotASessionCookie, match=r'\A[^\n]+\.\Z') as raised:
        inspect_cookie(NOT_COOKIES[name], app)

    assert len(str(raised.value)) < 120


def test_inspector_accepts_just_within_limits(app: Quart) -> None:
    """Content that is just within the limits of depth and size is inspected."""
    nested = inspect_cookie(make_cookie(nested_lists(MAX_NESTING - 1)), app)
    large = inspect_cookie(
        make_cookie(b'{"a":"' + b'a' * (MAX_PAYLOAD_SIZE - 8) + b'"}', compress=True), app
    )

    assert list(nested.payload) == list(large.payload) == ['a']


def test_inspector_bounds_memory_and_time(app: Quart) -> None:
    """Hostile input costs a bounded amount of memory and of processor time."""
    ordinary = signed({'username': 'zhiliao', '_permanent': True})
    wide = make_cookie(b'{"a":[' + b'[],' * (MAX_PAYLOAD_SIZE // 3 - 4) + b'[]]}', compress=True)
    hostile = [*NOT_COOKIES.values(), wide]
    inspect_cookie(ordinary, app)

    tracemalloc.start()
    try:
        for value in hostile:
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            inspect_anything(value, app)
            _, peak = tracemalloc.get_traced_memory()
            assert peak - before < 100 * MAX_PAYLOAD_SIZE
    finally:
        tracemalloc.stop()
    ordinary_time = processor_time(ordinary, app)
    for value in hostile:
        assert processor_time(value, app) < 1000 * ordinary_time


def processor_time(value: str, app: Quart) -> float:
    """Return the least of several runs: Python may collect garbage in any of them."""

    def once() -> float:
        start = time.process_time()
        inspect_anything(value, app)
        return time.process_time() - start

    return min(once() for _ in range(10))


def inspect_anything(value: str, app: Quart) -> None:
    with suppress(NotASessionCookie):
        inspect_cookie(value, app)


@pytest.mark.parametrize(
    ('data', 'setting', 'permanent'),
    [
        ({'a': 1}, False, False),
        ({'a': 1}, True, True),
        ({'a': 1, '_permanent': False}, True, False),
        ({'a': 1, '_permanent': True}, False, True),
    ],
)
def test_inspector_reports_permanent_sessions(
    data: dict[str, Any], setting: bool, permanent: bool
) -> None:
    """A cookie is permanent by its flag or, without one, by `SESSION_PERMANENT`."""
    app = make_app(SESSION_PERMANENT=setting)

    cookie = inspect_cookie(signed(data), app, NOW)

    assert cookie.permanent is permanent
    # Expires takes room.
    other = inspect_cookie(signed(data), make_app(), NOW)
    assert (cookie.cookie_size > other.cookie_size) is (permanent and not other.permanent)


def test_setting_does_not_apply_to_stock_sessions() -> None:
    """Quart's own sessions do not know `SESSION_PERMANENT`."""
    app = Quart('stock')
    app.secret_key = KEY
    app.config['SESSION_PERMANENT'] = True

    assert not inspect_cookie(signed({'a': 1}), app, NOW).permanent
