"""The parser with which the tests read `Set-Cookie` headers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.http import dump_cookie
from werkzeug.wrappers import Response

from tests.conftest import SetCookie, cookie_of, cookies_of, parse_set_cookie

DATE = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)

#: Arguments of Werkzeug's `dump_cookie`, and the attributes that the header then has.
ATTRIBUTES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({'path': None}, {}),
    ({'expires': DATE}, {'path': '/', 'expires': 'Wed, 02 Jan 2030 03:04:05 GMT'}),
    ({'max_age': 60, 'sync_expires': False}, {'path': '/', 'max-age': '60'}),
    ({'domain': 'example.com', 'path': '/a b'}, {'domain': 'example.com', 'path': '/a%20b'}),
    ({'secure': True, 'httponly': True}, {'path': '/', 'secure': '', 'httponly': ''}),
    (
        {'samesite': 'None', 'partitioned': True},
        {'path': '/', 'samesite': 'None', 'secure': '', 'partitioned': ''},
    ),
]


@pytest.mark.parametrize(('arguments', 'attributes'), ATTRIBUTES, ids=str)
def test_parser_returns_every_attribute(
    arguments: dict[str, Any], attributes: dict[str, str]
) -> None:
    """Each attribute that Werkzeug writes is found, and no other."""
    header = dump_cookie('a', 'b', **arguments)

    assert parse_set_cookie(header) == SetCookie('a', 'b', attributes)


@pytest.mark.parametrize('value', ['', 'b', 'a=b', 'a b', 'a;b, "c"', '\\', '"', '数据', '\x00'])
def test_parser_decodes_values(value: str) -> None:
    """A value that Werkzeug quotes and escapes is found as it was set."""
    assert parse_set_cookie(dump_cookie('a', value, partitioned=True)).value == value


def test_parser_returns_unknown_attributes() -> None:
    """An attribute that no browser knows is found, in any case and with any spaces."""
    found = parse_set_cookie('a=b;FOO = bar ; baz;  Secure=no')

    assert found.attributes == {'foo': 'bar', 'baz': '', 'secure': 'no'}


def test_every_header_is_found() -> None:
    """Each `Set-Cookie` header of a response is one cookie, also if two have the same name."""
    response = Response()
    for header in ('a=1; Partitioned', 'b=2', 'a=3'):
        response.headers.add('Set-Cookie', header)

    assert [(cookie.name, cookie.value) for cookie in cookies_of(response)] == [
        ('a', '1'),
        ('b', '2'),
        ('a', '3'),
    ]
    assert cookie_of(response, 'b').value == '2'
    for name in ('a', 'c'):
        with pytest.raises(ValueError, match='unpack'):
            cookie_of(response, name)
