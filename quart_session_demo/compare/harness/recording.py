"""Record what is compared of a response."""

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.cookiejar import CookieJar
from pprint import pformat
from typing import Any, TypeVar

from flask.sessions import session_json_serializer
from itsdangerous import BadData, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode

from quart_session_demo.compare.harness.fields import BODY, COOKIE_ATTRIBUTES, STATUS, Field
from quart_session_demo.compare.harness.random_values import values_in

T = TypeVar('T')

#: Headers that depend on the server alone, each with the reason. They are not compared.
IGNORED_HEADERS: Mapping[str, str] = {
    'date': 'written by the server',
    'server': "the server's name",
    'connection': 'whether the server closes the connection',
    'keep-alive': 'how long the server keeps the connection open',
    'content-length': 'how the server frames the body; the body itself is compared',
    'transfer-encoding': 'how the server frames the body; the body itself is compared',
}
#: Headers whose items may be in any order.
SET_HEADERS = (Field('allow'), Field('vary'))
#: The times at which itsdangerous can have signed, in seconds: from 2001 to 2106.
SIGNING_TIMES = range(10**9, 2**32)

_unsigned = URLSafeTimedSerializer('no key', serializer=session_json_serializer)


@dataclass(frozen=True)
class RecordedResponse:
    """A response, or the reason why there is none.

    Attributes:
        status: The status code, 0 if there is no response.
        error: Why there is no response.
        headers: Names in lower case, and values, without Set-Cookie and `IGNORED_HEADERS`.
        body: The text, or the `repr` of bytes that are not valid UTF-8.
        cookies: For each Set-Cookie the cookie's name and parts. The parts are the attributes
            that browsers know, `other` for all others and, unless it is a session, `value`.
        session: Each key of the session that the user has after the response, with the `repr`
            of its value. A second signed cookie may repeat a key.
        captures: For each capture of the step, whether it found anything.
        random: The user's random values so far, by an id that is the same for both apps.
    """

    status: int = 0
    error: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ''
    cookies: tuple[tuple[str, Mapping[str, str]], ...] = ()
    session: tuple[tuple[str, str], ...] = ()
    captures: Mapping[str, bool] = field(default_factory=dict)
    random: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_failure(self) -> bool:
        """Whether the server failed: no response, or a status from 500."""
        return self.error is not None or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    def fields(self) -> dict[Field, str]:
        """Return all that is compared. Without a response that is `status` alone."""
        if self.error is not None:
            return {STATUS: f'no response: {self.error}'}
        fields = {STATUS: str(self.status)}
        for name, value in self.headers:
            header = Field(name)
            fields[header] = f'{fields[header]}, {value}' if header in fields else value
        for header in fields.keys() & SET_HEADERS:
            items = {item.strip() for item in fields[header].split(',')}
            fields[header] = ', '.join(sorted(items, key=str.lower))
        for cookie, parts in _numbered('cookie', self.cookies):
            fields[cookie] = 'set'
            fields |= {replace(cookie, attribute=key): value for key, value in parts.items()}
        fields[BODY] = self.body
        fields |= dict(_numbered('session', self.session))
        for name, is_found in self.captures.items():
            fields[Field('capture', name)] = 'found' if is_found else 'not found'
        return fields


def record_response(
    status: int,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    jar: CookieJar,
    captures: Mapping[str, bool] | None = None,
    random: Mapping[str, str] | None = None,
) -> RecordedResponse:
    """Record a response.

    Args:
        status: The response's status code.
        headers: The response's headers, in any case.
        body: The response's body.
        jar: The user's cookies after the response.
        captures: For each capture of the step, whether it found anything.
        random: The user's random values so far, by an id that is the same for both apps.
    """
    headers = [(name.lower(), value) for name, value in headers]
    ignored = ('set-cookie', *IGNORED_HEADERS)
    return RecordedResponse(
        status,
        headers=tuple(header for header in headers if header[0] not in ignored),
        body=body_text(body),
        cookies=tuple(_parse_cookie(value) for name, value in headers if name == 'set-cookie'),
        session=tuple(
            # pformat sorts the keys of dicts, whose order makes no difference.
            (key, pformat(item, width=sys.maxsize))
            for key, item in _session_items(jar)
        ),
        captures=captures or {},
        random=random or {},
    )


def random_values(jar: CookieJar, names: Collection[str]) -> dict[str, str]:
    """Return the values of a user's session keys and cookies of these names, by an id for each."""
    values = {f'cookie.{cookie.name}': cookie.value or '' for cookie in jar if cookie.name in names}
    for key, item in _session_items(jar):
        if key in names:
            values |= values_in(f'session.{key}', item)
    return values


def _session_items(jar: CookieJar) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of the user's sessions, in the order of the cookies' names."""
    for cookie in sorted(jar, key=lambda cookie: (cookie.name, cookie.path, cookie.domain)):
        yield from (_session_content(cookie.value or '') or {}).items()


def body_text(body: bytes) -> str:
    """Return a response's body as text, or the `repr` of bytes that are not valid UTF-8."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return repr(body)


def _numbered(kind: str, items: Iterable[tuple[str, T]]) -> Iterator[tuple[Field, T]]:
    """Yield the field of each name, with a number that counts equal names."""
    seen: Counter[str] = Counter()
    for name, value in items:
        seen[name] += 1
        yield Field(kind, name, number=seen[name]), value


def _parse_cookie(header: str) -> tuple[str, dict[str, str]]:
    """Return the name and the parts of the cookie in a Set-Cookie header."""
    pair, *attributes = [part.strip() for part in header.split(';')]
    name, _, value = pair.partition('=')
    # A session's value holds the time of its signature. Its content is recorded separately.
    parts = {'value': value} if _session_content(value) is None else {}
    others = []
    for attribute in attributes:
        key, _, item = attribute.partition('=')
        if key.lower() in COOKIE_ATTRIBUTES:
            parts[key.lower()] = item or 'yes'
        else:
            others.append(attribute)
    if others:
        parts['other'] = '; '.join(sorted(others))
    return name, parts


def _session_content(value: str) -> dict[str, Any] | None:
    """Return a session cookie's content, signed with any key; None for other cookies."""
    _, content = _unsigned.loads_unsafe(value)
    return content if isinstance(content, dict) and _has_signing_time(value) else None


def _has_signing_time(value: str) -> bool:
    """Return whether the part before the signature is a time. In a JWT it is the payload."""
    try:
        return int.from_bytes(base64_decode(value.split('.')[-2])) in SIGNING_TIMES
    except BadData:
        return False
