"""The states of a server session, on a store in memory."""

import subprocess
import sys
from typing import Any

import pytest
from quart import Quart, Response
from werkzeug.exceptions import ServiceUnavailable

from quart_session_demo.sessions.server.interface import ServerSessionInterface
from quart_session_demo.sessions.server.memory import MemoryStore
from quart_session_demo.sessions.server.session import ServerSession, SessionState
from quart_session_demo.sessions.server.store import (
    Fields,
    SessionStore,
    StoredSession,
    StoreError,
    WriteResult,
    new_session_id,
    new_token,
    store_key,
)
from tests.conftest import KEY, cookie_of, id_in, signed_id


class FragileStore(MemoryStore):
    """A store in memory, which fails on demand."""

    fails = False

    def __init__(self) -> None:
        super().__init__()
        self._created: list[str] = []

    async def ids(self) -> list[str]:
        """Return the ids of the sessions that it holds."""
        return [
            id_ for id_ in self._created if await MemoryStore.read(self, store_key(id_)) is not None
        ]

    def check(self) -> None:
        if self.fails:
            raise StoreError('the memory fails')

    async def create(self, *args: Any, **options: Any) -> str:
        self.check()
        session_id = await super().create(*args, **options)
        self._created.append(session_id)
        return session_id

    async def read(self, key: str) -> StoredSession | None:
        self.check()
        return await super().read(key)

    async def write(self, *args: Any, **options: Any) -> WriteResult:
        self.check()
        return await super().write(*args, **options)

    async def delete(self, *args: Any, **options: Any) -> Fields | None:
        self.check()
        return await super().delete(*args, **options)


@pytest.fixture
def store() -> FragileStore:
    return FragileStore()


@pytest.fixture
def app(store: SessionStore) -> Quart:
    app = Quart('states')
    app.secret_key = KEY
    app.session_interface = ServerSessionInterface(app, store)  # type: ignore[assignment]
    return app


async def open_session(app: Quart, session_id: str | None = None) -> ServerSession:
    headers = {} if session_id is None else {'Cookie': f'session={signed_id(session_id)}'}
    async with app.test_request_context('/', headers=headers) as context:
        session: Any = await app.session_interface.open_session(app, context.request)
    assert isinstance(session, ServerSession)
    return session


async def save(app: Quart, session: ServerSession) -> Response:
    async with app.test_request_context('/'):
        response = Response('')
        await app.session_interface.save_session(app, session, response)
    return response


async def regenerate(app: Quart, session: ServerSession) -> None:
    interface: Any = app.session_interface
    async with app.app_context():
        await interface.regenerate(session)


async def stored_session(app: Quart) -> ServerSession:
    """Return a session that an earlier request stored."""
    new = await open_session(app)
    new['user'] = 'zhiliao'
    await save(app, new)
    return await open_session(app, new.id)


async def test_new_session_is_stored_by_its_first_save(app: Quart, store: FragileStore) -> None:
    """A new session becomes stored, under an id that only the response's cookie holds."""
    session = await open_session(app)
    session['user'] = 'zhiliao'
    response = await save(app, session)

    assert session.state is SessionState.STORED
    assert session.cookie_id is None
    assert id_in(cookie_of(response).value) == session.id
    assert await store.ids() == [session.id]


async def test_empty_new_session_is_not_stored(app: Quart, store: FragileStore) -> None:
    """A new session that holds nothing is neither stored nor gets a cookie."""
    session = await open_session(app)

    response = await save(app, session)

    assert (session.state, session.id) == (SessionState.NEW, None)
    assert 'Set-Cookie' not in response.headers
    assert not await store.ids()


async def test_cleared_session_is_deleted_and_becomes_new(app: Quart, store: FragileStore) -> None:
    """A cleared session is deleted by its save, with the cookie."""
    session = await stored_session(app)
    session.clear()
    assert session.state is SessionState.CLEARED

    response = await save(app, session)

    assert (session.state, session.id) == (SessionState.NEW, None)
    assert 'Max-Age=0' in response.headers['Set-Cookie']
    assert not await store.ids()


async def test_cleared_session_that_is_filled_gets_another_id(
    app: Quart, store: FragileStore
) -> None:
    """What is set after `clear()` is stored under another id."""
    session = await stored_session(app)
    old = session.id
    session.clear()
    session['user'] = 'another'

    response = await save(app, session)

    assert session.state is SessionState.STORED
    assert await store.ids() == [session.id] != [old]
    assert str(session.id) in response.headers['Set-Cookie']


