"""The promises of `SessionStore`, asked of each store without an app's requests."""

import asyncio
import gc
import threading
from typing import Any

import psutil
import pytest

from quart_session_demo.sessions.server.store import (
    Fields,
    SessionStore,
    StoredSession,
    WriteResult,
    current_time,
    new_session_id,
    new_token,
    store_key,
)
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import cookie_of, get_with_cookie

HOUR = 3_600_000
FIELDS = {b'"user"': b'"zhiliao"', b'"age"': b'20'}
#: Values that a database, or a language in it, may change.
ODD_FIELDS = {
    b'""': b'null',
    b'"null"': b'null',
    b'"a.b"': b'{"a":null,"b":[]}',
    b'"$"': b'[]',
    b'"\\u0000"': b'"\\u0000"',
    b'"\\ud800"': b'"\\ud800\\""',
    b'"created"': b'1e400',
    b'"number"': b'100000000000000000000000001',
    b'"float"': b'1.10',
    b'"spaces"': b'{"b":1, "a":  2}',
    b'"colon:%(x)s?%%"': b'"\'; -- :x %s \\\\"',
}


async def create(store: SessionStore, fields: Fields, lifetime: int = HOUR) -> str:
    """Store a session, and return its key."""
    return store_key(await store.create(fields, lifetime=lifetime, now=current_time()))


async def write(
    store: SessionStore,
    key: str,
    changed: Fields,
    removed: tuple[bytes, ...] = (),
    lifetime: int = HOUR,
    refreshed: int | None = None,
) -> WriteResult:
    return await store.write(
        key,
        changed,
        removed,
        lifetime=lifetime,
        refreshed=refreshed or current_time(),
    )


async def fields_of(store: SessionStore, key: str) -> Fields | None:
    stored = await store.read(key)
    return None if stored is None else stored.fields


@pytest.mark.parametrize(
    'fields',
    [FIELDS, {}, ODD_FIELDS, {b'"%d"' % n: b'"%d"' % n for n in range(3000)}],
    ids=['plain', 'empty', 'odd', 'many'],
)
async def test_created_session_is_read_unchanged(
    session_store: SessionStore, fields: Fields
) -> None:
    """A session that was created is read with the same bytes, and with its times."""
    now = current_time()

    key = store_key(await session_store.create(fields, lifetime=HOUR, now=now))

    assert await session_store.read(key) == StoredSession(fields, now, now)


async def test_each_session_has_another_id(session_store: SessionStore) -> None:
    """Sessions with the same content have different ids."""
    assert len({await create(session_store, FIELDS) for _ in range(10)}) == 10


async def test_write_changes_only_its_fields(session_store: SessionStore) -> None:
    """Fields are set and removed, all others stay, and only the second time changes."""
    key = await create(session_store, {**FIELDS, **ODD_FIELDS})
    created = current_time()
    now = created + 1000

    result = await session_store.write(
        key,
        {b'"age"': b'21', b'"new"': b'null'},
        [b'"user"'],
        lifetime=HOUR,
        refreshed=now,
    )

    assert result is WriteResult.SAVED
    stored = await session_store.read(key)
    assert stored is not None
    assert stored.fields == {b'"age"': b'21', b'"new"': b'null', **ODD_FIELDS}
    assert (stored.created <= created, stored.refreshed) == (True, now)


async def test_concurrent_writes_are_all_stored(session_store: SessionStore) -> None:
    """Of 50 concurrent writes of different fields all are stored."""
    key = await create(session_store, FIELDS)
    changes = [{b'"%d"' % number: b'%d' % number} for number in range(50)]

    results = await asyncio.gather(*(write(session_store, key, item) for item in changes))

    assert set(results) == {WriteResult.SAVED}
    expected = dict(FIELDS)
    for item in changes:
        expected |= item
    assert await fields_of(session_store, key) == expected


async def test_write_creates_no_session(session_store: SessionStore) -> None:
    """A write to an id that does not exist stores nothing."""
    key = store_key(new_session_id())

    assert await write(session_store, key, FIELDS) is WriteResult.GONE
    assert await session_store.read(key) is None


