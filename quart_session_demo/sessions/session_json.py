"""Flask's tagged JSON, whose errors name the key and the type of a value that cannot be stored."""

import sys
from functools import cached_property
from json import JSONDecoder, JSONEncoder
from typing import Any, Self

from flask.json.provider import DefaultJSONProvider
from flask.json.tag import JSONTag, TaggedJSONSerializer

from quart_session_demo.sessions.validators import safe_repr

#: The types that JSON preserves. Flask offers each such value to every tag.
PLAIN_TYPES: frozenset[type] = frozenset({str, int, float, bool, type(None)})
#: How many levels of lists and dicts are looked at together for parts that need a tag.
UNTAGGED_LEVELS = 10
_ONLY_STRINGS = frozenset({str})
#: None of them is for a plain value.
_FLASK_TAGS = frozenset(TaggedJSONSerializer.default_tags)
#: Decodes JSON without tags, about twice as fast.
_PLAIN_DECODER = JSONDecoder()
#: How an encoder may write a character of a tag's key, although none that we know does.
_ESCAPED_ASCII = r'\u00'
#: What is wrong with a value whose lists and dicts Python cannot read or write.
TOO_DEEP = 'is nested too deeply'


class UnstorableValue(TypeError):
    """Raised for a value that a session cannot hold. The message names its key, not the value.

    Attributes:
        problem: What is wrong, as in `is nested too deeply`.
        key: The session key under which the value is.
    """

    def __init__(self, problem: str, key: object = '') -> None:
        """Make an error; the key may be set later."""
        super().__init__(problem)
        self.problem = problem
        self.key = key

    def __str__(self) -> str:
        """Return the message."""
        if isinstance(self.key, str):
            # A string of another type, such as an enum, has another representation.
            key = repr(str.__str__(self.key)[:100])
        else:
            key = safe_repr(self.key)
        return f'session[{key}] {self.problem}'


def unstorable_type(value: Any) -> UnstorableValue:
    """Return the error for a value whose type cannot be stored."""
    return UnstorableValue(
        f'holds a value of type {type(value).__name__}, which cannot be stored: register a tag '
        'for it, or store a value of another type'
    )


def flask_default(value: Any) -> Any:
    """Return what Flask's JSON stores in place of a value without a tag.

    Raises:
        UnstorableValue: Flask raises TypeError.
    """
    try:
        return DefaultJSONProvider.default(value)
    except TypeError:
        raise unstorable_type(value) from None


class SessionJSON(TaggedJSONSerializer):
    """Flask's tagged JSON, without a look for the current Flask app, which Quart does not have."""

    # `tag` refuses a list that contains itself, so the encoder need not look for one.
    encoder = JSONEncoder(separators=(',', ':'), default=flask_default, check_circular=False)
    _plain_types = PLAIN_TYPES

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the same serializer for a copy of a session."""
        return self

    def register(
        self, tag_class: type[JSONTag], force: bool = False, index: int | None = None
    ) -> None:
        """Register a tag, which may be for values of any type."""
        super().register(tag_class, force, index)
        if tag_class not in _FLASK_TAGS:
            self._plain_types = frozenset()
        # As a rule, the key of a tag begins with a space.
        self._tag_start = '" ' if all(key.startswith(' ') for key in self.tags) else '"'

    def tag(self, value: Any) -> Any:
        """Return the value with each type that JSON does not have marked by a tag."""
        return value if self._needs_no_tag(value) else super().tag(value)

    def _needs_no_tag(self, value: Any, levels: int = UNTAGGED_LEVELS) -> bool:
        """Return whether JSON preserves a value and all its parts.

        Args:
            value: The value.
            levels: How many levels of lists and dicts to look at. A value with more may need a tag.
        """
        kind, plain_types = type(value), self._plain_types
        if kind is dict:
            if not _ONLY_STRINGS.issuperset(map(type, value)) or (
                # It may look like a tag.
                len(value) == 1 and not self.tags.keys().isdisjoint(value)
            ):
                return False
            value = value.values()
        elif kind is not list:
            return kind in plain_types
        # A registered tag may be for lists and dicts, too.
        if not plain_types or not levels:
            return False
        for item in value:
            if type(item) not in plain_types and not self._needs_no_tag(item, levels - 1):
                return False
        return True

    def dumps(self, value: Any) -> str:
        """Return a session as compact tagged JSON.

        Raises:
            UnstorableValue: The session holds a value that cannot be stored.
        """
        try:
            return self.encode(value)
        except UnstorableValue as error:
            error.key = next(filter(self._fails, value.items()), ('',))[0]
            raise

    def encode(self, value: Any) -> str:
        """Return one value as compact tagged JSON.

        Raises:
            UnstorableValue: The value cannot be stored. The message does not name a key yet.
            Exception: A registered tag failed.
        """
        try:
            tagged = self.tag(value)
        except RecursionError:
            raise UnstorableValue(TOO_DEEP) from None
        try:
            return self.encoder.encode(tagged)
        except UnstorableValue:
            raise
        except RecursionError:
            raise UnstorableValue(TOO_DEEP) from None
        except TypeError as error:
            # The text of Python: "keys must be str, int, float, bool or None, not tuple".
            raise UnstorableValue(f'cannot be stored: {error}') from None
        except ValueError:
            raise UnstorableValue(
                f'holds an integer of more than {sys.get_int_max_str_digits()} digits, which '
                'cannot be stored'
            ) from None

    def loads(self, value: str) -> Any:
        """Return the value of tagged JSON."""
        may_have_tags = self._tag_start in value or _ESCAPED_ASCII in value
        return (self._tag_decoder if may_have_tags else _PLAIN_DECODER).decode(value)

    @cached_property
    def _tag_decoder(self) -> JSONDecoder:
        # Unlike Flask's function, this needs no stack for each level of Python's functions: each
        # value that can be written can be read, also where more of the stack is in use.
        return JSONDecoder(object_hook=self.untag)

    def _fails(self, item: tuple[Any, Any]) -> bool:
        try:
            self.encode(dict([item]))
        except UnstorableValue:
            return True
        return False
