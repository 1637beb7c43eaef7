"""`session.lifetime`: one session lasts as long as the app decides."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import quart
import time_machine
from quart import Quart, request, websocket
from werkzeug.http import http_date

from quart_session_demo.sessions import regenerate_session
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import contents_of, cookie_of, get_with_cookie
from tests.sessions.conftest import in_memory
from tests.sessions.expiry import START, assert_expires, expiry, response_at
from tests.sessions.server.stored import Remaining

#: Its type in Quart has no lifetime.
session: Any = quart.session

HOUR = 3600
DAY = 24 * HOUR


def make_app(**config: Any) -> Quart:
    """Return an app whose sessions last a day, unless they have a lifetime of their own."""
    app = make_sessions_app(**{'PERMANENT_SESSION_LIFETIME': DAY, **config})

    @app.get('/lifetime/<seconds>')
    async def set_lifetime(seconds: str) -> str:
        session['user'] = 'zhiliao'
        session.permanent = 'permanent' in request.args
        lifetime = None if seconds == 'none' else timedelta(seconds=float(seconds))
        session.lifetime = lifetime
        return expiry()

    @app.get('/read')
    async def read() -> str:
        return str(session.lifetime)

    @app.get('/clear')
    async def clear() -> str:
        session.clear()
        session['user'] = 'another'
        return expiry()

    @app.get('/regenerate')
    async def regenerate() -> str:
        for path in request.args.getlist('meanwhile'):
            await get_with_cookie(app, path, request.cookies['session'])
        await regenerate_session()
        return expiry()

    return app


@pytest.mark.parametrize('lifetime', [HOUR, 10 * DAY], ids=['shorter', 'longer'])
async def test_session_has_its_own_lifetime(
    readable_store: dict[str, Any], remaining: Remaining, lifetime: int
) -> None:
    """A session lasts for its own lifetime, which a later request reads and can remove."""
    app = make_app(**readable_store)
    async with app.test_app():
        text, value = await response_at(app, 0, f'/lifetime/{lifetime}')
        with time_machine.travel(START, tick=False):
            [left] = remaining(app)
        assert lifetime * 1000 - 60_000 < left <= lifetime * 1000
        await assert_expires(app, value, text)

        _, value = await response_at(app, 0, f'/lifetime/{lifetime}')
        assert (await response_at(app, 1, '/read', value))[0] == str(timedelta(seconds=lifetime))
        text, _ = await response_at(app, 2, '/lifetime/none', value)
        assert (await response_at(app, 3, '/read', value))[0] == 'None'
        assert text == (START + timedelta(seconds=DAY + 2)).isoformat()
        await assert_expires(app, value, text)


@in_memory
async def test_own_lifetime_slides(store: dict[str, Any]) -> None:
    """A use extends a session by its own lifetime, after 5 % of it."""
    app = make_app(**store, SESSION_BROWSER_LIFETIME=60)
    async with app.test_app():
        _, value = await response_at(app, 0, f'/lifetime/{HOUR}')
        for seconds in (0.9 * HOUR, 1.8 * HOUR, 1.84 * HOUR):
            assert (await response_at(app, seconds, '/read', value))[0] == '1:00:00'
        with time_machine.travel(START + timedelta(seconds=2.81 * HOUR), tick=False):
            assert await contents_of(app, value) == {}


@in_memory
async def test_own_lifetime_ends_with_absolute_lifetime(store: dict[str, Any]) -> None:
    """A lifetime of its own does not exceed the absolute lifetime."""
    app = make_app(**store, SESSION_ABSOLUTE_LIFETIME=HOUR)
    async with app.test_app():
        text, value = await response_at(app, 0, f'/lifetime/{DAY}')
        assert text == (START + timedelta(seconds=HOUR)).isoformat()
        text, _ = await response_at(app, 1800, f'/lifetime/{DAY}', value)
        assert text == (START + timedelta(seconds=HOUR)).isoformat()
        await assert_expires(app, value, text)


@in_memory
async def test_cookie_expires_with_own_lifetime(store: dict[str, Any]) -> None:
    """The cookie of a permanent session expires with its own lifetime, another has no date."""
    app = make_app(**store)
    async with app.test_app():
        with time_machine.travel(START, tick=False):
            permanent = await app.test_client().get(f'/lifetime/{HOUR}?permanent')
            browser = await app.test_client().get(f'/lifetime/{HOUR}')

    assert cookie_of(permanent).attributes['expires'] == http_date(START + timedelta(hours=1))
    assert 'expires' not in cookie_of(browser).attributes


async def test_regenerate_preserves_own_lifetime(store: dict[str, Any]) -> None:
    """A session with a new id has the lifetime that it had, or that another request set last."""
    app = make_app(**store)
    async with app.test_app():
        for query, lifetime in (
            ('', HOUR),
            (f'?meanwhile=/lifetime/{2 * HOUR}', 2 * HOUR),
            ('?meanwhile=/lifetime/none', DAY),
        ):
            _, old = await response_at(app, 0, f'/lifetime/{HOUR}')
            with time_machine.travel(START, tick=False):
                response = await get_with_cookie(app, f'/regenerate{query}', old)
            value = cookie_of(response).value
            assert value != old
            text = str(await response.get_data(as_text=True))
            assert text == (START + timedelta(seconds=lifetime)).isoformat()
            await assert_expires(app, value, text)


@in_memory
async def test_clear_removes_own_lifetime(store: dict[str, Any]) -> None:
    """What is set after `clear()` is a new session, without the lifetime of the old one."""
    app = make_app(**store)
    async with app.test_app():
        _, old = await response_at(app, 0, f'/lifetime/{HOUR}')
        with time_machine.travel(START, tick=False):
            value = cookie_of(await get_with_cookie(app, '/clear', old)).value

        assert (await response_at(app, 1, '/read', value))[0] == 'None'
        await assert_expires(app, value, (START + timedelta(seconds=DAY)).isoformat())


async def test_concurrent_changes_preserve_own_lifetime(store: dict[str, Any]) -> None:
    """A request that read the session before another one set its lifetime does not undo it."""
    app = make_app(**store)
    read, proceed = asyncio.Event(), asyncio.Event()

    @app.get('/slow')
    async def slow() -> str:
        read.set()
        await proceed.wait()
        session['slow'] = 1
        return 'slow'

    async with app.test_app():
        _, value = await response_at(app, 0, f'/lifetime/{DAY}')
        with time_machine.travel(START, tick=False):
            running = asyncio.ensure_future(get_with_cookie(app, '/slow', value))
            await read.wait()
            await get_with_cookie(app, f'/lifetime/{HOUR}', value)
            proceed.set()
            await running
            assert (await contents_of(app, value))['slow'] == 1
        await assert_expires(app, value, (START + timedelta(seconds=HOUR)).isoformat())


@in_memory
async def test_websocket_sets_own_lifetime(store: dict[str, Any]) -> None:
    """A lifetime that a websocket sets is stored."""
    app = make_app(**store)

    @app.websocket('/ws')
    async def ws() -> None:
        session.lifetime = timedelta(hours=1)
        await websocket.send(expiry())

    async with app.test_app():
        _, value = await response_at(app, 0, f'/lifetime/{DAY}')
        with time_machine.travel(START, tick=False):
            headers = {'Cookie': f'session={value}'}
            async with app.test_client().websocket('/ws', headers=headers) as connection:
                text = str(await connection.receive())
        await assert_expires(app, value, text)


INVALID: list[tuple[Any, type[Exception]]] = [
    (3600, TypeError),
    (1.5, TypeError),
    (True, TypeError),
    ('1 hour', TypeError),
    (START, TypeError),
    (timedelta(0), ValueError),
    (timedelta(microseconds=999), ValueError),
    (timedelta(seconds=-1), ValueError),
    (timedelta.max, ValueError),
    (timedelta(days=365 * 8000), ValueError),
]


@in_memory
async def test_invalid_lifetime_changes_nothing(store: dict[str, Any]) -> None:
    """A value that is no valid lifetime raises an error that names it, and nothing is stored."""
    app = make_app(**store)
    raised = []

    @app.get('/invalid/<int:number>')
    async def invalid(number: int) -> str:
        value, error = INVALID[number]
        with pytest.raises(error, match=r'^lifetime is ') as info:
            session.lifetime = value
        raised.append(str(info.value))
        return str(session.modified)

    async with app.test_app():
        for number in range(len(INVALID)):
            response = await app.test_client().get(f'/invalid/{number}')
            assert await response.get_data(as_text=True) == 'False'
            assert 'Set-Cookie' not in response.headers
    assert len(raised) == len(INVALID)
    assert all(': set it to a ' in message for message in raised)


@pytest.mark.parametrize('milliseconds', [1, 500])
async def test_short_lifetime(store: dict[str, Any], milliseconds: int) -> None:
    """A lifetime may be less than a second."""
    app = make_app(**store)
    async with app.test_app():
        for query in ('', '?permanent'):
            with time_machine.travel(START, tick=False):
                response = await app.test_client().get(f'/lifetime/{milliseconds / 1000}{query}')
            assert response.status_code == 200
            value = cookie_of(response).value
            with time_machine.travel(START + timedelta(milliseconds=milliseconds), tick=False):
                assert await contents_of(app, value) == {}


async def test_long_lifetime(store: dict[str, Any]) -> None:
    """A session may last for thousands of years, and is used then without an error."""
    app = make_app(**store)
    seconds = (START.replace(year=9998) - START).total_seconds()
    async with app.test_app():
        text, value = await response_at(app, 0, f'/lifetime/{seconds}?permanent')
        assert text == START.replace(year=9998).isoformat()
        with time_machine.travel(START + timedelta(days=500 * 365), tick=False):
            cookie = cookie_of(await get_with_cookie(app, '/set/item', value))
        assert cookie.attributes['expires'] == 'Fri, 31 Dec 9999 23:59:59 GMT'
