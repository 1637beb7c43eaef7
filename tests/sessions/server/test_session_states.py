"""The states of a server session, on a store that is not Redis."""

import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from quart import Quart, Response
from werkzeug.exceptions import ServiceUnavailable

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.interface import ServerSessionInterface
from quart_session_demo.sessions.server.session import ServerSession, SessionState
from quart_session_demo.sessions.server.store import (
    Fields,
    SessionStore,
    StoredSession,
    StoreError,
    WriteResult,
    new_session_id,
)


class DictStore:
    """A store in a dict, which fails on demand."""

    def __init__(self) -> None:
        self.sessions: dict[str, StoredSession] = {}
        self.fails = False

    def check(self) -> None:
        if self.fails:
            raise StoreError('the dict fails')

    async def create(self, fields: Fields, *, lifetime: int, now: int) -> str:
        self.check()
        session_id = new_session_id()
        self.sessions[session_id] = StoredSession(dict(fields), now, now)
        return session_id

    async def read(self, session_id: str) -> StoredSession | None:
        self.check()
        stored = self.sessions.get(session_id)
        return stored and stored._replace(fields=dict(stored.fields))

    async def write(
        self,
        session_id: str,
        changed: Fields,
        removed: Iterable[bytes],
        *,
        lifetime: int,
        now: int,
    ) -> WriteResult:
        self.check()
        if session_id not in self.sessions:
            return WriteResult.GONE
        fields, created, _ = self.sessions[session_id]
        fields = {name: value for name, value in fields.items() if name not in removed} | changed
        self.sessions[session_id] = StoredSession(fields, created, now)
        return WriteResult.SAVED if fields else WriteResult.EMPTIED

    async def delete(self, session_id: str) -> Fields | None:
        self.check()
        stored = self.sessions.pop(session_id, None)
        return stored and stored.fields

    async def ping(self) -> None:
        self.check()

    async def findings(self) -> list[Finding]:
        return []

    async def close(self) -> None:
        pass


@pytest.fixture
def store() -> DictStore:
    return DictStore()


@pytest.fixture
def app(store: SessionStore) -> Quart:
    app = Quart('states')
    app.session_interface = ServerSessionInterface(app, store)  # type: ignore[assignment]
    return app


async def open_session(app: Quart, session_id: str | None = None) -> ServerSession:
    headers = {} if session_id is None else {'Cookie': f'session={session_id}'}
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


async def test_new_session_is_stored_by_its_first_save(app: Quart, store: DictStore) -> None:
    """A new session becomes stored, under an id that only the response's cookie holds."""
    session = await open_session(app)
    session['user'] = 'zhiliao'
    response = await save(app, session)

    assert session.state is SessionState.STORED
    assert session.cookie_id is None
    assert response.headers['Set-Cookie'].startswith(f'session={session.id};')
    assert list(store.sessions) == [session.id]


async def test_empty_new_session_is_not_stored(app: Quart, store: DictStore) -> None:
    """A new session that holds nothing is neither stored nor gets a cookie."""
    session = await open_session(app)

    response = await save(app, session)

    assert (session.state, session.id) == (SessionState.NEW, None)
    assert 'Set-Cookie' not in response.headers
    assert not store.sessions


async def test_cleared_session_is_deleted_and_becomes_new(app: Quart, store: DictStore) -> None:
    """A cleared session is deleted by its save, with the cookie."""
    session = await stored_session(app)
    session.clear()
    assert session.state is SessionState.CLEARED

    response = await save(app, session)

    assert (session.state, session.id) == (SessionState.NEW, None)
    assert 'Max-Age=0' in response.headers['Set-Cookie']
    assert not store.sessions


async def test_cleared_session_that_is_filled_gets_another_id(app: Quart, store: DictStore) -> None:
    """What is set after `clear()` is stored under another id."""
    session = await stored_session(app)
    old = session.id
    session.clear()
    session['user'] = 'another'

    response = await save(app, session)

    assert session.state is SessionState.STORED
    assert list(store.sessions) == [session.id] != [old]
    assert str(session.id) in response.headers['Set-Cookie']


@pytest.mark.parametrize('cleared_first', [False, True])
async def test_regenerated_session_is_stored_under_another_id(
    app: Quart, store: DictStore, cleared_first: bool
) -> None:
    """A regenerated session is stored at once, and its save sets the cookie."""
    session = await stored_session(app)
    old = session.id
    if cleared_first:
        session.clear()
        session['user'] = 'another'

    await regenerate(app, session)

    assert session.state is SessionState.STORED
    assert list(store.sessions) == [session.id] != [old]
    assert str(session.id) in (await save(app, session)).headers['Set-Cookie']


async def test_regenerating_an_emptied_session_deletes_it(app: Quart, store: DictStore) -> None:
    """A session without content gets no id, and its save deletes the cookie."""
    session = await stored_session(app)
    del session['user']

    await regenerate(app, session)

    assert (session.state, session.id) == (SessionState.NEW, None)
    assert not store.sessions
    assert 'Max-Age=0' in (await save(app, session)).headers['Set-Cookie']


@pytest.mark.parametrize('cleared', [False, True])
async def test_regenerated_session_has_cookie_after_failed_save(
    app: Quart, store: DictStore, cleared: bool
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
    assert session.id in store.sessions


async def test_regenerating_a_deleted_session_makes_it_gone(
    app: Quart, store: DictStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that another request deleted is stored under no id, by any later step."""
    session = await stored_session(app)
    store.sessions.clear()

    await regenerate(app, session)
    assert session.state is SessionState.GONE
    session.clear()
    session['user'] = 'another'
    await regenerate(app, session)
    response = await save(app, session)

    assert session.state is SessionState.GONE
    assert 'Set-Cookie' not in response.headers
    assert not store.sessions
    assert 'Session changes dropped' in caplog.text


async def test_failed_regeneration_is_final(app: Quart, store: DictStore) -> None:
    """After a failed regeneration nothing is stored, even if the store works again."""
    session = await stored_session(app)
    before = dict(store.sessions)
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
    assert store.sessions == before


@pytest.mark.parametrize('cleared', [False, True])
async def test_second_save_sends_the_same_cookie(
    app: Quart, store: DictStore, cleared: bool
) -> None:
    """A response that replaces another one of the same request gets the new id's cookie, too."""
    session = await stored_session(app)
    if cleared:
        session.clear()
    else:
        await regenerate(app, session)

    first, second = await save(app, session), await save(app, session)

    for response in (first, second):
        assert response.headers['Set-Cookie'].startswith(f'session={session.id or ""};')
    assert len(store.sessions) == int(not cleared)


async def test_failed_extension_is_logged_and_changes_nothing(
    app: Quart, store: DictStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that was only read causes no error if its lifetime cannot be extended."""
    session = await stored_session(app)
    session.refreshed = 0
    session.get('user')
    store.fails = True

    response = await save(app, session)

    assert response.status_code == 200
    assert 'Set-Cookie' not in response.headers
    assert caplog.messages == ['Session not extended: the dict fails']


async def test_unexpected_error_while_reading_is_logged(
    app: Quart,
    store: DictStore,
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
