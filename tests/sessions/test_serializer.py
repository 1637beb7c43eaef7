"""The session serializer, compared with Flask's own."""

from typing import Any

from flask.json.tag import JSONTag, TaggedJSONSerializer

from quart_session_demo.sessions.serializer import SessionJSON


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
