"""What `SessionStore` promises about several sessions at once, asked of each store."""

import asyncio
import secrets
from typing import Any

import pytest

from quart_session_demo.sessions.server.store import (
    ATTRIBUTES,
    Fields,
    SessionStore,
    WriteResult,
    current_time,
    new_session_id,
    new_token,
    store_key,
    user_key,
)
from tests.apps.sessions_app import make_sessions_app
from tests.sessions.server.stored import store_of

HOUR = 3_600_000
FIELDS = {b'"a"': b'1'}
#: Names of users that a database, an encoding or a separator may change or mix up.
ODD_USERS = [
    'ann',
    'Ann',
    'ann ',
    'annß',
    'annss',
    'é',
    'e\u0301',
    '张三',
    '张三丰',
    '"ann"',
    "ann'; DROP TABLE quart_sessions; --",
    'ann:*?[a-z]%_{}',
    'ann\0',
    '\0',
    'ann\n',
    '\ud800',
    '\udfff',
    '😀',
    '1',
    '0',
    'null',
    'a' * 10_000,
    'a' * 10_001,
]


@pytest.fixture
def owner() -> str:
    """Return the key of a user of one test: tests share most stores."""
    return user_key(secrets.token_hex())


async def create(
    store: SessionStore, owner: str | None, fields: Fields = FIELDS, lifetime: int = HOUR
) -> str:
    """Store a session of a user, and return its key."""
    now = current_time()
    return store_key(await store.create(fields, lifetime=lifetime, now=now, user_key=owner))


async def write(store: SessionStore, key: str, owner: str, lifetime: int = HOUR) -> WriteResult:
    """Add a field to a session of a user."""
    changed = {b':last-used': b'2'}
    now = current_time()
    return await store.write(
        key, changed, (), lifetime=lifetime, refreshed=now, user_key=owner if lifetime else None
    )


async def test_many_are_read_in_order(session_store: SessionStore, owner: str) -> None:
    """Sessions are read in the order of the keys: those that are missing, and twice the same."""
    one = await create(session_store, None, {b':lifetime': b'1'})
    two = await create(session_store, owner, {b':lifetime': b'2'})
    deleted, missing = await create(session_store, None), store_key(new_session_id())
    expired = await create(session_store, None, lifetime=1)
    await session_store.delete(deleted, new_token())
    await asyncio.sleep(0.01)
    keys = [two, missing, one, deleted, two, expired, one]

    found = await session_store.read_many(keys)

    sessions = [await session_store.read(key) for key in keys]
    assert found == [stored and stored.without_content() for stored in sessions]
    values = [stored and stored.fields[b':lifetime'] for stored in found]
    assert values == [b'2', None, b'1', None, b'2', None, b'1']


async def test_content_is_not_read(session_store: SessionStore, owner: str) -> None:
    """Of many sessions only the attributes are read, and whether there is content."""
    content = {b'"large"': b'"%s"' % (b'x' * 100_000)}
    known = dict.fromkeys(ATTRIBUTES, b'1')
    now = current_time()
    expected = [({}, False), (known, False), (known, False), ({}, True)]
    keys = [
        await create(session_store, owner, fields)
        for fields in (content, known, content | known, {})
    ]
    # A session that lost its last field.
    keys.append(await create(session_store, owner, {b'"n"': b'1'}))
    await session_store.write(keys[-1], {}, [b'"n"'], lifetime=HOUR, refreshed=now)
    expected.append(({}, True))

    found = await session_store.read_many(keys)

    assert [stored and (stored.fields, stored.is_empty) for stored in found] == expected
    assert await session_store.read_user(owner) == dict(zip(keys, found, strict=True))


async def test_none_are_read(session_store: SessionStore) -> None:
    """For no keys there are no sessions."""
    assert await session_store.read_many([]) == []


async def test_hundreds_are_read(session_store: SessionStore) -> None:
    """More keys than one step reads are all read."""
    keys = [await create(session_store, None, {b':lifetime': b'%d' % n}) for n in range(10)]
    missing = [store_key(new_session_id()) for _ in range(600)]

    found = await session_store.read_many([*keys[:5], *missing, *keys[5:]])

    assert found[5:-5] == [None] * 600
    values = [stored and stored.fields[b':lifetime'] for stored in (*found[:5], *found[-5:])]
    assert values == [b'%d' % n for n in range(10)]


async def test_sessions_of_a_user_are_found(session_store: SessionStore, owner: str) -> None:
    """A user's sessions are found by their keys, as `read` returns them; changes included."""
    assert await session_store.read_user(owner) == {}
    keys = [await create(session_store, owner) for _ in range(3)]
    await create(session_store, None)
    await create(session_store, user_key('another'))
    assert await write(session_store, keys[0], owner) is WriteResult.SAVED
    assert await write(session_store, keys[1], owner, lifetime=0) is WriteResult.SAVED

    found = await session_store.read_user(owner)

    for key, stored in found.items():
        whole = await session_store.read(key)
        assert whole is not None
        assert stored == whole.without_content()
    assert found.keys() == set(keys)
    assert [*found[keys[0]].fields] == [*found[keys[1]].fields] == [b':last-used']


async def test_deleted_session_is_not_found(session_store: SessionStore, owner: str) -> None:
    """A deleted session is not found; neither a repeated deletion nor a late write lists it."""
    stays, deleted = [await create(session_store, owner) for _ in range(2)]
    token = new_token()
    for _ in range(2):
        assert await session_store.delete(deleted, token, user_key=owner) == FIELDS
        assert list(await session_store.read_user(owner)) == [stays]

    assert await write(session_store, deleted, owner) is WriteResult.GONE
    assert await session_store.delete(deleted, new_token(), user_key=owner) is None

    assert list(await session_store.read_user(owner)) == [stays]


