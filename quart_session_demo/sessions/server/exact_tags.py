"""The tags of sessions in a store, each for the values of exactly one type."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from flask.json.tag import (
    JSONTag,
    PassDict,
    PassList,
    TagBytes,
    TagDateTime,
    TagDict,
    TagMarkup,
    TagTuple,
    TagUUID,
)
from markupsafe import Markup


class ExactTag(JSONTag):
    """A tag for the values of one type, without those of its subclasses."""

    __slots__ = ()
    kind: ClassVar[type]

    def check(self, value: Any) -> bool:
        """Return whether the value has exactly this type."""
        return type(value) is self.kind


class ExactTuple(ExactTag, TagTuple):
    """Flask's tag, without named tuples."""

    __slots__ = ()
    kind = tuple


class ExactList(ExactTag, PassList):
    """Flask's tag, without subclasses."""

    __slots__ = ()
    kind = list


class ExactBytes(ExactTag, TagBytes):
    """Flask's tag, without subclasses."""

    __slots__ = ()
    kind = bytes


class ExactMarkup(ExactTag, TagMarkup):
    """Flask's tag, without other objects that have `__html__`."""

    __slots__ = ()
    kind = Markup


class ExactDict(ExactTag, PassDict):
    """Flask's tag, without subclasses, and without keys that JSON would change."""

    __slots__ = ()
    kind = dict

    def check(self, value: Any) -> bool:
        """Return whether the value is a dict whose keys are all strings."""
        return type(value) is dict and {str}.issuperset(map(type, value))


class EscapedDict(TagDict):
    """Flask's tag for a dict that looks like a tag, without subclasses."""

    __slots__ = ()

    def check(self, value: Any) -> bool:
        """Return whether the value is a dict whose only key is that of a tag."""
        return type(value) is dict and {str}.issuperset(map(type, value)) and super().check(value)


class DictItems(ExactTag):
    """A tag for a dict with any key that is not a string."""

    __slots__ = ()
    key = ' py:dict'
    kind = dict

    def to_json(self, value: Any) -> Any:
        """Return a list of each key with its value after it."""
        return [self.serializer.tag(part) for item in value.items() for part in item]

    def to_python(self, value: Any) -> Any:
        """Return the dict."""
        return dict(zip(value[::2], value[1::2], strict=True))


class UTCSeconds(TagDateTime):
    """Flask's tag, for the times that it preserves."""

    __slots__ = ()

    def check(self, value: Any) -> bool:
        """Return whether the value is a time in UTC, in whole seconds."""
        return (
            type(value) is datetime
            and not value.microsecond
            and value.utcoffset() == timedelta(0)
            # A year of two digits would be read as one of the present.
            and value.year >= 1000
        )


class ISOFormat(ExactTag):
    """A tag for times or dates in ISO 8601."""

    __slots__ = ()
    kind: ClassVar[type[date]]

    def to_json(self, value: Any) -> Any:
        """Return the text."""
        return value.isoformat()

    def to_python(self, value: Any) -> Any:
        """Return the time or date; a time zone is a fixed offset now."""
        return self.kind.fromisoformat(value)


class ISODateTime(ISOFormat):
    """A tag for all other times, with their microseconds and their offset from UTC."""

    __slots__ = ()
    key = ' py:datetime'
    kind = datetime


class ISODate(ISOFormat):
    """A tag for dates."""

    __slots__ = ()
    key = ' py:date'
    kind = date


class DecimalText(ExactTag):
    """A tag for decimal numbers."""

    __slots__ = ()
    key = ' py:decimal'
    kind = Decimal

    def to_json(self, value: Any) -> Any:
        """Return the number with all its digits."""
        return str(value)

    def to_python(self, value: Any) -> Any:
        """Return the number."""
        return Decimal(value)


#: The tags in place of Flask's, in their order.
DEFAULT_TAGS: tuple[type[JSONTag], ...] = (
    EscapedDict,
    ExactDict,
    ExactTuple,
    ExactList,
    ExactBytes,
    ExactMarkup,
    # Its subclasses too: asyncpg returns one for each uuid of a database.
    TagUUID,
    UTCSeconds,
    ISODateTime,
)
