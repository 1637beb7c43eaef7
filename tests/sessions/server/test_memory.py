"""The store in memory, and what an app needs before it starts with a server store."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart, session
from quart.testing.app import LifespanError
from quart_trio import QuartTrio

from quart_session_demo import create_app
from quart_session_demo.config import ConfigError
from quart_session_demo.sessions import (
    CookieSessionInterface,
    MemoryStore,
    ServerSessionInterface,
    create_session_interface,
)
from quart_session_demo.sessions.server.memory import CLEANUP_INTERVAL
from quart_session_demo.sessions.server.store import (
    EMPTIED_LIFETIME,
    WriteResult,
    current_time,
    store_key,
)
from tests.conftest import KEY

PRODUCTION_KEY = '5d' * 16 + KEY


def own_app(**config: Any) -> Quart:
    """Return an app of one's own without a session interface of ours."""
    app = Quart('own')
    app.config.update(SECRET_KEY=KEY, **config)
    return app


async def test_own_app_needs_only_a_key() -> None:
    """The store works in an app of one's own, and in `session_transaction`."""
    app = own_app()
    app.session_interface = ServerSessionInterface(app, MemoryStore())  # type: ignore[assignment]

    @app.get('/')
    async def index() -> str:
        session['seen'] = session.get('seen', 0) + 1
        return str(session['seen'])

    client = app.test_client()
    async with client.session_transaction() as transaction:
        transaction['seen'] = 41

    assert await (await client.get('/')).get_data(as_text=True) == '42'


async def test_each_store_has_its_own_sessions() -> None:
    """Two stores in one process share nothing."""
    one, other = MemoryStore(), MemoryStore()
    key = store_key(await one.create({}, lifetime=1000, now=current_time()))

    assert await one.read(key) is not None
    assert await other.read(key) is None


async def test_read_fields_are_a_copy() -> None:
    """A change to fields that were read, or passed to `create`, changes nothing in the store."""
    store = MemoryStore()
    fields = {b'"a"': b'1'}
    key = store_key(await store.create(fields, lifetime=1000, now=current_time()))
    fields.clear()
    stored = await store.read(key)
    assert stored is not None
    stored.fields.clear()

    again = await store.read(key)

    assert again is not None
    assert again.fields == {b'"a"': b'1'}


async def test_emptied_session_expires_in_a_minute() -> None:
    """A session without fields expires after `EMPTIED_LIFETIME`, or earlier if it would anyway."""
    store = MemoryStore()
    for lifetime, expected in ((10 * EMPTIED_LIFETIME, EMPTIED_LIFETIME), (5000, 5000)):
        now = current_time()
        longer = 10 * EMPTIED_LIFETIME
        key = store_key(await store.create({b'"a"': b'1'}, lifetime=longer, now=now))
        result = await store.write(key, {}, [b'"a"'], lifetime=lifetime, refreshed=now)
        assert result is WriteResult.EMPTIED
        for milliseconds, exists in ((expected - 1000, True), (expected + 1000, False)):
            with time_machine.travel((now + milliseconds) / 1000, tick=False):
                assert (await store.read(key) is not None) == exists


async def test_expired_sessions_use_no_memory() -> None:
    """New sessions make the store delete the expired ones."""
    store = MemoryStore()
    for _ in range(10):
        await store.create({}, lifetime=1000, now=current_time())
    assert len(store) == 10

    with time_machine.travel(timedelta(milliseconds=CLEANUP_INTERVAL + 1000)):
        await store.create({}, lifetime=1000, now=current_time())

    assert len(store) == 1


