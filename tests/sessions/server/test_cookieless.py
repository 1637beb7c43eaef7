"""Cookieless traffic: a session that is only permanent is not stored."""

from datetime import timedelta
from typing import Any

from quart import Quart, flash, get_flashed_messages, request, session

from quart_session_demo.sessions import regenerate_session
from quart_session_demo.sessions.server.store import current_time
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie, signed_id
from tests.sessions.server.stored import Remaining, store_of

#: What clients without a cookie often request.
PATHS = ('/unused', '/get_session/', '/missing', '/messages')


def make_permanent_app(**config: Any) -> Quart:
    """Return an app in which each request makes its session permanent, as Quart's docs advise."""
    app = make_sessions_app(**config)

    @app.before_request
    async def make_permanent() -> None:
        session.permanent = True

    @app.get('/messages')
    async def messages() -> list[Any]:
        return [*get_flashed_messages()]

    @app.get('/flash')
    async def flash_message() -> str:
        await flash('saved')
        return 'flashed'

    @app.get('/lifetime')
    async def set_lifetime() -> str:
        session.lifetime = timedelta(hours=1)  # type: ignore[attr-defined]
        return 'set'

    @app.get('/regenerate')
    async def regenerate() -> str:
        await regenerate_session()
        return 'regenerated'

    return app


async def test_cookieless_requests_store_nothing(
    readable_store: dict[str, Any], remaining: Remaining
) -> None:
    """60 requests without a cookie store nothing and set no cookie, also if they read it."""
    app = make_permanent_app(**readable_store)
    async with app.test_app():
        for number in range(60):
            client = app.test_client(use_cookies=False)
            response = await client.get(PATHS[number % len(PATHS)])
            assert 'Set-Cookie' not in response.headers
            assert response.headers.getlist('Vary') == ['Cookie']

        assert remaining(app) == []


async def test_content_is_stored(readable_store: dict[str, Any], remaining: Remaining) -> None:
    """A value, a message and a lifetime of its own are each content, which is stored."""
    app = make_permanent_app(**readable_store)
    async with app.test_app():
        for count, path in enumerate(('/set/user', '/flash', '/lifetime', '/login'), 1):
            cookie = cookie_of(await app.test_client().get(path))

            assert len(remaining(app)) == count
            assert 'expires' in cookie.attributes
            assert (await contents_of(app, cookie.value))['_permanent'] is True


async def test_emptied_session_is_deleted(
    readable_store: dict[str, Any], remaining: Remaining
) -> None:
    """A session that is only permanent after a request is deleted, and its cookie too."""
    app = make_permanent_app(**readable_store)

    @app.before_request
    async def remove_user() -> None:
        if request.path == '/regenerate':
            session.pop('user')

    async with app.test_app():
        for begins, path in (
            ('/set/user', '/pop_all'),
            ('/set/user', '/del_session/'),
            ('/set/user', '/regenerate'),
            ('/flash', '/messages'),
        ):
            value = cookie_of(await app.test_client().get(begins)).value
            response = await get_with_cookie(app, path, value)

            assert cookie_of(response).attributes['max-age'] == '0'
            assert remaining(app) == []
            replay = await get_with_cookie(app, '/contents', value)
            assert await replay.get_json() == {'_permanent': True}
            assert 'Set-Cookie' not in replay.headers


async def test_stored_session_without_content_is_deleted_when_used(app: Quart) -> None:
    """A session that an earlier version stored with nothing but `_permanent` is deleted."""
    store = store_of(app)
    now = current_time()
    session_id = await store.create({b'"_permanent"': b'true'}, lifetime=10**9, now=now)
    value = signed_id(session_id)

    assert 'Set-Cookie' not in (await get_with_cookie(app, '/unused', value)).headers
    response = await get_with_cookie(app, '/get_session/', value)

    assert cookie_of(response).attributes['max-age'] == '0'
    assert await contents_of(app, value) == {}
