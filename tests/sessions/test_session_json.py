"""The session serializer, compared with Flask's own."""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import pytest
from flask.json.tag import JSONTag, TaggedJSONSerializer

from quart_session_demo.sessions.server.stored_json import StoredJSON
from quart_session_demo.sessions.session_json import SessionJSON, UnstorableValue

KINDS: dict[str, Callable[[Any], Any]] = {
    'list': lambda value: [value],
    'tuple': lambda value: (value,),
    'dict': lambda value: {'a': value, 'b': 1},
    'dict like a tag': lambda value: {' t': value},
    'dict with numbers': lambda value: {1: value},
}


def test_registered_tag_gets_plain_values() -> None:
    """A registered tag is asked about plain values, too, as in Flask's serializer."""

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


def test_default_tag_of_a_subclass_gets_lists() -> None:
    """A tag among the `default_tags` of a subclass is asked about each value, as in Flask's."""

    class Reversed(JSONTag):
        key = ' reversed'

        def check(self, value: Any) -> bool:
            return isinstance(value, list)

        def to_json(self, value: list[Any]) -> list[Any]:
            return value[::-1]

    tags = [Reversed, *TaggedJSONSerializer.default_tags]

    class Ours(SessionJSON):
        default_tags = tags

    class Flasks(TaggedJSONSerializer):
        default_tags = tags

    values = {'list': [1, 2], 'text': 'a'}

    assert (
        Ours().dumps(values) == Flasks().dumps(values) == '{"list":{" reversed":[2,1]},"text":"a"}'
    )


def call_below(frames: int, function: Callable[[], Any]) -> Any:
    """Call a function with more of Python's stack in use."""
    return call_below(frames - 1, function) if frames else function()


def dumps_unless_too_deep(serializer: SessionJSON, value: Any) -> str | None:
    try:
        return serializer.dumps({'key': value})
    except UnstorableValue:
        return None


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('serializer', [SessionJSON(), StoredJSON()], ids=['cookie', 'stored'])
def test_deepest_value_can_be_read(serializer: SessionJSON, kind: str) -> None:
    """The deepest value that can be written is read, also 200 calls deeper in the stack."""

    def dumps(levels: int) -> str | None:
        value: Any = 'innermost'
        for _ in range(levels):
            value = KINDS[kind](value)
        return dumps_unless_too_deep(serializer, value)

    levels = bisect_left(range(10_000), True, key=lambda levels: dumps(levels) is None) - 1
    text = dumps(levels)
    assert text is not None

    read = call_below(200, lambda: serializer.loads(text))['key']

    assert levels > 100
    for _ in range(levels):
        [read, *_] = read if isinstance(read, list | tuple) else read.values()
    assert read == 'innermost'


class Unspaced(JSONTag):
    """A tag whose key does not begin with a space, as the keys of Flask's tags do."""

    key = 'reversed'

    def check(self, value: Any) -> bool:
        return False

    def to_python(self, value: Any) -> str:
        return str(value[::-1])


@pytest.mark.parametrize(
    'text',
    [
        '{"a":1,"b":[{"c":"d"}],"e":{"f":null}}',
        '{"a":{" t":[1,{" u":"6cf2b4a4a7e34b3a8f3e0d3b8b8f4a4e"}]},"b":1}',
        '{"a": {" t": [1]}}',
        '{"a":{"\\u0020t":[1]}}',
        '{"a":" t","b":"\\u77e5\\u4e86"}',
        '{"a":{" di":{" t__":[1]}}}',
        '{"a":{"reversed":"cba"}}',
        '{"a":{"\\u0072eversed":"cba"}}',
    ],
)
@pytest.mark.parametrize('tags', [(), (Unspaced,)], ids=['default', 'registered'])
def test_text_is_decoded_as_by_flask(text: str, tags: tuple[type[JSONTag], ...]) -> None:
    """Text with tags and without them, however it is written, is decoded as Flask does."""
    ours, flasks = SessionJSON(), TaggedJSONSerializer()
    for tag in tags:
        ours.register(tag)
        flasks.register(tag)

    assert ours.loads(text) == flasks.loads(text)
