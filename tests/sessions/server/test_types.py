"""The types of values in server stores: each is read as it was stored, or refused."""

import logging
import uuid
from collections import Counter, OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.json.tag import TaggedJSONSerializer
from markupsafe import Markup
from quart import Quart, session
from werkzeug.datastructures import MultiDict

from quart_session_demo.sessions.server.store import current_time, store_key
from tests.conftest import contents_of, session_contents, signed_id
from tests.sessions.conftest import in_memory
from tests.sessions.server.conftest import assert_no_traceback
from tests.sessions.server.stored import store_of

PARIS = ZoneInfo('Europe/Paris')

EXACT: dict[str, Any] = {
    'infinity': float('inf'),
    'minus zero': -0.0,
    'large': 10**4000,
    'tuple': (1, (2, [3]), {'four': ()}),
    'bytes': b'\x00\xff',
    'uuid': uuid.UUID(int=1),
    'markup': Markup('<b>'),
    'whole second': datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    'microseconds': datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    'offset': datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
    'offset of seconds': datetime(2026, 1, 2, tzinfo=timezone(timedelta(seconds=3601))),
    'naive': datetime(2026, 1, 2, 3, 4, 5),
    'first': datetime.min,
    'first in UTC': datetime.min.replace(tzinfo=UTC),
    'year 99': datetime(99, 1, 1, tzinfo=UTC),
    'last': datetime.max.replace(tzinfo=UTC),
    'date': date(2026, 1, 2),
    'decimal': [Decimal(text) for text in ('1.10', '-0', '1E+400', '1E-400', '-Infinity')],
    'integers as keys': {1: 'a', 2: {3: 'b'}, 'text': 'c'},
    'other keys': {
        1.5: 1,
        None: 2,
        False: 3,
        (1, 'a'): 4,
        uuid.UUID(int=2): 5,
        date(2026, 1, 2): 6,
        b'b': 7,
        '8': 8,
    },
    'one key': {7: 'seven'},
    'markup as key': [{Markup(' t'): 1}, {Markup('<b>'): {Markup('<i>'): ()}}],
    'tag of bytes': {' b': 1},
    'tag of items': {' py:dict': [1, 2]},
    'escaped tag': {' di': {' di': 1}},
    'in a list': [{1: (date.min, Decimal(1))}],
    'nothing to tag': [{'a': [1, None, {}]}, [], {'b': {'c': 1.5, 'd': True}}],
    'tag in a list': [{'a': [1]}, {'b': {' t': [1]}}],
    'tuple below many lists': [[[[[[[[[[[[[(1,)]]]]]]]]]]]]],
}


