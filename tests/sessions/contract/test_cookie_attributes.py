"""Cookie attributes: Flask's, whether the cookie is set, refreshed or deleted."""

from datetime import timedelta
from typing import Any

import flask
import pytest
import time_machine
from quart import Quart

from tests.apps.sessions_app import make_sessions_app
from tests.conftest import KEY, cookie_of, get_with_cookie
from tests.sessions.conftest import each_kind

SETTINGS: list[dict[str, Any]] = [
    {},
    {'SESSION_COOKIE_SAMESITE': None},
    {'SESSION_COOKIE_NAME': '__Host-session', 'SESSION_COOKIE_SECURE': True},
    {'SESSION_COOKIE_DOMAIN': 'example.com'},
    {'SESSION_COOKIE_PATH': '/app'},
    {'APPLICATION_ROOT': '/root'},
    {'SESSION_COOKIE_HTTPONLY': False},
    {'SESSION_COOKIE_SAMESITE': 'Strict'},
    {'SESSION_COOKIE_SAMESITE': 'None', 'SESSION_COOKIE_SECURE': True},
    {'SESSION_COOKIE_PARTITIONED': True, 'SESSION_COOKIE_SECURE': True},
    {'SESSION_COOKIE_PARTITIONED': True},
]


def attributes(response: Any, name: str) -> dict[str, str]:
    """Return the attributes of the cookie that a response sets, except the times."""
    found = cookie_of(response, name).attributes
    return {key: value for key, value in found.items() if key not in {'expires', 'max-age'}}


def attributes_in_flask(app: Quart) -> dict[str, str]:
    """Return the attributes of the cookie that Flask sets with the settings of this app."""
    flask_app = flask.Flask('flask_app')
    flask_app.config.update(
        {name: app.config[name] for name in flask_app.config.keys() & app.config.keys()}
    )
    flask_app.config.update(SECRET_KEY=KEY, SERVER_NAME=None)

    @flask_app.get('/')
    def view() -> str:
        flask.session['a'] = 1
        return ''

    response = flask_app.test_client().get('/', base_url='http://example.com')
    return attributes(response, app.config['SESSION_COOKIE_NAME'])


@pytest.mark.parametrize('settings', SETTINGS, ids=str)
async def test_attributes_are_flasks(store: dict[str, Any], settings: dict[str, Any]) -> None:
    """A cookie has Flask's attributes when it is set, refreshed and deleted."""
    app = make_sessions_app(**store)
    # Later than `make_sessions_app`, which refuses what a browser would ignore.
    app.config.update(settings)
    name = app.config['SESSION_COOKIE_NAME']
    async with app.test_app():
        was_set = await app.test_client(use_cookies=False).get('/')
        value = cookie_of(was_set, name).value
        # A session on a server is not refreshed at each request.
        with time_machine.travel(timedelta(days=1)):
            refreshed = await get_with_cookie(app, '/get_session/', value, name=name)
            deleted = await get_with_cookie(app, '/del_session/', value, name=name)

    expected = attributes_in_flask(app)
    for response in (was_set, refreshed, deleted):
        assert attributes(response, name) == expected
    assert cookie_of(deleted, name).attributes['max-age'] == '0'


async def test_cookie_has_every_attribute(store: dict[str, Any]) -> None:
    """Every `SESSION_COOKIE_*` setting is an attribute of the cookie, set or deleted."""
    app = make_sessions_app(
        **store,
        SESSION_COOKIE_NAME='__Secure-id',
        SESSION_COOKIE_DOMAIN='example.com',
        SESSION_COOKIE_PATH='/',
        SESSION_COOKIE_SAMESITE='Strict',
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_PARTITIONED=True,
    )
    async with app.test_app():
        was_set = await app.test_client(use_cookies=False).get('/')
        value = cookie_of(was_set, '__Secure-id').value
        deleted = await get_with_cookie(app, '/del_session/', value, name='__Secure-id')

    for response in (was_set, deleted):
        assert attributes(response, '__Secure-id') == {
            'domain': 'example.com',
            'path': '/',
            'samesite': 'Strict',
            'secure': '',
            'httponly': '',
            'partitioned': '',
        }


@each_kind
@pytest.mark.parametrize(
    ('settings', 'path'),
    [
        ({}, '/'),
        ({'APPLICATION_ROOT': '/root'}, '/root'),
        ({'APPLICATION_ROOT': '/root', 'SESSION_COOKIE_PATH': '/app'}, '/app'),
    ],
)
async def test_cookie_path_ignores_the_root_path(
    store: dict[str, Any], settings: dict[str, Any], path: str
) -> None:
    """Below a server's root path, only the settings decide the cookie's path, as in Flask."""
    app = make_sessions_app(**store, **settings)
    flask_app = flask.Flask('flask_app')
    flask_app.config.update(SECRET_KEY=KEY, **settings)

    @flask_app.get('/')
    def view() -> str:
        flask.session['a'] = 1
        return ''

    async with app.test_app():
        response = await app.test_client().get('/sub/', root_path='/sub')
    expected = flask_app.test_client().get('/', environ_overrides={'SCRIPT_NAME': '/sub'})

    assert response.status_code == expected.status_code == 200
    assert cookie_of(response).attributes['path'] == path
    assert cookie_of(expected).attributes['path'] == path
