"""The signature of a session's id binds the session to the app's secret key."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from itsdangerous import Signer
from quart import Quart, session

from quart_session_demo.sessions import MemoryStore, ServerSessionInterface
from quart_session_demo.sessions.server.signing import id_signer
from quart_session_demo.sessions.server.store import StoredSession, new_session_id
from tests.apps.sessions_app import make_sessions_app, views
from tests.conftest import KEY, contents_of, cookie_of, get_with_cookie, id_in, signed_id

NEW_KEY = 'another key for tests, which is long enough for production'
NO_SESSION = '没有session数据'


class CountingStore(MemoryStore):
    """A store that counts its reads."""

    reads = 0

    async def read(self, key: str) -> StoredSession | None:
        self.reads += 1
        return await super().read(key)


def make_own_app(store: MemoryStore, **config: Any) -> Quart:
    """Return an app of one's own with its sessions in this store."""
    app = Quart('own_app')
    app.config.from_mapping({'SECRET_KEY': KEY, **config})
    app.session_interface = ServerSessionInterface(app, store)  # type: ignore[assignment]
    app.register_blueprint(views)
    return app


async def new_cookie(app: Quart, path: str = '/set/user') -> str:
    """Return the cookie of a new session."""
    return cookie_of(await app.test_client().get(path)).value


async def test_apps_with_other_keys_accept_nothing_of_each_other(store: dict[str, Any]) -> None:
    """Two apps that share a store, but no key, do not accept each other's cookies."""
    staging = make_sessions_app(**store)
    production = make_sessions_app(**store, SECRET_KEY=NEW_KEY)
    # Sessions in memory are shared only by sharing the store.
    production.session_interface = staging.session_interface
    async with staging.test_app(), production.test_app():
        for mine, other in ((staging, production), (production, staging)):
            cookie = await new_cookie(mine)

            assert await contents_of(mine, cookie) == {'user': 'user'}
            assert await contents_of(other, cookie) == {}
            adopted = await get_with_cookie(other, '/set/user', cookie)
            assert cookie_of(adopted).value != cookie
            assert await contents_of(mine, cookie) == {'user': 'user'}


@pytest.mark.parametrize('path', ['/contents', '/unused', '/set/more'])
@pytest.mark.parametrize('permanent', [True, False], ids=['permanent', 'browser'])
@pytest.mark.parametrize('refresh', [True, False], ids=['refresh', 'no refresh'])
async def test_next_response_signs_with_the_new_key(
    store: dict[str, Any], path: str, permanent: bool, refresh: bool
) -> None:
    """After a rotation the next response signs the same id with the new key, also if it reads."""
    app = make_sessions_app(**store, SESSION_REFRESH_EACH_REQUEST=refresh)
    async with app.test_app():
        old = await new_cookie(app, '/' if permanent else '/set/user')
        before = await contents_of(app, old)
        app.config.update(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=[KEY])

        response = await get_with_cookie(app, path, old)

        cookie = cookie_of(response)
        assert cookie.value == id_signer((NEW_KEY.encode(),)).sign(id_in(old))
        assert ('expires' in cookie.attributes) == permanent
        assert response.headers['Vary'] == 'Cookie'
        app.config.update(SECRET_KEY_FALLBACKS=None)
        assert (await contents_of(app, cookie.value)).items() >= before.items()
        assert await contents_of(app, old) == {}


def test_signature_is_that_of_itsdangerous() -> None:
    """The value of a cookie is what `itsdangerous.Signer` makes of the id, with the current key."""
    keys = [KEY.encode(), NEW_KEY.encode()]
    signer = Signer(
        keys,
        salt='quart_session_demo.session-id',
        key_derivation='hmac',
        digest_method=hashlib.sha256,
    )
    session_id = new_session_id()

    assert id_signer(tuple(keys)).sign(session_id) == signer.sign(session_id).decode()


@pytest.mark.parametrize(
    'change',
    [
        lambda value: value[:-1],
        lambda value: f'{value}=',
        lambda value: value.replace('.', ''),
        lambda value: value.partition('.')[2],
        lambda value: f'é{value}',
        lambda value: f'{value}\udcff',
        lambda value: '',
    ],
)
def test_changed_value_is_refused(change: Callable[[str], str]) -> None:
    """Any other value than the one that was signed is refused, whichever characters it has."""
    signer = id_signer((KEY.encode(),))
    value = signer.sign(new_session_id())

    assert signer.verify(value) == value.partition('.')[0]
    assert signer.verify(change(value)) is None


async def test_current_signature_is_not_sent_again(store: dict[str, Any]) -> None:
    """With fallback keys, a cookie that the current key signed is not set by each response."""
    app = make_sessions_app(**store, SECRET_KEY_FALLBACKS=['an old key'])
    async with app.test_app():
        cookie = await new_cookie(app)

        response = await get_with_cookie(app, '/contents', cookie)

        assert 'Set-Cookie' not in response.headers


