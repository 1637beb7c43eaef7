"""The inspector and its command: what a cookie tells, and what hostile input is refused as."""

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
from flask.json.tag import JSONTag, TaggedJSONSerializer
from flask.sessions import SecureCookieSessionInterface as FlaskInterface
from markupsafe import Markup
from quart import Quart

from quart_session_demo import create_app
from quart_session_demo.sessions.inspector import (
    MAX_NESTING,
    MAX_PAYLOAD_SIZE,
    NotASessionCookie,
    SignedBy,
    inspect_cookie,
)
from quart_session_demo.sessions.serializer import SessionJSON
from tests.conftest import KEY

SIGNED = 1_800_000_000
NOW = datetime.fromtimestamp(SIGNED, UTC)
# Random, so that it stays long when it is compressed.
LONG = random.Random(1).randbytes(15_000).hex()  # noqa: S311


def _signed(data: object, key: str = KEY, at: int | None = SIGNED) -> str:
    """Return the cookie that Flask makes."""
    app = flask.Flask('flask_app')
    app.secret_key = key
    serializer: Any = FlaskInterface().get_signing_serializer(app)
    with pytest.MonkeyPatch.context() as patch:
        if at is not None:
            patch.setattr('time.time', lambda: at)
        return str(serializer.dumps(data))


def test_inspector_tells_all_parts(app: Quart) -> None:
    value = _signed({'username': 'zhiliao', '_permanent': True})

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
    data = {
        'tuple': (1, b'two'),
        'uuid': uuid.UUID(int=7),
        'markup': Markup('<b>'),
        'datetime': NOW,
        '中文': [None, 1.5],
    }

    payload = inspect_cookie(_signed(data), app).payload

    assert payload == data
    assert [type(value) for value in payload.values()] == [type(value) for value in data.values()]


def test_inspector_reads_compressed_content(app: Quart) -> None:
    data = {'text': 'again ' * 1000}

    cookie = inspect_cookie(_signed(data), app)

    assert cookie.compressed
    assert cookie.payload_part.startswith('.')
    assert cookie.payload == data


async def test_inspector_tells_the_size_that_is_sent(app: Quart) -> None:
    sent = (await app.test_client().get('/')).headers['Set-Cookie']
    value = sent.partition(';')[0].removeprefix('session=')

    cookie = inspect_cookie(value, app)

    assert cookie.cookie_size == len(sent)
    assert cookie.limit == 4093
    assert cookie.room == 4093 - len(sent)


def test_inspector_tells_a_cookie_that_is_too_large(app: Quart) -> None:
    random = base64.b64encode(b''.join(uuid.uuid4().bytes for _ in range(300))).decode()

    cookie = inspect_cookie(_signed({'large': random}), app)

    assert cookie.room is not None
    assert cookie.room < 0


def test_inspector_without_limit_tells_no_room() -> None:
    app = create_app({'TESTING': True, 'SECRET_KEY': KEY, 'MAX_COOKIE_SIZE': 0})

    cookie = inspect_cookie(_signed({'a': 1}), app)

    assert (cookie.limit, cookie.room) == (None, None)


@pytest.mark.parametrize(
    ('key', 'signed_by', 'number', 'accepted'),
    [
        ('current', SignedBy.CURRENT, None, True),
        ('old', SignedBy.FALLBACK, 1, True),
        ('oldest', SignedBy.FALLBACK, 2, True),
        ('a stranger', SignedBy.NO_KEY, None, False),
    ],
)
def test_inspector_tells_the_key(
    key: str, signed_by: SignedBy, number: int | None, accepted: bool
) -> None:
    settings = {'SECRET_KEY': 'current', 'SECRET_KEY_FALLBACKS': ['old', 'oldest']}
    app = create_app({'TESTING': True, **settings})

    cookie = inspect_cookie(_signed({'a': 1}, key), app, NOW)

    assert (cookie.signed_by, cookie.fallback_number) == (signed_by, number)
    assert cookie.accepted is accepted


def test_inspector_needs_no_key(app: Quart) -> None:
    app.secret_key = None

    cookie = inspect_cookie(_signed({'a': 1}), app, NOW)

    assert cookie.payload == {'a': 1}
    assert cookie.signed_by is SignedBy.UNCHECKED
    assert not cookie.accepted


@pytest.mark.parametrize(
    ('seconds', 'expired', 'ahead'),
    [(-1, False, True), (0, False, False), (864000, False, False), (864001, True, False)],
)
async def test_inspector_agrees_with_the_app_about_time(
    app: Quart, monkeypatch: pytest.MonkeyPatch, seconds: int, expired: bool, ahead: bool
) -> None:
    value = _signed({'username': 'zhiliao'})
    now = SIGNED + seconds

    cookie = inspect_cookie(value, app, datetime.fromtimestamp(now + 0.5, UTC))
    monkeypatch.setattr('time.time', lambda: now + 0.5)
    response = await app.test_client().get('/get_session/', headers={'Cookie': f'session={value}'})

    assert (cookie.expired, cookie.signed_in_the_future) == (expired, ahead)
    assert cookie.accepted is (await response.get_data() == b'zhiliao')


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def _cookie(content: bytes, compress: bool = False) -> str:
    payload = f'.{_base64(zlib.compress(content, 9))}' if compress else _base64(content)
    return f'{payload}.awTPRg.lSRq6pa60fA8YIWPIMBWq0WNi4Y'


