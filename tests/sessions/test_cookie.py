"""The cookie session's class, and what only it reports."""

from typing import Any

import pytest
import trio
from flask.sessions import SecureCookieSession
from quart import Quart, session, websocket
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioWebsocket

from quart_session_demo.sessions import CookieSession, CookieSessionInterface
from tests.conftest import KEY, session_contents


async def test_session_that_fails_to_compare_is_500(
    cookie_app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A session whose `modified` raises returns 500 and logs one line."""

    class FailingSession(CookieSession):
        @property
        def modified(self) -> bool:
            raise ValueError('it fails')

        @modified.setter
        def modified(self, value: bool) -> None: ...

    class Interface(CookieSessionInterface):
        session_class = FailingSession

    cookie_app.session_interface = Interface()

    response = await cookie_app.test_client().get('/set/small')

    assert response.status_code == 500
    assert ['cannot be saved' in record.getMessage() for record in caplog.records] == [True]


def test_other_session_class_is_refused() -> None:
    """An interface whose `session_class` does not derive from ours is a TypeError that names it."""
    with pytest.raises(TypeError, match=r'Interface.session_class .*CookieSession'):

        class Interface(CookieSessionInterface):
            session_class = SecureCookieSession  # type: ignore[assignment]


async def test_derived_session_class_is_used(cookie_app: Quart) -> None:
    """An interface opens sessions of its own `session_class`."""

    class OwnSession(CookieSession):
        pass

    class Interface(CookieSessionInterface):
        session_class = OwnSession

    cookie_app.session_interface = Interface()
    async with cookie_app.test_request_context('/'):
        assert isinstance(session, OwnSession)


async def test_interface_with_own_init_works(cookie_app: Quart) -> None:
    """An interface whose `__init__` calls no other still sets the cookie."""

    class Interface(CookieSessionInterface):
        def __init__(self) -> None:
            self.own = True

    cookie_app.session_interface = Interface()

    response = await cookie_app.test_client().get('/set/small')

    assert response.status_code == 200
    assert 'Set-Cookie' in response.headers


async def test_cookie_keys_become_strings(cookie_app: Quart) -> None:
    """Keys that are not strings become strings, as in Flask."""
    client = cookie_app.test_client()
    async with client.session_transaction() as written:
        content: Any = {1: 'a number', None: 'nothing'}
        written.update(content)

    assert await session_contents(client) == {'1': 'a number', 'null': 'nothing'}


def test_several_tasks_accept_with_quart_trio() -> None:
    """With QuartTrio, several tasks may send the first message of a websocket at the same time."""

    class SlowWebsocket(TrioWebsocket):
        async def accept(self, *args: Any) -> None:
            await trio.sleep(0.01)
            await super().accept(*args)

    app = QuartTrio('own')
    app.websocket_class = SlowWebsocket
    app.secret_key = KEY
    app.session_interface = CookieSessionInterface()

    @app.websocket('/tasks')
    async def tasks() -> None:
        session['begun'] = True
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(websocket.send, 'begun')

    async def receive() -> list[Any]:
        async with app.test_client().websocket('/tasks') as connection:
            return [await connection.receive() for _ in range(3)]

    assert trio.run(receive) == ['begun'] * 3