@pytest.mark.parametrize('cleared_first', [False, True])
async def test_regenerated_session_is_stored_under_another_id(
    app: Quart, store: FragileStore, cleared_first: bool
) -> None:
    """A regenerated session is stored at once, and its save sets the cookie."""
    session = await stored_session(app)
    old = session.id
    if cleared_first:
        session.clear()
        session['user'] = 'another'

    await regenerate(app, session)

    assert session.state is SessionState.STORED
    assert await store.ids() == [session.id] != [old]
    assert str(session.id) in (await save(app, session)).headers['Set-Cookie']


async def test_regenerating_an_emptied_session_deletes_it(app: Quart, store: FragileStore) -> None:
    """A session without content gets no id, and its save deletes the cookie."""
    session = await stored_session(app)
    del session['user']

    await regenerate(app, session)

    assert (session.state, session.id) == (SessionState.NEW, None)
    assert not await store.ids()
    assert 'Max-Age=0' in (await save(app, session)).headers['Set-Cookie']


@pytest.mark.parametrize('cleared', [False, True])
async def test_regenerated_session_has_cookie_after_failed_save(
    app: Quart, store: FragileStore, cleared: bool
) -> None:
    """A new id reaches the client even if a later change is not stored."""
    session = await stored_session(app)
    await regenerate(app, session)
    if cleared:
        session.clear()
    else:
        session['late'] = 1
    store.fails = True

    response = await save(app, session)

    assert response.status_code == 503
    assert str(session.id) in response.headers['Set-Cookie']
    assert session.id in await store.ids()


async def test_regenerating_a_deleted_session_makes_it_gone(
    app: Quart, store: FragileStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that another request deleted is stored under no id, by any later step."""
    session = await stored_session(app)
    await store.delete(store_key(str(session.id)), new_token())

    await regenerate(app, session)
    assert session.state is SessionState.GONE
    session.clear()
    session['user'] = 'another'
    await regenerate(app, session)
    response = await save(app, session)

    assert session.state is SessionState.GONE
    assert 'Set-Cookie' not in response.headers
    assert not await store.ids()
    assert 'Session changes dropped' in caplog.text


async def test_failed_regeneration_is_final(app: Quart, store: FragileStore) -> None:
    """After a failed regeneration nothing is stored, even if the store works again."""
    session = await stored_session(app)
    before = await store.read(store_key(str(session.id)))
    store.fails = True
    with pytest.raises(ServiceUnavailable):
        await regenerate(app, session)
    store.fails = False
    session.clear()
    session['user'] = 'another'

    response = await save(app, session)

    assert session.state is SessionState.FAILED
    assert response.status_code == 503
    assert 'Set-Cookie' not in response.headers
    assert await store.ids() == [session.id]
    assert await store.read(store_key(str(session.id))) == before


@pytest.mark.parametrize('cleared', [False, True])
async def test_second_save_sends_the_same_cookie(
    app: Quart, store: FragileStore, cleared: bool
) -> None:
    """A response that replaces another one of the same request gets the new id's cookie, too."""
    session = await stored_session(app)
    if cleared:
        session.clear()
    else:
        await regenerate(app, session)

    first, second = await save(app, session), await save(app, session)

    for response in (first, second):
        cookie = cookie_of(response).value
        assert (id_in(cookie) if cookie else None) == session.id
    assert len(await store.ids()) == int(not cleared)


async def test_failed_extension_is_logged_and_changes_nothing(
    app: Quart, store: FragileStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that was only read causes no error if its lifetime cannot be extended."""
    session = await stored_session(app)
    session.refreshed = 0
    session.get('user')
    store.fails = True

    response = await save(app, session)

    assert response.status_code == 200
    assert 'Set-Cookie' not in response.headers
    assert caplog.messages == ['Session not extended: the memory fails']


async def test_unexpected_error_while_reading_is_logged(
    app: Quart,
    store: FragileStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A store that raises anything else leaves the session unavailable, with a traceback logged."""

    async def read(session_id: str) -> None:
        raise ArithmeticError

    monkeypatch.setattr(store, 'read', read)

    session = await open_session(app, new_session_id())

    with pytest.raises(ServiceUnavailable):
        session.get('user')
    assert set(caplog.messages) == {'The session cannot be read'}
    assert all(record.exc_info for record in caplog.records)


def test_interface_imports_no_redis() -> None:
    """Server sessions on another store need no redis-py."""
    code = (
        'import sys\n'
        'import quart_session_demo.sessions.server.interface\n'
        'assert "redis" not in sys.modules\n'
    )

    subprocess.run([sys.executable, '-c', code], check=True)
