"""What holds for a session wherever it is kept: the same tests, on the cookie and on Redis."""

import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from markupsafe import Markup
from quart import Quart, flash, get_flashed_messages, redirect, render_template_string, session
from quart.typing import ResponseReturnValue
from quart.typing import TestClientProtocol as Client

from quart_session_demo import create_app
from quart_session_demo.sessions import regenerate_session
from tests.conftest import KEY

VALUES: Any = {
    'text': '数据 😀 \udc80',
    'none': None,
    'number': 1,
    'large number': 2**70,
    'fraction': 0.1,
    'truth': True,
    'list': [1, [2, {'three': 3}]],
    'tuple': (1, (2,)),
    'bytes': b'\x00\xff',
    'uuid': uuid.UUID(int=1),
    'markup': Markup('<b>bold</b>'),
    'time': datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    'tag': {' t': [1]},
    'empty': {},
    '': 'the empty key',
    ' t': 'a key that is a tag',
    'created': 'a key of ours?',
    '键\udc80': 'a key in Chinese, and half a character',
    1: 'a number as key becomes text',
    None: 'so does this',
}

TOUCHES: dict[str, Callable[[], Any]] = {
    'get': lambda: session.get('missing'),
    '[]': lambda: session['username'],
    'in': lambda: 'username' in session,
    'len': lambda: len(session),
    'bool': lambda: bool(session),
    'iteration': lambda: list(session),
    'keys': lambda: list(session.keys()),
    '==': lambda: session == {},
    'setdefault': lambda: session.setdefault('username', 1),
    'pop': lambda: session.pop('missing', None),
    'permanent': lambda: session.permanent,
    'set': lambda: session.update(a=1),
    'clear': lambda: session.clear(),
}


@pytest.fixture(params=['cookie', 'redis'])
def config(request: pytest.FixtureRequest) -> dict[str, Any]:
    config: dict[str, Any] = {'SECRET_KEY': KEY, 'SESSION_TYPE': request.param}
    if request.param == 'redis':
        config['SESSION_REDIS_URL'] = request.getfixturevalue('redis_server').url
    return config


@pytest.fixture
async def app(config: dict[str, Any]) -> AsyncIterator[Quart]:
    app = create_app(config)
    async with app.test_app():
        yield app


def cookie_of(response: Any) -> Any:
    return SimpleCookie(response.headers['Set-Cookie'])['session']


async def text(client: Client, path: str) -> str:
    response = await client.get(path)
    assert response.status_code == 200
    return await response.get_data(as_text=True)


async def test_values_keep_their_types_and_keys(app: Quart) -> None:
    client = app.test_client()
    async with client.session_transaction() as written:
        written.update(VALUES)

    async with client.session_transaction() as read:
        held = dict(read)

    expected = {str(key): value for key, value in VALUES.items() if key is not None}
    assert held == {**expected, 'null': VALUES[None]}
    assert {key: type(value) for key, value in held.items()} == {
        **{key: type(value) for key, value in expected.items()},
        'null': str,
    }


@pytest.mark.parametrize(
    'bad', [{'key': {1, 2}}, {'key': object()}, {(1, 2): 'key'}], ids=['set', 'object', 'key']
)
async def test_what_cannot_be_stored_is_500_and_nothing_is_saved(
    app: Quart, bad: dict[Any, Any]
) -> None:
    @app.get('/bad')
    async def view() -> str:
        session['good'] = 1
        session.update(bad)
        return 'set'

    client = app.test_client()
    await client.get('/')

    response = await client.get('/bad')

    assert response.status_code == 500
    assert 'The session cannot be saved.' in await response.get_data(as_text=True)
    assert 'Set-Cookie' not in response.headers
    async with client.session_transaction() as held:
        assert dict(held) == {'username': 'zhiliao', 'age': 20, '_permanent': True}


@pytest.mark.parametrize('touch', TOUCHES.values(), ids=list(TOUCHES))
async def test_touched_session_varies_by_cookie(app: Quart, touch: Callable[[], Any]) -> None:
    @app.get('/touch')
    async def view() -> ResponseReturnValue:
        touch()
        return 'touched', 200, {'Vary': 'Accept'}

    client = app.test_client()
    await client.get('/browser_session/')

    response = await client.get('/touch')

    assert sorted(response.vary) == ['Accept', 'Cookie']