def _nested(levels: int) -> bytes:
    return b'{"a":' + b'[' * levels + b']' * levels + b'}'


NOT_COOKIES = {
    'nothing': '',
    'text': 'hello',
    'two parts': 'eyJhIjoxfQ.awTPRg',
    'four parts': 'eyJhIjoxfQ.eyJhIjoxfQ.awTPRg.lSRq6pa60fA8',
    'whole cookie': f'session={_cookie(b"{}")}',
    'other letters': _cookie(b'{}').replace('.', '.%', 1),
    'Arabic digits': '٣.٣.٣',
    'half a pair': '\udc80.a.b',
    'no base64': 'a.awTPRg.lSRq',
    'no JSON': _cookie(b'{"a":'),
    'bad UTF-8': _cookie(b'{"a":"\xff"}'),
    'UTF-16': _cookie('{"a":1}'.encode('utf-16')),
    'a list': _cookie(b'[1]'),
    'a number': _cookie(b'1'),
    'a lone tag': _cookie(b'{" t":[1]}'),
    'a wrong tag': _cookie(b'{"a":{" u":5}}'),
    'a huge number': _cookie(b'{"a":' + b'9' * 6000 + b'}'),
    'no time': 'e30.' + 'a' * 200 + '.lSRq',
    'a time without end': 'e30.' + '_' * 8000 + '.lSRq',
    'not compressed': '.' + _cookie(b'{"a":1}'),
    'cut off': '.' + _base64(zlib.compress(b'{"a":"b"}')[:-6]) + '.awTPRg.lSRq',
    'megabytes': _cookie(b'{"a":"' + b'a' * 5_000_000 + b'"}'),
    'a large content': _cookie(b'{"a":"' + b'a' * MAX_PAYLOAD_SIZE + b'"}', compress=True),
    'a bomb': _cookie(b'{"a":"' + b'a' * 10_000_000 + b'"}', compress=True),
    'nested': _cookie(_nested(MAX_NESTING), compress=True),
    'many lists': _cookie(
        b'{"a":[' + b','.join([b'[' * 97 + b']' * 97] * 160) + b']}', compress=True
    ),
    'nested deeper than Python': _cookie(_nested(15_000), compress=True),
}


@pytest.mark.parametrize('name', NOT_COOKIES)
def test_inspector_refuses_with_one_clear_error(app: Quart, name: str) -> None:
    with pytest.raises(NotASessionCookie, match=r'^It.*\.$') as raised:
        inspect_cookie(NOT_COOKIES[name], app)

    assert len(str(raised.value)) < 100


def test_inspector_takes_what_is_just_within_its_limits(app: Quart) -> None:
    nested = inspect_cookie(_cookie(_nested(MAX_NESTING - 1)), app)
    large = inspect_cookie(
        _cookie(b'{"a":"' + b'a' * (MAX_PAYLOAD_SIZE - 8) + b'"}', compress=True), app
    )

    assert list(nested.payload) == list(large.payload) == ['a']


def test_inspector_bounds_its_memory_and_time(app: Quart) -> None:
    ordinary = _signed({'username': 'zhiliao', '_permanent': True})
    wide = _cookie(b'{"a":[' + b'[],' * (MAX_PAYLOAD_SIZE // 3 - 4) + b'[]]}', compress=True)
    hostile = [*(value for value in NOT_COOKIES.values()), wide]
    inspect_cookie(ordinary, app)

    tracemalloc.start()
    try:
        for value in hostile:
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            _inspect_anything(value, app)
            _, peak = tracemalloc.get_traced_memory()
            assert peak - before < 100 * MAX_PAYLOAD_SIZE
    finally:
        tracemalloc.stop()
    ordinary_time = _processor_time(ordinary, app)
    for value in hostile:
        assert _processor_time(value, app) < 1000 * ordinary_time


def _processor_time(value: str, app: Quart) -> float:
    """Return the least of several, for Python may tidy up all that the tests made meanwhile."""

    def once() -> float:
        start = time.process_time()
        _inspect_anything(value, app)
        return time.process_time() - start

    return min(once() for _ in range(10))


def _inspect_anything(value: str, app: Quart) -> None:
    with suppress(NotASessionCookie):
        inspect_cookie(value, app)


def test_registered_tag_is_asked_about_plain_values_too() -> None:
    class Large(JSONTag):
        key = ' large'

        def check(self, value: Any) -> bool:
            return isinstance(value, int) and value > 2**53

        def to_json(self, value: Any) -> str:
            return str(value)

        def to_python(self, value: Any) -> int:
            return int(value)

    ours, flasks = SessionJSON(), TaggedJSONSerializer()
    for serializer in (ours, flasks):
        serializer.register(Large, index=0)
    values = {'large': 2**60, 'small': 1, 'text': 'a'}

    assert (
        ours.dumps(values)
        == flasks.dumps(values)
        == '{"large":{" large":"1152921504606846976"},"small":1,"text":"a"}'
    )
