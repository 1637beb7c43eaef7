"""`sessions info` shows where sessions are stored, and for how long."""

import json
import re
from typing import Any

import pytest
from quart import Quart

from quart_session_demo import create_app
from tests.conftest import KEY
from tests.redis_server import RedisServer


def info(app: Quart) -> dict[str, Any]:
    result = app.test_cli_runner().invoke(args=['sessions', 'info', '--json'])
    assert result.exit_code == 0
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


def test_cookie_session_is_shown(app: Quart) -> None:
    """For sessions in the cookie there is no store, and nothing that is not ready."""
    assert info(app) == {
        'stored_in': 'cookie',
        'interface': 'CookieSessionInterface',
        'store': None,
        'ready': True,
        'problem': None,
        'cookie_name': 'session',
        'cookie_attributes': ['HttpOnly', 'Path=/', 'SameSite=Lax'],
        'permanent_by_default': False,
        'permanent_lifetime': 864_000,
        'browser_lifetime': 864_000,
        'refresh_each_request': True,
        'absolute_lifetime': None,
    }


def redis_app(url: str) -> Quart:
    return create_app(
        {
            'SECRET_KEY': KEY,
            'SESSION_ABSOLUTE_LIFETIME': 43_200,
            'SESSION_BROWSER_LIFETIME': 3600,
            'SESSION_PERMANENT': True,
            'SESSION_COOKIE_PARTITIONED': True,
            'SESSION_REDIS_URL': url,
            'SESSION_TYPE': 'redis',
        }
    )


@pytest.mark.redis
def test_ready_store_is_shown(redis_server: RedisServer) -> None:
    """For sessions on a server the store, its state and its lifetimes are shown."""
    facts = info(redis_app(redis_server.url))

    assert facts['stored_in'] == 'server'
    assert facts['interface'] == 'RedisSessionInterface'
    assert facts['store'] == 'RedisStore'
    assert facts['ready'] is True
    assert facts['absolute_lifetime'] == 43_200
    assert (facts['browser_lifetime'], facts['permanent_by_default']) == (3600, True)
    # As sent: Werkzeug adds Secure to Partitioned.
    assert {'Partitioned', 'Secure'} <= set(facts['cookie_attributes'])


def test_table_shows_what_extends_a_session() -> None:
    """The lines of the lifetimes end with what extends such a session, on both kinds."""

    def extensions(**config: Any) -> list[str]:
        result = create_app(config).test_cli_runner().invoke(args=['sessions', 'info'])
        return re.findall(r'after the last (\w+)', result.stdout)

    assert extensions(SESSION_TYPE='memory') == ['use', 'use']
    for kind in ('cookie', 'memory'):
        config = {'SESSION_TYPE': kind, 'SESSION_REFRESH_EACH_REQUEST': False}
        assert extensions(**config) == ['change', 'change'], kind


def test_unreachable_store_is_not_ready() -> None:
    """A store that does not answer is shown as not ready, with the reason; the command succeeds."""
    facts = info(redis_app('redis://127.0.0.1:1'))

    assert facts['ready'] is False
    assert 'Redis failed' in facts['problem']


def test_table_has_a_line_for_each_fact(app: Quart) -> None:
    """Without `--json` each fact is a line that a person can read."""
    result = app.test_cli_runner().invoke(args=['sessions', 'info'])

    assert result.exit_code == 0
    assert result.stdout == (
        'stored in the cookie\n'
        'interface CookieSessionInterface\n'
        'store     none\n'
        'ready     yes\n'
        'cookie    session; HttpOnly; Path=/; SameSite=Lax\n'
        'default   not permanent\n'
        'permanent expires 10 days, 0:00:00 after the last response\n'
        'browser   expires 10 days, 0:00:00 after the last change, and when the browser closes\n'
        'absolute  no limit\n'
    )