async def test_expired_session_is_not_found(session_store: SessionStore, owner: str) -> None:
    """A session whose lifetime is over is not found, and a late write does not list it."""
    expired, stays = (
        await create(session_store, owner, lifetime=1),
        await create(session_store, owner),
    )
    await asyncio.sleep(0.01)

    assert list(await session_store.read_user(owner)) == [stays]
    assert await write(session_store, expired, owner) is WriteResult.GONE
    assert list(await session_store.read_user(owner)) == [stays]


async def test_extended_session_is_found_longer(session_store: SessionStore, owner: str) -> None:
    """A session is found as long as its last extension lets it live."""
    extended = await create(session_store, owner, lifetime=200)
    while await write(session_store, extended, owner) is WriteResult.GONE:
        # The machine is busy.
        extended = await create(session_store, owner, lifetime=200)
    await asyncio.sleep(0.3)

    assert list(await session_store.read_user(owner)) == [extended]


async def test_write_without_lifetime_extends_nothing(
    session_store: SessionStore, owner: str
) -> None:
    """A write with lifetime 0 stores a change, and the session expires when it would have."""
    long, short = [await create(session_store, owner, lifetime=ms) for ms in (HOUR, 200)]
    for key in (long, short):
        await write(session_store, key, owner, lifetime=0)
    await asyncio.sleep(0.3)

    found = await session_store.read_user(owner)

    assert list(found) == [long]
    assert found[long].fields == {b':last-used': b'2'}


async def test_odd_users_do_not_mix(session_store: SessionStore) -> None:
    """Users of any name have their own sessions."""
    prefix = secrets.token_hex()
    users = [user_key(prefix + name) for name in ODD_USERS]
    keys = [await create(session_store, user) for user in users]

    found = [await session_store.read_user(user) for user in users]

    assert [list(sessions) for sessions in found] == [[key] for key in keys]


async def test_replaced_session_is_never_missed(session_store: SessionStore) -> None:
    """While sessions are replaced, new one first, each user always has at least one."""
    users = [user_key(secrets.token_hex()) for _ in range(8)]
    running = len(users)
    seen: list[int] = []

    async def replace(user: str, key: str) -> None:
        nonlocal running
        for _ in range(25):
            new = await create(session_store, user)
            assert await session_store.delete(key, new_token(), user_key=user) is not None
            key = new
        running -= 1

    async def poll(user: str) -> None:
        while running:
            seen.append(len(await session_store.read_user(user)))
            await asyncio.sleep(0)

    firsts = [await create(session_store, user) for user in users]
    async with asyncio.TaskGroup() as tasks:
        for user, key in zip(users, firsts, strict=True):
            tasks.create_task(replace(user, key))
            tasks.create_task(poll(user))

    assert min(seen) >= 1
    assert [len(await session_store.read_user(user)) for user in users] == [1] * len(users)


async def test_concurrent_deletions_leave_none(session_store: SessionStore, owner: str) -> None:
    """A user whose sessions are all deleted at the same time has none."""
    keys = [await create(session_store, owner) for _ in range(20)]

    async def delete(key: str) -> Fields | None:
        return await session_store.delete(key, new_token(), user_key=owner)

    assert await asyncio.gather(*map(delete, keys)) == [FIELDS] * 20
    assert await session_store.read_user(owner) == {}


async def test_prefixes_do_not_mix(readable_store: dict[str, Any], owner: str) -> None:
    """Apps with different prefixes list and count their own sessions only."""
    prefix = readable_store['SESSION_KEY_PREFIX']
    # One prefix begins with another, and one looks like a name of the store.
    prefixes = [prefix, f'{prefix}b:', f'{prefix}user:', f'{prefix}%', f'{prefix}*[a-z]?']
    stores: list[SessionStore] = [
        store_of(make_sessions_app(**{**readable_store, 'SESSION_KEY_PREFIX': each}))
        for each in prefixes
    ]
    keys = [await create(store, owner) for store in stores]
    await create(stores[0], None)

    found = [await store.read_user(owner) for store in stores]
    counts = [await store.count() for store in stores]

    assert [list(sessions) for sessions in found] == [[key] for key in keys]
    assert counts == [2, 1, 1, 1, 1]
    for store in stores:
        await store.close()


async def test_count_is_of_live_sessions(readable_store: dict[str, Any], owner: str) -> None:
    """Sessions that were deleted, emptied or have expired do not count, nor do checks."""
    store: SessionStore = store_of(make_sessions_app(**readable_store))
    await store.ping()
    assert await store.count() == 0
    keys = [await create(store, user) for user in (None, owner, owner, None)]
    await create(store, owner, lifetime=1)
    await create(store, None, {})
    await store.delete(keys[1], new_token(), user_key=owner)
    await store.write(keys[3], {}, FIELDS, lifetime=HOUR, refreshed=current_time())
    await asyncio.sleep(0.01)

    assert await store.count() == 2
    await store.close()


@pytest.mark.parametrize('wrong', [None, 1, b'ann', ['ann'], ''])
def test_user_must_be_a_string(wrong: Any) -> None:
    """Anything but a string with a character is an error that names the problem."""
    with pytest.raises((TypeError, ValueError), match=r'^user is .*: use a '):
        user_key(wrong)
