"""The JSON of sessions in a store: each value is read with the type that was stored, or refused."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from quart_session_demo.sessions.server.exact_tags import (
    DEFAULT_TAGS,
    DecimalText,
    DictItems,
    ISODate,
)
from quart_session_demo.sessions.server.store import Fields
from quart_session_demo.sessions.session_json import (
    PLAIN_TYPES,
    TOO_DEEP,
    SessionJSON,
    UnstorableValue,
    unstorable_type,
)


def _refuse(value: Any) -> NoReturn:
    # What a registered tag returned.
    raise unstorable_type(value)


class StoredJSON(SessionJSON):
    """Flask's tagged JSON for sessions in a store, which changes the type of no value.

    `register` adds a tag, as in Flask. A registered tag is asked before the types that Flask
    cannot store, and at `index=0` before all others.
    """

    encoder = json.JSONEncoder(separators=(',', ':'), default=_refuse, check_circular=False)

    def __init__(self) -> None:
        """Register the tags."""
        self.default_tags = list(DEFAULT_TAGS)
        super().__init__()
        # None of the tags is for a plain value.
        self._plain_types = PLAIN_TYPES
        last = (DictItems(self), ISODate(self), DecimalText(self))
        self.tags.update({tag.key: tag for tag in last})
        self._last = {tag.kind: tag for tag in last}

    def tag(self, value: Any) -> Any:
        """Return the value with each type that JSON does not have marked by a tag.

        Raises:
            UnstorableValue: There is no tag for the type of the value.
        """
        if self._needs_no_tag(value):
            return value
        kind = type(value)
        for tag in self.order:
            if tag.check(value):
                return tag.tag(value)
        if kind in self._last:
            return self._last[kind].tag(value)
        if kind in PLAIN_TYPES:
            return value
        raise unstorable_type(value)

    def encode_fields(self, values: Mapping[Any, Any]) -> Fields:
        """Return the fields that hold a session.

        Raises:
            UnstorableValue: A value cannot be stored. The message names its key.
        """
        fields = {}
        for key, value in values.items():
            if not isinstance(key, str):
                raise UnstorableValue(
                    f'has a key of type {type(key).__name__}: use a string as key', key
                )
            try:
                fields[json.dumps(key).encode()] = self.encode(value).encode()
            except UnstorableValue as error:
                error.key = key
                raise
        return fields

    def decode_fields(self, fields: Mapping[bytes, bytes]) -> dict[str, Any]:
        """Return the session that fields hold.

        Raises:
            ValueError: The fields do not hold a session.
        """
        # In one call, because a call takes longer than decoding a small value.
        text = f'[{_json_array(fields)},{_json_array(fields.values())}]'
        try:
            names, values = self.loads(text)
            return dict(zip(names, values, strict=True))
        except RecursionError:
            raise ValueError(f'the stored session {TOO_DEEP}') from None
        # A JSON tag may raise any error for a value that it did not make.
        except Exception as error:
            # Without the error itself, whose message may hold a stored value.
            raise ValueError(
                f'the stored fields do not hold a session ({type(error).__name__})'
            ) from None


def _json_array(items: Iterable[bytes]) -> str:
    return f'[{b",".join(items).decode()}]'
