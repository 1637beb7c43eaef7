"""Tags: types that an app adds to its sessions, as in Flask."""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from flask.json.tag import JSONTag
from quart import Quart, session

from tests.apps.sessions_app import make_sessions_app
from tests.conftest import session_contents
from tests.sessions.conftest import each_kind


class Color(Enum):
    RED = 'red'


class Name(str):
    __slots__ = ()


class ColorTag(JSONTag):
    __slots__ = ()
    key = ' color'

    def check(self, value: Any) -> bool:
        return isinstance(value, Color)

    def to_json(self, value: Any) -> Any:
        return value.value

    def to_python(self, value: Any) -> Any:
        return Color(value)


class NameTag(JSONTag):
    """A tag for a subclass of a type that JSON has."""

    __slots__ = ()
    key = ' name'

    def check(self, value: Any) -> bool:
        return isinstance(value, Name)

    def to_json(self, value: Any) -> Any:
        return str(value)

    def to_python(self, value: Any) -> Any:
        return Name(value)


class DateTag(JSONTag):
    """A tag for a type that Flask does not preserve: it is asked without an index."""

    __slots__ = ()
    key = ' date'

    def check(self, value: Any) -> bool:
        return isinstance(value, date)

    def to_json(self, value: Any) -> Any:
        return value.toordinal()

    def to_python(self, value: Any) -> Any:
        return date.fromordinal(value), 'by the tag'


class OrderedTag(JSONTag):
    """The example of Flask's documentation: it needs the first place."""

    __slots__ = ()
    key = ' ordered'

    def check(self, value: Any) -> bool:
        return isinstance(value, dict) and len(value) > 1

    def to_json(self, value: Any) -> Any:
        return [[key, self.serializer.tag(item)] for key, item in value.items()]

    def to_python(self, value: Any) -> Any:
        return [tuple(pair) for pair in value]


def serializer_of(app: Quart) -> Any:
    return app.session_interface.serializer


async def test_registered_tags_keep_types(app: Quart) -> None:
    """Values of registered types are read with their types, also inside other values."""
    for tag in (ColorTag, NameTag, DateTag):
        serializer_of(app).register(tag)
    client = app.test_client()
    async with client.session_transaction() as written:
        written['colors'] = [Color.RED, (Color.RED,), {'color': Color.RED}]
        written['name'] = Name('zhiliao')
        written['text'] = 'plain'
        written['date'] = date(2026, 1, 2)

    contents = await session_contents(client)

    assert contents == {
        'colors': [Color.RED, (Color.RED,), {'color': Color.RED}],
        'name': 'zhiliao',
        'text': 'plain',
        'date': (date(2026, 1, 2), 'by the tag'),
    }
    assert type(contents['name']) is Name


@each_kind
async def test_tag_at_the_first_place_is_asked_first(app: Quart) -> None:
    """A tag with `index=0` gets values for which there is another tag."""
    serializer_of(app).register(OrderedTag, index=0)
    client = app.test_client()
    async with client.session_transaction() as written:
        written['value'] = {'b': (1,), 'a': 2}

    assert (await session_contents(client))['value'] == [('b', (1,)), ('a', 2)]


@each_kind
async def test_tag_needs_force_to_replace_another(app: Quart) -> None:
    """A tag with the key of another raises KeyError, or replaces it with `force`."""

    class Other(ColorTag):
        __slots__ = ()

        def to_python(self, value: Any) -> Any:
            return 'read by the other'

    serializer_of(app).register(ColorTag)
    with pytest.raises(KeyError):
        serializer_of(app).register(Other)
    serializer_of(app).register(Other, force=True)
    client = app.test_client()
    async with client.session_transaction() as written:
        written['color'] = Color.RED

    assert (await session_contents(client))['color'] == 'read by the other'


@each_kind
async def test_tags_belong_to_one_app(store: dict[str, Any]) -> None:
    """A tag that one app registers is not known to another."""
    serializers = [serializer_of(make_sessions_app(**store)) for _ in range(2)]

    for serializer in serializers:
        serializer.register(ColorTag)

    assert serializers[0] is not serializers[1]


@each_kind
async def test_failing_tag_shows_its_traceback(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """An error in a tag returns 500, is logged with its traceback, and stores nothing."""

    class Broken(ColorTag):
        __slots__ = ()

        def to_json(self, value: Any) -> Any:
            raise TypeError('a fault of the tag')

    serializer_of(app).register(Broken)

    @app.get('/color')
    async def color() -> str:
        session['color'] = Color.RED
        return 'set'

    client = app.test_client()
    await client.get('/set/good')

    response = await client.get('/color')

    assert response.status_code == 500
    [record] = caplog.records
    assert record.exc_info
    assert 'in to_json' in caplog.text
    assert await session_contents(client) == {'good': 'good'}


@each_kind
async def test_tag_that_cannot_read_is_one_line(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A session with a value that its tag cannot read is not lost without a line in the log."""

    class Old(ColorTag):
        __slots__ = ()

        def to_json(self, value: Any) -> Any:
            return 'a color of an older version'

    serializer_of(app).register(Old)
    client = app.test_client()
    async with client.session_transaction() as written:
        written['color'] = Color.RED

    await client.get('/contents')

    [record] = caplog.records
    assert 'not read: ' in record.getMessage()
    assert record.exc_info is None
    assert 'older version' not in record.getMessage()


@each_kind
async def test_tag_for_part_of_a_type_leaves_the_rest(app: Quart) -> None:
    """A tag for some values of a type that JSON has gets these only."""

    class Cents(JSONTag):
        __slots__ = ()
        key = ' cents'

        def check(self, value: Any) -> bool:
            return isinstance(value, int) and value > 2**53

        def to_json(self, value: Any) -> Any:
            return str(value)

        def to_python(self, value: Any) -> Any:
            return Decimal(value)

    serializer_of(app).register(Cents)
    client = app.test_client()
    async with client.session_transaction() as written:
        written.update({'large': 2**60, 'small': 1, 'true': True})

    contents = await session_contents(client)
    assert contents == {'large': 2**60, 'small': 1, 'true': True}
    assert {key: type(value) for key, value in contents.items()} == {
        'large': Decimal,
        'small': int,
        'true': bool,
    }
