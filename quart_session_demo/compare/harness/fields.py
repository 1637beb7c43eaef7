"""The parts of a response, and their names in steps files and reports."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

#: The attributes of Set-Cookie that browsers know.
COOKIE_ATTRIBUTES = frozenset(
    {
        'domain',
        'expires',
        'httponly',
        'max-age',
        'partitioned',
        'path',
        'priority',
        'samesite',
        'secure',
    }
)
#: What can follow a cookie's name.
COOKIE_PARTS = COOKIE_ATTRIBUTES | {'value', 'other'}
#: The kinds of fields that have a name.
KINDS_WITH_NAMES = (
    'cookie',
    'session',
    'capture',
)
#: The kinds of fields that are no headers.
KINDS = (
    'status',
    'body',
    *KINDS_WITH_NAMES,
)
#: A token (RFC 9110, 5.6.2) without dots, which separate the parts of a field's name.
HEADER_NAME = re.compile(r"[\w!#$%&'*+^`|~-]+", re.A)


@dataclass(frozen=True)
class Field:
    """A part of a response, or a pattern that matches several, in which None means any.

    Attributes:
        kind: `status`, `body`, a header's name in lower case, `cookie`, `session` or `capture`.
        name: The name of the cookie, session key or capture.
        attribute: A cookie's attribute in lower case, `value` for its value, or `other` for all
            attributes that no browser knows. None stands for the whole cookie.
        number: 1 for the first cookie or session key of that name, 2 for the second.
    """

    kind: str
    name: str | None = None
    attribute: str | None = None
    number: int | None = 1

    def __str__(self) -> str:
        """Return the name in steps files and reports."""
        if self.name is None:
            return self.kind
        text = f'{self.kind}.{self.name}'
        # The first one has a number only if its name alone means another field.
        if self.number not in (None, 1) or _parse_name(self.kind, self.name)[0] != self.name:
            text += f'#{self.number}'
        return f'{text}.{self.attribute}' if self.attribute else text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the pattern for a name in a steps file.

        The names of cookies, session keys and captures are case-sensitive. All else is not.

        Raises:
            ValueError: No field can have this name.
        """
        kind, dot, name = text.partition('.')
        kind = kind.lower()
        if name and kind in KINDS_WITH_NAMES:
            field = cls(kind, *_parse_name(kind, name))
            if field.number == 0:
                raise ValueError(f'{text!r} is not a field: numbers begin with 1')
            return field
        hint = _suggest_field(kind, name)
        if dot or hint or kind == 'set-cookie' or not HEADER_NAME.fullmatch(kind):
            raise ValueError(
                f'{text!r} is not a field: use status, body, a header other than Set-Cookie, '
                f'cookie, session or capture{hint}'
            )
        return cls(kind, number=None)


def suggest(name: str, choices: Iterable[str], cutoff: float = 0.6) -> str:
    """Return "; did you mean …?" with the closest of some names, or nothing."""
    close = get_close_matches(name, list(choices), 1, cutoff)
    return f'; did you mean {close[0]!r}?' if close else ''


STATUS = Field('status')
BODY = Field('body')


def matches(field: Field, names: Iterable[str]) -> bool:
    """Return whether one of the names in a steps file's `ignore` or `fields` matches a field."""
    return any(
        pattern.kind == field.kind
        and pattern.name in (None, field.name)
        and pattern.attribute in (None, field.attribute)
        and pattern.number in (None, field.number)
        for pattern in map(Field.parse, names)
    )


def _suggest_field(kind: str, name: str) -> str:
    """Return a hint for a name whose first part is nearly that of a field that is no header."""
    if kind == 'set-cookie':
        close = ['cookie']
    elif kind in ('header', 'headers'):
        return f'; did you mean {name!r}?' if name else '; write the name of the header'
    elif '-' in kind or kind in KINDS:
        return ''
    else:
        close = get_close_matches(kind, KINDS, 1, 0.75)
    if not close:
        return ''
    dotted = f'{close[0]}.{name}' if name and close[0] in KINDS_WITH_NAMES else close[0]
    return f'; did you mean {dotted!r}?'


def _parse_name(kind: str, text: str) -> tuple[str, str | None, int | None]:
    """Return the name, the attribute and the number in the text after the kind."""
    attribute = None
    if kind == 'cookie':
        name, dot, part = text.rpartition('.')
        if dot and part.lower() in COOKIE_PARTS:
            text, attribute = name, part.lower()
    name, hash_, digits = text.rpartition('#')
    if hash_ and digits.isascii() and digits.isdigit():
        return name, attribute, int(digits)
    # An attribute without a number is that of the first cookie.
    return text, attribute, 1 if attribute else None
