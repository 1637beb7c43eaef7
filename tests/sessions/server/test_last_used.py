"""What is stored about the use of a session of a user, and about the device."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from quart import Quart

from quart_session_demo.sessions import (
    do_not_extend_session,
    session_user,
)
from quart_session_demo.sessions.server.store import current_time, store_key
from tests.apps.users_app import make_users_app
from tests.conftest import id_in
from tests.sessions.server.devices import log_in, records
from tests.sessions.server.stored import store_of


class Writes:
    """Counts the writes of a store, and how many of them change the expiry time."""

    def __init__(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.all = self.extensions = 0
        write = store.write

        async def count(*args: Any, **options: Any) -> Any:
            self.all += 1
            self.extensions += options['lifetime'] > 0
            assert (options['user_key'] is not None) == (options['lifetime'] > 0)
            return await write(*args, **options)

        monkeypatch.setattr(store, 'write', count)

    def take(self) -> tuple[int, int]:
        """Return the numbers since the last call."""
        counted = self.all, self.extensions
        self.all = self.extensions = 0
        return counted


@pytest.mark.parametrize(
    ('lifetime', 'interval'),
    [(timedelta(days=31), 60), (timedelta(hours=2), 60), (timedelta(seconds=1000), 10)],
    ids=['month', 'hours', 'short'],
)
async def test_use_is_stored_once_an_interval(
    users_app: Quart, user: str, monkeypatch: pytest.MonkeyPatch, lifetime: timedelta, interval: int
) -> None:
    """Use and expiry are written once a minute, or once in 1 % of a shorter lifetime.

    A change between is written without them.
    """
    users_app.config['PERMANENT_SESSION_LIFETIME'] = lifetime
    began = current_time() // 1000
    with time_machine.travel(began, tick=False):
        device = await log_in(users_app, user)
    writes = Writes(store_of(users_app), monkeypatch)

    async def use(seconds: float, path: str = '/user') -> tuple[int, int]:
        with time_machine.travel(began + seconds, tick=False):
            await device.get(path)
        return writes.take()

    assert [await use(s) for s in (0, 1, interval - 1)] == [(0, 0)] * 3
    assert await use(interval - 0.5, '/set/a') == (1, 0)
    assert await use(interval) == (1, 1)
    assert await use(interval + 1) == (0, 0)
    assert await use(2 * interval - 0.5, '/set/b') == (1, 0)
    # A change at that time is the same write.
    assert await use(2 * interval, '/set/c') == (1, 1)
    [record] = await records(users_app, user)
    assert record['last_used'] == began + 2 * interval
    assert record['expires'] == began + 2 * interval + lifetime.total_seconds()


async def test_disabled_extension_stores_use_only(
    store: dict[str, Any], user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `SESSION_REFRESH_EACH_REQUEST`, a read stores `last_used` and extends nothing."""
    app = make_users_app(**store, SESSION_REFRESH_EACH_REQUEST=False)
    began = current_time() // 1000
    async with app.test_app():
        with time_machine.travel(began, tick=False):
            device = await log_in(app, user)
            [before] = await records(app, user)
        writes = Writes(store_of(app), monkeypatch)
        with time_machine.travel(began + 61, tick=False):
            await device.get('/user')
        [after] = await records(app, user)

    assert writes.take() == (1, 0)
    assert (after['last_used'], after['expires']) == (began + 61, before['expires'])


async def test_requests_that_do_not_extend_are_no_use(users_app: Quart, user: str) -> None:
    """A request that calls `do_not_extend_session` changes neither time."""

    @users_app.get('/poll')
    async def poll() -> dict[str, Any]:
        do_not_extend_session()
        return {'user': session_user()}

    device = await log_in(users_app, user)
    before = await records(users_app, user)

    with time_machine.travel(timedelta(seconds=100)):
        assert await device.get('/poll') == {'user': user}

    assert await records(users_app, user) == before


AGENT = 'Mozilla/5.0 (X11; "Linux" \\x86_64) Firefox/145.0'


async def test_device_is_stored_if_the_setting_is_on(store: dict[str, Any], user: str) -> None:
    """With `SESSION_STORE_DEVICE` a login stores the browser's name and the client's address."""
    app = make_users_app(**store, SESSION_STORE_DEVICE=True)
    async with app.test_app():
        device = await log_in(app, user, **{'User-Agent': AGENT})
        await device.get('/user', **{'User-Agent': 'another'})
        await log_in(app, user, **{'User-Agent': 'x' * 10_000})
        await device.post('/new-id', headers={'User-Agent': 'another'})
        long, mine = sorted(
            await device.post('/records', user=user), key=lambda record: bool(record['current'])
        )

    assert (mine['user_agent'], mine['client']) == (AGENT, '<local>')
    assert long['user_agent'] == 'x' * 256


async def test_device_is_erased_once_the_setting_is_off(store: dict[str, Any], user: str) -> None:
    """Turned off later, nothing shows the device any more, and the next use erases it."""
    app = make_users_app(**store, SESSION_STORE_DEVICE=True)
    async with app.test_app():
        device = await log_in(app, user, **{'User-Agent': 'Firefox'})
        await device.get('/set/cart')
        key = store_key(id_in(device.cookie))
        names = {b':user-agent', b':client'}
        assert names <= (await store_of(app).read(key)).fields.keys()
        app.config['SESSION_STORE_DEVICE'] = False

        [record] = await records(app, user)
        assert (record['user_agent'], record['client']) == (None, None)
        assert await device.get('/user') == {'user': user}

        fields = (await store_of(app).read(key)).fields
        assert not names & fields.keys()
        assert fields.keys() == {b':user', b':last-used', b'"cart"'}


async def test_new_id_erases_the_device_once_the_setting_is_off(
    store: dict[str, Any], user: str
) -> None:
    """A new id does not take the device along if the setting is off meanwhile."""
    app = make_users_app(**store, SESSION_STORE_DEVICE=True)
    async with app.test_app():
        device = await log_in(app, user, **{'User-Agent': 'Firefox'})
        app.config['SESSION_STORE_DEVICE'] = False

        await device.post('/new-id')

        stored = await store_of(app).read(store_key(id_in(device.cookie)))
        assert stored.fields.keys() == {b':user', b':last-used'}


async def test_no_device_is_stored_by_default(users_app: Quart, user: str) -> None:
    """By default, a login stores nothing about the device."""
    device = await log_in(users_app, user, **{'User-Agent': 'Firefox'})

    stored = await store_of(users_app).read(store_key(id_in(device.cookie)))

    assert stored.fields.keys() == {b':user', b':last-used'}