async def test_session_left_alone_does_not_vary(app: Quart) -> None:
    @app.get('/alone')
    async def view() -> str:
        return 'alone'

    client = app.test_client()
    await client.get('/browser_session/')

    response = await client.get('/alone')

    assert 'Vary' not in response.headers
    assert 'Set-Cookie' not in response.headers


async def test_flashed_message_is_shown_once_after_a_redirect(app: Quart) -> None:
    @app.get('/flash')
    async def view() -> ResponseReturnValue:
        await flash('saved')
        return redirect('/show')

    @app.get('/show')
    async def show() -> str:
        return await render_template_string('{{ messages }}', messages=get_flashed_messages())

    client = app.test_client()

    response = await client.get('/flash')

    assert response.status_code == 302
    assert await text(client, '/show') == '[&#39;saved&#39;]'
    assert await text(client, '/show') == '[]'


async def test_session_changed_in_after_request_is_saved(app: Quart) -> None:
    @app.after_request
    async def count(response: Any) -> Any:
        session['visits'] = session.get('visits', 0) + 1
        return response

    client = app.test_client()
    await client.get('/')
    await client.get('/nowhere')

    async with client.session_transaction() as held:
        assert held['visits'] == 2


async def test_cookie_has_every_attribute_when_set_and_when_deleted(config: dict[str, Any]) -> None:
    app = create_app(
        {
            **config,
            'SESSION_COOKIE_NAME': '__Secure-id',
            'SESSION_COOKIE_DOMAIN': 'example.com',
            'SESSION_COOKIE_PATH': '/',
            'SESSION_COOKIE_SAMESITE': 'Strict',
            'SESSION_COOKIE_SECURE': True,
            'SESSION_COOKIE_PARTITIONED': True,
        }
    )
    async with app.test_app():
        client = app.test_client(use_cookies=False)
        was_set = await client.get('/')
        pair = was_set.headers['Set-Cookie'].partition(';')[0]
        deleted = await client.get('/del_session/', headers={'Cookie': pair})

    for response in (was_set, deleted):
        header = response.headers['Set-Cookie']
        assert header.startswith('__Secure-id=')
        for attribute in (
            *('Domain=example.com', 'Path=/', 'SameSite=Strict'),
            *('Secure', 'HttpOnly', 'Partitioned'),
        ):
            assert f'; {attribute}' in header


async def test_permanent_session_expires_with_its_lifetime(config: dict[str, Any]) -> None:
    app = create_app({**config, 'PERMANENT_SESSION_LIFETIME': 7200})
    async with app.test_app():
        response = await app.test_client().get('/')

    expires = datetime.strptime(cookie_of(response)['expires'], '%a, %d %b %Y %H:%M:%S GMT')
    left = expires.replace(tzinfo=UTC) - datetime.now(UTC)
    assert abs(left - timedelta(hours=2)) < timedelta(minutes=1)


async def test_permanent_session_is_not_refreshed_when_told_so(config: dict[str, Any]) -> None:
    app = create_app({**config, 'SESSION_REFRESH_EACH_REQUEST': False})
    async with app.test_app():
        client = app.test_client()
        await client.get('/')

        response = await client.get('/get_session/')

    assert 'Set-Cookie' not in response.headers


async def test_error_response_takes_the_session_along(app: Quart) -> None:
    @app.get('/fail')
    async def view() -> ResponseReturnValue:
        session['tried'] = True
        return 'no', 404

    client = app.test_client()

    response = await client.get('/fail')

    assert response.status_code == 404
    async with client.session_transaction() as held:
        assert held['tried'] is True


async def test_regenerate_session_keeps_what_is_in_it(app: Quart) -> None:
    @app.get('/login')
    async def login() -> str:
        session['user'] = 'zhiliao'
        await regenerate_session()
        return 'in'

    client = app.test_client()
    await client.get('/')

    assert await text(client, '/login') == 'in'
    async with client.session_transaction() as held:
        assert dict(held) == {
            'username': 'zhiliao',
            'age': 20,
            '_permanent': True,
            'user': 'zhiliao',
        }
