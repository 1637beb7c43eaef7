"""What of a reply is compared, and what differs between two."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar
from itertools import chain, count
from pprint import pformat
from typing import Any

from flask.sessions import session_json_serializer
from itsdangerous import BadData, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode

# What only the server decides. Every other header is compared.
LEFT_OUT: Mapping[str, str] = {
    'date': 'the server writes it',
    'server': "the server's name",
    'connection': 'how long the server keeps the connection',
    'keep-alive': 'the same',
    'content-length': 'how the server frames the body; the body itself is compared',
    'transfer-encoding': 'the same',
}
SETS = {'allow', 'vary'}
ABSENT = '(absent)'
# Headers that apps reckon from the time at which they reply.
DATES = {'expires', 'last-modified'}
TOLERANCE = timedelta(seconds=2)
# When itsdangerous may have signed, in seconds: from 2001 to 2106.
SIGNED = range(10**9, 2**32)
# What begins the fields that are no headers, and have their own names after the dot.
OWN_NAMES = ('cookie.', 'session.', 'capture.')
ATTRIBUTES = {
    *('domain', 'expires', 'httponly', 'max-age', 'partitioned', 'path', 'priority', 'samesite'),
    'secure',
}
# A dot in a cookie's name is followed by anything else, or the name gets a number.
PARTS = {*ATTRIBUTES, 'value', 'other'}
NUMBER = re.compile(r'#\d+\Z', re.A)

_unsigned = URLSafeTimedSerializer('no key', serializer=session_json_serializer)


def fields(
    status: int, headers: Iterable[tuple[str, str]], body: bytes, jar: CookieJar
) -> dict[str, str]:
    """Return what is compared of a reply, by name.

    `status`, `body`, each header, of each Set-Cookie `cookie.NAME`, `cookie.NAME.ATTRIBUTE`,
    `cookie.NAME.other` with the attributes that no browser knows and, unless it is a session,
    `cookie.NAME.value` (`cookie.NAME#2` of the second of that name), and `session.KEY` of the
    session that the visitor now has (`session.KEY#2` of the second cookie with that key, by the
    cookies' names). The first is `#1` when its name would look like another field.

    Args:
        status: The reply's.
        headers: The reply's.
        body: The reply's.
        jar: The visitor's cookies after the reply.
    """
    result = {'status': str(status)}
    for name, value in headers:
        name = name.lower()
        if name == 'set-cookie':
            result |= _cookie(value, result)
        elif name not in LEFT_OUT:
            result[name] = f'{result[name]}, {value}' if name in result else value
    for name in SETS & result.keys():
        items = {item.strip() for item in result[name].split(',')}
        result[name] = ', '.join(sorted(items, key=str.lower))
    result['body'] = body_text(body)
    for cookie in sorted(jar, key=lambda cookie: (cookie.name, cookie.path)):
        for key, item in (_session(cookie.value or '') or {}).items():
            # Of the dict {1: True} and of a tuple too, pformat tells the types.
            result[_numbered(f'session.{key}', result)] = pformat(item, width=sys.maxsize)
    return result


def body_text(body: bytes) -> str:
    """Return a reply's body as it is compared."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return repr(body)


def differences(
    one: Mapping[str, str], other: Mapping[str, str], later: timedelta = timedelta()
) -> Iterator[tuple[str, str, str]]:
    """Yield each field that differs, with both values.

    What belongs to a cookie that only one of the two has is not told again.

    Args:
        one: The fields of a reply.
        other: Those of the reply to compare it with.
        later: How long after the one the other came.
    """
    missing: set[str] = set()
    for name in dict.fromkeys([*one, *other]):
        values = one.get(name, ABSENT), other.get(name, ABSENT)
        if _same(name, *values, later) or _whole(name) in missing:
            continue
        if ABSENT in values and name.startswith('cookie.'):
            missing.add(name)
        yield name, *values


def is_listed(field: str, listed: Iterable[str]) -> bool:
    """Tell whether a field is in a list.

    There `cookie` stands for all that begins with `cookie.`, `cookie.a` for `cookie.a.path` and
    `cookie.a#2` too. The names of cookies, session keys and captures are exact, all else is in
    whatever case.
    """
    whole = _whole(field)
    names = {field, whole}
    if field.startswith(OWN_NAMES):
        names.add(field.partition('.')[0])
        unnumbered = NUMBER.sub('', whole)
        if not _looks_like_another(unnumbered):
            names.add(unnumbered)
    return not names.isdisjoint(map(_as_field, listed))


def _as_field(listed: str) -> str:
    """Return a field's name as replies have it."""
    kind, dot, name = listed.partition('.')
    field = f'{kind.lower()}{dot}{name}'
    whole = _whole(field)
    return whole + field.removeprefix(whole).lower()


def _whole(field: str) -> str:
    """Return the field of the cookie that a field is a part of, or else the field itself."""
    whole, _, part = field.rpartition('.')
    return whole if whole.startswith('cookie.') and part.lower() in PARTS else field


def _looks_like_another(field: str) -> bool:
    """Tell whether a whole field's name is that of a cookie's part, or of a second field."""
    return _whole(field) != field or NUMBER.search(field) is not None


def _same(field: str, one: str, other: str, later: timedelta) -> bool:
    of_cookie = field.startswith('cookie.')
    if field in DATES or (of_cookie and field.endswith('.expires')):
        return _same_date(one, other, later)
    if field == 'vary' or (of_cookie and field.endswith('.samesite')):
        return one.lower() == other.lower()
    return one == other


def _same_date(one: str, other: str, later: timedelta) -> bool:
    """Tell whether two dates are the same, or are equally long after their replies came."""
    try:
        gap = parsedate_to_datetime(other) - parsedate_to_datetime(one)
    except (TypeError, ValueError):
        return one == other
    return min(abs(gap), abs(gap - later)) <= TOLERANCE


def _cookie(header: str, seen: Mapping[str, str]) -> dict[str, str]:
    pair, *attributes = [part.strip() for part in header.split(';')]
    name, _, value = pair.partition('=')
    field = _numbered(f'cookie.{name}', seen)
    result = {field: 'set'}
    # A session's value holds the time, and its content is compared by itself.
    if _session(value) is None:
        result[f'{field}.value'] = value
    others = []
    for attribute in attributes:
        key, _, item = attribute.partition('=')
        if key.lower() in ATTRIBUTES:
            result[f'{field}.{key.lower()}'] = item or 'yes'
        else:
            others.append(attribute)
    if others:
        result[f'{field}.other'] = '; '.join(sorted(others))
    return result


def _numbered(field: str, seen: Mapping[str, str]) -> str:
    first = f'{field}#1' if _looks_like_another(field) else field
    names = chain([first], (f'{field}#{number}' for number in count(2)))
    return next(name for name in names if name not in seen)


def _session(value: str) -> dict[str, Any] | None:
    """Return a session cookie's content, whoever signed it; None when it is no such cookie."""
    _, content = _unsigned.loads_unsafe(value)
    return content if isinstance(content, dict) and _is_signed_in_time(value) else None


def _is_signed_in_time(value: str) -> bool:
    """Tell whether the part before the signature is a time, as it is not in a JWT."""
    try:
        return int.from_bytes(base64_decode(value.split('.')[-2])) in SIGNED
    except BadData:
        return False