def typed(value: Any) -> Any:
    """Return a value with the type, and the offset from UTC, of each part."""
    if isinstance(value, dict):
        return dict, [(typed(key), typed(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [typed(item) for item in value]
    # The text also distinguishes zeros and the forms of decimal numbers.
    offset = value.utcoffset() if isinstance(value, datetime) else None
    return type(value), value, offset, str(value) if not isinstance(value, int) else None


class Color(Enum):
    RED = 'red'


class Word(StrEnum):
    RED = 'red'


class Number(IntEnum):
    ONE = 1


@dataclass
class Point:
    x: int = 1


class Text(str):
    __slots__ = ()


class Float(float):
    """As NumPy's float64."""


class Moment(datetime):
    """As pandas' Timestamp."""


class Lazy:
    def __html__(self) -> str:
        return 'lazy'


Pair = namedtuple('Pair', 'a b')

REFUSED: dict[str, Any] = {
    'Color': Color.RED,
    'Word': Word.RED,
    'Number': Number.ONE,
    'Point': Point(),
    'Text': Text('a'),
    'Float': Float(1),
    'Moment': Moment(2026, 1, 2),
    'Lazy': Lazy(),
    'Pair': Pair(1, 2),
    'OrderedDict': OrderedDict(a=1),
    'defaultdict': defaultdict(list),
    'Counter': Counter('a'),
    'MultiDict': MultiDict({'a': '1'}),
    'set': {1},
    'frozenset': frozenset(),
    'time': time(1),
    'timedelta': timedelta(1),
    'bytearray': bytearray(b'a'),
    'complex': 1j,
    'range': range(2),
    'function': typed,
}


async def test_types_are_exact(app: Quart) -> None:
    """Values, their parts and the keys of inner dicts are read with the types they had."""
    client = app.test_client()
    async with client.session_transaction() as written:
        written.update(EXACT)

    contents = await session_contents(client)

    assert {key: typed(value) for key, value in contents.items()} == {
        key: typed(value) for key, value in EXACT.items()
    }


async def test_special_numbers_are_exact(app: Quart) -> None:
    """Numbers that are equal to nothing are read as they were stored."""
    client = app.test_client()
    async with client.session_transaction() as written:
        written['numbers'] = [float('nan'), Decimal('sNaN'), Decimal('-NaN123')]

    contents = await session_contents(client)

    assert repr(contents['numbers']) == "[nan, Decimal('sNaN'), Decimal('-NaN123')]"


@in_memory
async def test_time_zone_becomes_its_offset(app: Quart) -> None:
    """A time in a named time zone is read as the same time with a fixed offset."""
    client = app.test_client()
    moment = datetime(2026, 7, 1, 12, tzinfo=PARIS)
    async with client.session_transaction() as written:
        written['time'] = moment

    read = (await session_contents(client))['time']

    assert (read, read.utcoffset()) == (moment, timedelta(hours=2))
    assert type(read.tzinfo) is timezone


@in_memory
async def test_similar_types_are_converted(app: Quart) -> None:
    """A subclass of UUID is read as a UUID, and a key of the session as a plain string."""

    class OtherUUID(uuid.UUID):
        """As asyncpg's."""

    client = app.test_client()
    async with client.session_transaction() as written:
        written['uuid'] = OtherUUID(int=1)
        written[Word.RED] = 3

    contents = await session_contents(client)

    assert {key: typed(value) for key, value in contents.items()} == {
        'uuid': typed(uuid.UUID(int=1)),
        'red': typed(3),
    }
    assert {type(key) for key in contents} == {str}


@in_memory
@pytest.mark.parametrize('place', ['value', 'nested', 'key'])
async def test_other_types_are_refused(
    app: Quart, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    """Each other type is one log line with the key and the type, and nothing is stored."""
    client = app.test_client()
    await client.get('/set/good')
    hashable = {
        name: value
        for name, value in REFUSED.items()
        if not isinstance(value, dict | set | list | bytearray | Point)
    }
    values = {
        'value': REFUSED,
        'nested': {name: {'a': [(1, {'b': value})]} for name, value in REFUSED.items()},
        'key': {name: {value: 1} for name, value in hashable.items()},
    }[place]
    for name, value in values.items():
        caplog.clear()
        async with client.session_transaction() as written:
            written['fine'] = 1
            written['wrong'] = value

        [record] = caplog.records
        assert record.exc_info is None
        assert record.getMessage() == (
            f"The session cannot be saved: session['wrong'] holds a value of type {name}, which "
            'cannot be stored: register a tag for it, or store a value of another type'
        )
    assert await session_contents(client) == {'good': 'good'}


@in_memory
@pytest.mark.parametrize('key', [1, None, (1, 2), b'key'])
async def test_session_keys_are_strings(
    app: Quart, caplog: pytest.LogCaptureFixture, key: Any
) -> None:
    """A key of the session itself that is not a string is refused in one line."""

    @app.get('/wrong')
    async def wrong() -> str:
        session[key] = 1
        return 'set'

    response = await app.test_client().get('/wrong')

    assert response.status_code == 500
    assert caplog.messages == [
        f'The session cannot be saved: session[{key!r}] has a key of type '
        f'{type(key).__name__}: use a string as key'
    ]
    assert_no_traceback(caplog)


async def test_older_fields_are_read(app: Quart) -> None:
    """A session that was stored with Flask's tags is read, and not written by a request."""
    values = {
        'time': datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        'tuple': (1, b'two', uuid.UUID(int=3), Markup('4')),
        'number': {'1': 'a'},
        'tag': {' t': 1},
    }
    flasks = TaggedJSONSerializer()
    fields = {f'"{key}"'.encode(): flasks.dumps(value).encode() for key, value in values.items()}
    store = store_of(app)
    session_id = await store.create(fields, lifetime=60_000, now=current_time())

    @app.get('/typed')
    async def show() -> str:
        assert {key: typed(value) for key, value in session.items()} == {
            key: typed(value) for key, value in values.items()
        }
        return 'same'

    headers = {'Cookie': f'session={signed_id(session_id)}'}
    response = await app.test_client(use_cookies=False).get('/typed', headers=headers)

    assert await response.get_data() == b'same'
    assert 'Set-Cookie' not in response.headers
    stored = await store.read(store_key(session_id))
    assert stored is not None
    assert stored.fields == fields


async def test_unreadable_session_is_one_line(app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    """Stored content that is nested too deeply, or has a wrong tag, is 503 and one log line."""
    store = store_of(app)
    for value, reason in (
        (b'[' * 100_000 + b']' * 100_000, 'is nested too deeply'),
        (b'{" u":"secret"}', 'do not hold a session (ValueError)'),
    ):
        caplog.clear()
        fields = {b'"a"': value}
        session_id = await store.create(fields, lifetime=60_000, now=current_time())

        headers = {'Cookie': f'session={signed_id(session_id)}'}
        response = await app.test_client(use_cookies=False).get('/contents', headers=headers)

        assert response.status_code == 503
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert caplog.messages[0].endswith(reason)
        assert len(caplog.text.splitlines()) == 1


async def test_unreadable_change_of_another_request_is_one_line(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A login goes on if what another request stored meanwhile is nested too deeply."""
    store = store_of(app)

    @app.before_request
    async def meanwhile() -> None:
        current: Any = session
        if session.get('username'):
            deep = {b'"deep"': b'[' * 100_000 + b']' * 100_000}
            await store.write(
                store_key(current.id), deep, [], lifetime=60_000, refreshed=current_time()
            )

    client = app.test_client()
    await client.get('/')

    response = await client.get('/login')

    assert response.status_code == 200
    assert caplog.messages == [
        'Session changes of another request dropped: the stored session is nested too deeply'
    ]
    assert_no_traceback(caplog)
    assert (await contents_of(app, response.headers['Set-Cookie'].split('=')[1].split(';')[0]))[
        'user'
    ] == 'zhiliao'