async def test_new_signature_does_not_extend_the_session(store: dict[str, Any]) -> None:
    """A response that only signs anew does not change when the session expires."""
    app = make_sessions_app(
        **store, PERMANENT_SESSION_LIFETIME=1000, SESSION_REFRESH_EACH_REQUEST=False
    )
    with time_machine.travel('2026-11-26', tick=False) as clock:
        async with app.test_app():
            old = await new_cookie(app)
            app.config.update(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=[KEY])
            clock.shift(timedelta(seconds=900))
            new = cookie_of(await get_with_cookie(app, '/contents', old)).value
            assert await contents_of(app, new) == {'user': 'user'}

            clock.shift(timedelta(seconds=101))

            assert await contents_of(app, new) == {}


async def test_session_deleted_meanwhile_gets_no_new_signature(store: dict[str, Any]) -> None:
    """A slow reader whose session was deleted sets no cookie: the browser may have a newer one."""
    app = make_sessions_app(**store)
    opened, deleted = asyncio.Event(), asyncio.Event()

    @app.get('/slow')
    async def slow() -> str:
        session.get('user')
        opened.set()
        await deleted.wait()
        return 'slow'

    async with app.test_app():
        old = await new_cookie(app)
        app.config.update(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=[KEY])
        reader = asyncio.create_task(get_with_cookie(app, '/slow', old))
        await opened.wait()
        await get_with_cookie(app, '/del_session/', old)
        deleted.set()

        assert 'Set-Cookie' not in (await reader).headers


async def test_new_key_without_fallbacks_ends_every_session(store: dict[str, Any]) -> None:
    """After a change of the key without fallbacks no old cookie is accepted."""
    app = make_sessions_app(**store)
    async with app.test_app():
        old = [await new_cookie(app) for _ in range(3)]
        app.secret_key = NEW_KEY

        assert [await contents_of(app, cookie) for cookie in old] == [{}, {}, {}]


@pytest.mark.parametrize(
    'make_value',
    [
        new_session_id,
        lambda: id_signer((NEW_KEY.encode(),)).sign(new_session_id()),
        lambda: f'{new_session_id()}.{new_session_id()}',
        lambda: signed_id(new_session_id())[:-1],
        lambda: signed_id(new_session_id()) + 'A',
        lambda: 'x' * 4000,
        lambda: '.',
        lambda: 'é.é',
    ],
    ids=['unsigned', 'foreign', 'forged', 'cut', 'longer', 'long', 'dot', 'not ASCII'],
)
async def test_value_without_our_signature_costs_no_read(make_value: Callable[[], str]) -> None:
    """A forged, foreign or unsigned id is not looked up in the store."""
    store = CountingStore()
    app = make_own_app(store)

    for path in ('/contents', '/unused', '/set/user'):
        response = await get_with_cookie(app, path, make_value())
        assert response.status_code == 200

    assert store.reads == 0


async def test_signed_id_costs_one_read() -> None:
    """A request with a signed id reads once, also after invalid cookies and with fallbacks."""
    store = CountingStore()
    app = make_own_app(store, SECRET_KEY_FALLBACKS=['an old key'])
    cookie = await new_cookie(app)

    await get_with_cookie(app, '/contents', cookie)
    await get_with_cookie(app, '/contents', f'forged; session={cookie}')

    assert store.reads == 2


@pytest.mark.parametrize('use', ['contents', 'unused'])
async def test_signing_anew_confirms_with_one_read(use: str) -> None:
    """A request that only signs anew reads a second time, and later requests read once."""
    store = CountingStore()
    app = make_own_app(store)
    old = await new_cookie(app)
    app.config.update(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=[KEY])

    new = cookie_of(await get_with_cookie(app, f'/{use}', old)).value
    assert store.reads == 2
    await get_with_cookie(app, f'/{use}', new)

    assert store.reads == 3


async def test_missing_key_is_an_error_at_the_start() -> None:
    """An app without a key does not start; the message names the setting."""
    app = make_own_app(MemoryStore(), SECRET_KEY=None)

    with pytest.raises(Exception, match='SECRET_KEY') as error:
        async with app.test_app():
            pass

    assert 'set it' in str(error.value)


async def test_key_may_be_set_after_the_interface() -> None:
    """The key may be set between the interface's creation and the start."""
    app = make_own_app(MemoryStore(), SECRET_KEY=None)
    app.secret_key = KEY

    async with app.test_app():
        assert await contents_of(app, await new_cookie(app)) == {'user': 'user'}


async def test_write_without_a_key_fails_as_in_flask() -> None:
    """Without a start and a key, a view may read the empty session, but not write it."""
    app = make_own_app(MemoryStore(), SECRET_KEY=None)

    async with app.test_request_context('/'):
        assert 'user' not in session
        with pytest.raises(RuntimeError, match='secret key'):
            session['user'] = 'user'


async def test_websocket_accepts_only_our_signature(store: dict[str, Any]) -> None:
    """A websocket opens the session of a signed id, also of an old key, and no other."""
    app = make_sessions_app(**store)
    async with app.test_app():
        old = await new_cookie(app)
        app.config.update(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=[KEY])
        forged = id_signer((b'of another app',)).sign(id_in(old))
        for cookie, stored in ((forged, False), (old, True)):
            client = app.test_client(use_cookies=False)
            headers = {'Cookie': f'session={cookie}'}
            async with client.websocket('/set_in_websocket', headers=headers) as websocket:
                assert await websocket.receive() == 'set'
            assert ('websocket' in await contents_of(app, old)) == stored