@pytest.mark.parametrize(
    ('settings', 'workers', 'parts'),
    [
        ({'PRODUCTION': True}, None, ['SESSION_TYPE is memory', 'loses all sessions', 'redis']),
        ({}, '2', ['SESSION_TYPE is memory', 'WEB_CONCURRENCY=2', 'set WEB_CONCURRENCY to 1']),
    ],
    ids=['production', 'workers'],
)
async def test_memory_is_refused_where_it_loses_sessions(
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    workers: str | None,
    parts: list[str],
) -> None:
    """Production, or several worker processes, are an error at the start of any app."""
    if workers is not None:
        monkeypatch.setenv('WEB_CONCURRENCY', workers)
    with pytest.raises(ConfigError) as demo_error:
        create_app({'SECRET_KEY': PRODUCTION_KEY, 'SESSION_TYPE': 'memory', **settings})
    with pytest.raises(ValueError, match='memory') as own_error:
        ServerSessionInterface(own_app(**settings), MemoryStore())

    for part in parts:
        assert part in str(demo_error.value)
        assert part in str(own_error.value)
    assert '\n' not in str(demo_error.value)


@pytest.mark.parametrize('workers', ['', '1', '0', 'many'])
def test_memory_is_accepted_in_one_process(monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    """One worker, or a number that no starter reads, is no error."""
    monkeypatch.setenv('WEB_CONCURRENCY', workers)

    create_app({'SECRET_KEY': KEY, 'SESSION_TYPE': 'memory'})


async def test_settings_may_follow_the_interface() -> None:
    """A key or a refused setting that is set after the constructor counts at the start."""
    app = Quart('own')
    app.session_interface = ServerSessionInterface(app, MemoryStore())  # type: ignore[assignment]
    with pytest.raises(LifespanError, match=r'SECRET_KEY is not set.*: set it'):
        await app.test_app().startup()
    app.secret_key = KEY
    async with app.test_app():
        pass
    app.config['PRODUCTION'] = True
    with pytest.raises(LifespanError, match='SESSION_TYPE is memory'):
        await app.test_app().startup()


async def test_session_without_key_is_flasks_error(caplog: pytest.LogCaptureFixture) -> None:
    """Without a key, and without a start, a view that changes the session fails as in Flask."""
    app = Quart('own')
    app.session_interface = ServerSessionInterface(app, MemoryStore())  # type: ignore[assignment]

    @app.get('/')
    async def index() -> str:
        session['user'] = 'zhiliao'
        return ''

    assert (await app.test_client().get('/')).status_code == 500
    [record] = caplog.records
    assert record.exc_info
    assert 'no secret key was set' in str(record.exc_info[1])


@pytest.mark.parametrize('session_type', ['memory', pytest.param('redis', marks=pytest.mark.redis)])
def test_quart_trio_is_refused(session_type: str) -> None:
    """QuartTrio, which has no asyncio event loop, is an error that names what works there."""
    app = QuartTrio('own')
    app.config.update(
        SECRET_KEY=KEY, SESSION_TYPE=session_type, SESSION_REDIS_URL='redis://127.0.0.1:1'
    )

    with pytest.raises(ValueError, match=r'QuartTrio.*asyncio.*: use Quart'):
        create_session_interface(app)


@pytest.mark.parametrize(
    ('settings', 'kind'),
    [
        ({}, CookieSessionInterface),
        ({'SESSION_TYPE': 'cookie'}, CookieSessionInterface),
        ({'SESSION_TYPE': 'memory'}, ServerSessionInterface),
    ],
)
def test_session_type_selects_in_any_app(settings: dict[str, Any], kind: type) -> None:
    """`create_session_interface` reads `SESSION_TYPE` from any app's config."""
    assert type(create_session_interface(own_app(**settings))) is kind


@pytest.mark.parametrize('wrong', ['filesystem', '', None, 1, ['redis']])
def test_unknown_session_type_is_refused(wrong: Any) -> None:
    """Another `SESSION_TYPE` is an error that lists the known ones."""
    with pytest.raises(ValueError, match=r'^SESSION_TYPE is .*: set it to cookie, memory, redis'):
        create_session_interface(own_app(SESSION_TYPE=wrong))
