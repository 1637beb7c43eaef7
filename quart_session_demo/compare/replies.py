"""What of a reply is compared, and what differs between two."""

import operator
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar
from pprint import pformat
from typing import Any

from flask.sessions import session_json_serializer
from itsdangerous import URLSafeTimedSerializer

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
EXPIRES_TOLERANCE = timedelta(seconds=2)

_unsigned = URLSafeTimedSerializer('no key', serializer=session_json_serializer)


def fields(
    status: int, headers: Iterable[tuple[str, str]], body: bytes, jar: CookieJar
) -> dict[str, str]:
    """Return what is compared of a reply, by name.

    `status`, `body`, each header, `cookie.NAME` and `cookie.NAME.ATTRIBUTE` of each Set-Cookie,
    and `session.KEY` of the session that the visitor now has.

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
        result[name] = ', '.join(sorted({item.strip() for item in result[name].split(',')}))
    try:
        result['body'] = body.decode()
    except UnicodeDecodeError:
        result['body'] = repr(body)
    for cookie in jar:
        for key, item in (_session(cookie.value or '') or {}).items():
            # Of the dict {1: True} and of a tuple too, pformat tells the types.
            result[f'session.{key}'] = pformat(item, width=sys.maxsize)
    return result


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield each field that differs, with both values.

    What belongs to a cookie that only one of the two has is not told again.
    """
    missing: set[str] = set()
    for name in dict.fromkeys([*one, *other]):
        values = one.get(name, ABSENT), other.get(name, ABSENT)
        same = _same_date if name.endswith('.expires') else operator.eq
        if same(*values) or name.rpartition('.')[0] in missing:
            continue
        if ABSENT in values:
            missing.add(name)
        yield name, *values


def is_listed(field: str, listed: Iterable[str]) -> bool:
    """Tell whether a field is in a list, in which `cookie` stands for `cookie.session.path` too."""
    return any(field == name or field.startswith(f'{name}.') for name in listed)


def _same_date(one: str, other: str) -> bool:
    try:
        return abs(parsedate_to_datetime(one) - parsedate_to_datetime(other)) <= EXPIRES_TOLERANCE
    except (TypeError, ValueError):
        return one == other


def _cookie(header: str, seen: Mapping[str, str]) -> dict[str, str]:
    pair, *attributes = [part.strip() for part in header.split(';')]
    name, _, value = pair.partition('=')
    field = f'cookie.{name}'
    result = {field: 'set again' if field in seen else 'set'}
    # A session's value holds the time, and its content is compared by itself.
    if _session(value) is None:
        result[f'{field}.value'] = value
    for attribute in attributes:
        key, _, item = attribute.partition('=')
        result[f'{field}.{key.lower()}'] = item or 'yes'
    return result


def _session(value: str) -> dict[str, Any] | None:
    """Return a session cookie's content, whoever signed it; None when it is no such cookie."""
    _, content = _unsigned.loads_unsafe(value)
    return content if isinstance(content, dict) else None