async def test_emptied_session_can_be_filled(session_store: SessionStore) -> None:
    """A session without fields stays for a while, and takes a field of a slower request."""
    key = await create(session_store, FIELDS)

    assert await write(session_store, key, {}, tuple(FIELDS)) is WriteResult.EMPTIED
    assert await fields_of(session_store, key) == {}
    assert await write(session_store, key, {b'"slow"': b'1'}) is WriteResult.SAVED
    assert await fields_of(session_store, key) == {b'"slow"': b'1'}


async def test_deleted_session_stays_deleted(session_store: SessionStore) -> None:
    """A deletion returns the last fields; afterwards nothing reads, writes or deletes."""
    key = await create(session_store, ODD_FIELDS)
    await write(session_store, key, FIELDS)

    assert await session_store.delete(key, new_token()) == {**ODD_FIELDS, **FIELDS}

    assert await session_store.read(key) is None
    assert await write(session_store, key, FIELDS) is WriteResult.GONE
    assert await session_store.delete(key, new_token()) is None
    assert await session_store.read(key) is None


async def test_repeated_deletion_knows_its_work(session_store: SessionStore) -> None:
    """A deletion with the same token gets the same fields; one with another token gets None."""
    key = await create(session_store, FIELDS)
    token = new_token()

    assert await session_store.delete(key, token) == FIELDS
    assert await session_store.delete(key, new_token()) is None
    assert await session_store.delete(key, token) == FIELDS


async def test_one_of_concurrent_deletions_succeeds(session_store: SessionStore) -> None:
    """Of 20 concurrent deletions exactly one gets the fields."""
    key = await create(session_store, FIELDS)

    results = await asyncio.gather(*(session_store.delete(key, new_token()) for _ in range(20)))

    assert sorted(results, key=bool) == [None] * 19 + [FIELDS]


async def test_deletion_of_unknown_id_is_none(session_store: SessionStore) -> None:
    """There is nothing to delete under an id that does not exist."""
    assert await session_store.delete(store_key(new_session_id()), new_token()) is None


@pytest.mark.parametrize('lifetime', [1, 0, -HOUR])
async def test_expired_session_is_gone(session_store: SessionStore, lifetime: int) -> None:
    """A session whose lifetime is over is not found, and a write does not restore it."""
    expired = await create(session_store, FIELDS, lifetime)
    await asyncio.sleep(0.01)

    assert await session_store.read(expired) is None
    assert await write(session_store, expired, FIELDS) is WriteResult.GONE
    assert await session_store.delete(expired, new_token()) is None


async def test_write_shortens_no_lifetime(session_store: SessionStore) -> None:
    """A slower write leaves the later times of another one; the last field removed shortens it."""
    key = await create(session_store, FIELDS)
    extended = current_time() + 1000
    await write(session_store, key, {}, refreshed=extended)
    await write(session_store, key, {b'"slow"': b'1'}, lifetime=1, refreshed=extended - 5000)
    await asyncio.sleep(0.01)

    stored = await session_store.read(key)
    assert stored is not None
    assert stored.refreshed == extended
    await write(session_store, key, {}, (*FIELDS, b'"slow"'), lifetime=1)
    await asyncio.sleep(0.01)
    assert await session_store.read(key) is None


async def test_store_works_again_after_close(session_store: SessionStore) -> None:
    """A closed store opens again at the next call, and has its sessions."""
    await session_store.ping()
    key = await create(session_store, FIELDS)

    await session_store.close()
    await session_store.close()

    assert await fields_of(session_store, key) == FIELDS


def test_event_loops_leave_nothing_open(store: dict[str, Any]) -> None:
    """100 event loops that end without the app's shutdown leave no connection, file or thread."""
    app = make_sessions_app(**store)
    process = psutil.Process()
    cookie = None

    async def use_session() -> None:
        nonlocal cookie
        if cookie is None:
            cookie = cookie_of(await app.test_client().get('/')).value
        response = await get_with_cookie(app, '/get_session/', cookie)
        assert await response.get_data(as_text=True) == 'zhiliao'

    asyncio.run(use_session())
    before = process.num_fds(), threading.active_count()
    for _ in range(100):
        asyncio.run(use_session())

    # An unclosed connection would be reported here.
    gc.collect()
    open_files, threads = process.num_fds(), threading.active_count()
    assert open_files <= before[0]
    assert threads <= before[1]
