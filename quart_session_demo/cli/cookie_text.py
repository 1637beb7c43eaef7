"""Find the session cookie in a text: its value alone, or a whole `Cookie` or `Set-Cookie` line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: The attributes of a `Set-Cookie` line without the header's name, which are not cookies.
ATTRIBUTES = (
    'domain',
    'expires',
    'max-age',
    'path',
    'priority',
    'samesite',
)
#: A header's line. curl prints a mark before it.
HEADER = re.compile(r'[<>*\s]*(set-)?cookie:(.*)', re.IGNORECASE)
#: The prefixes of cookie names (RFC 6265bis, 4.1.3).
NAME_PREFIX = re.compile('__(host|secure)-', re.IGNORECASE)


class NoSessionCookie(ValueError):
    """Raised for a text without the session cookie; the message names the cookies in it."""


@dataclass(frozen=True)
class FoundCookie:
    """The session cookie of a text.

    Attributes:
        name: The cookie's name; None for a value alone.
        values: The values of all cookies of that name, in their order.
    """

    name: str | None
    values: Sequence[str]


def find_session_cookie(text: str, name: str) -> FoundCookie:
    """Return the session cookie in a text.

    That is the cookie of this name or else one whose name differs in the prefix alone, as in
    production, or else the only cookie.

    Args:
        text: A value, `NAME=VALUE`, or lines of the headers `Cookie` or `Set-Cookie`, with or
            without the header's name. Other lines beside these headers are ignored.
        name: The name of the app's session cookie.

    Raises:
        NoSessionCookie: None of several cookies has the name, or the cookie has no value.
    """
    cookies = _cookies(text)
    names = list(dict.fromkeys(found for found, _ in cookies))
    similar = [found for found in names if found and _unprefixed(found) == _unprefixed(name)]
    others = [found for found in names if found is None or found.lower() not in ATTRIBUTES]
    if name in names:
        chosen: str | None = name
    elif similar:
        chosen = similar[0]
    elif len(others) == 1:
        chosen = others[0]
    else:
        listed = ', '.join(found or 'a value without a name' for found in others) or 'no cookie'
        raise NoSessionCookie(
            f'No cookie is named {name}, the name of this app: the text has {listed}. Use the '
            "value of the session's cookie alone."
        )
    values = [value for found, value in cookies if found == chosen]
    if not any(values):
        raise NoSessionCookie('The cookie has no value: with such a line a response deletes it.')
    return FoundCookie(chosen, values)


def _cookies(text: str) -> list[tuple[str | None, str]]:
    """Return all cookies, or names and attributes that may be cookies, in a text."""
    lines = [line.strip() for line in _unquoted(text).splitlines() if line.strip()]
    headers = [match for line in lines if (match := HEADER.fullmatch(line))]
    if not headers:
        return [cookie for line in lines for cookie in _pairs(line)]
    sent = [cookie for header in headers if not header[1] for cookie in _pairs(header[2])]
    stored = [_pairs(header[2])[0] for header in headers if header[1]]
    # Of several `Set-Cookie` headers with one name, a browser stores the last.
    return [*sent, *dict(stored).items()]


def _pairs(line: str) -> list[tuple[str | None, str]]:
    first, *others = line.split(';')
    name, equals, value = first.partition('=')
    pairs: list[tuple[str | None, str]] = [(name.strip(), _unquoted(value))]
    if not equals:
        pairs = [(None, _unquoted(first))]
    for part in others:
        name, equals, value = part.partition('=')
        # Attributes such as HttpOnly have no value.
        if equals:
            pairs.append((name.strip(), _unquoted(value)))
    return pairs


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in '"\'':
        return text[1:-1].strip()
    return text


def _unprefixed(name: str) -> str:
    return NAME_PREFIX.sub('', name)
