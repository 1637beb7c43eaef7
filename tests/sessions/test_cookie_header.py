"""The `Set-Cookie` header of the session, compared with the one that Werkzeug formats."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart
from werkzeug.http import dump_cookie

from quart_session_demo.sessions import CookieSession, CookieSessionInterface
from quart_session_demo.sessions.base import cookie_header

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
VALUE = '.eJyrVkosLcmIz8nPzi9VsoKylGoBdlgKAA.aSkp2A.q0YV_o-G1yVt6nQ0b1Jv4Uo5wzE'


@pytest.mark.parametrize(
    ('config', 'attributes'),
    [
        ({}, {'httponly': True}),
        ({'SESSION_COOKIE_NAME': '会话', 'SESSION_COOKIE_HTTPONLY': False}, {}),
        ({'SESSION_COOKIE_SECURE': True}, {'httponly': True, 'secure': True}),
        # Werkzeug writes `Secure=1`.
        ({'SESSION_COOKIE_SECURE': 1}, {'httponly': True, 'secure': 1}),
        (
            {
                'SESSION_COOKIE_DOMAIN': 'example.com',
                'SESSION_COOKIE_PARTITIONED': True,
                'SESSION_COOKIE_PATH': '/sub dir',
                'SESSION_COOKIE_SAMESITE': 'lax',
            },
            {
                'domain': 'example.com',
                'httponly': True,
                'partitioned': True,
                'path': '/sub dir',
                'samesite': 'Lax',
            },
        ),
    ],
)
def test_header_is_werkzeugs(config: dict[str, Any], attributes: dict[str, Any]) -> None:
    """The header has the current settings and time, in each response anew."""
    app = Quart('header')
    app.config.update(config)
    interface = CookieSessionInterface()
    name = app.config['SESSION_COOKIE_NAME']
    for milliseconds in (0, 999, 1000, 1999, 61_000):
        now = START + timedelta(milliseconds=milliseconds)
        for permanent in (True, False):
            expires = now + app.permanent_session_lifetime if permanent else None
            session = CookieSession({'_permanent': permanent})

            with time_machine.travel(now, tick=False):
                header = cookie_header(interface, app, session, VALUE)

            assert header == dump_cookie(name, VALUE, expires=expires, **attributes)


@pytest.mark.parametrize('value', ['', 'a:b', 'a;b', '{"a":"; Secure"}', 'a\\\n\x7f知'])
def test_value_is_quoted_as_by_werkzeug(value: str) -> None:
    """A value from an app's own serializer cannot add attributes to the header."""
    header = cookie_header(CookieSessionInterface(), Quart('header'), CookieSession(), value)

    assert header == dump_cookie('session', value, httponly=True)
