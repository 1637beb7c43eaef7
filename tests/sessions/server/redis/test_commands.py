"""Commands and connections: how many a request needs."""

import asyncio
from typing import Any

import pytest
from quart import Quart
from redis.asyncio.connection import AbstractConnection

from quart_session_demo.sessions.redis import RedisSessionInterface
from tests.apps.sessions_app import make_sessions_app, views
from tests.conftest import KEY, cookie_of, get_with_cookie
from tests.processes import wait_until
from tests.redis_server import RedisServer


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return a list that redis-py's commands are added to, one for each round trip."""
    sent = []
    send = AbstractConnection.send_packed_command

    async def record(self: AbstractConnection, command: list[bytes], **options: Any) -> None:
        sent.append(b''.join(command))
        await send(self, command, **options)

    monkeypatch.setattr(AbstractConnection, 'send_packed_command', record)
    return sent


@pytest.mark.parametrize(
    ('path', 'commands'),
    [
        ('/unused', ['HGETALL']),
        ('/get_session/', ['HGETALL']),
        ('/same', ['HGETALL']),
        ('/add/apple', ['HGETALL', 'EVALSHA']),
        ('/del_session/pop/', ['HGETALL', 'EVALSHA']),
        ('/del_session/', ['HGETALL', 'EVALSHA']),
        # A new id is a second key.
        ('/login', ['HGETALL', 'EVALSHA', 'EVALSHA']),
        ('/clear_and_set', ['HGETALL', 'EVALSHA', 'EVALSHA']),
    ],
)
async def test_request_needs_few_round_trips(
    app: Quart, sent: list[bytes], path: str, commands: list[str]
) -> None:
    """Reading is one round trip, saving a change one more, and a new id another one."""
    client = app.test_client()
    await client.get('/')
    # Redis has both scripts from here on.
    await client.get('/login')
    sent.clear()

    await client.get(path)

    assert [command.split(b'\r\n')[2].decode() for command in sent] == commands


async def test_connections_open_and_close_with_the_server(redis_server: RedisServer) -> None:
    """One connection is open once the app serves, and none after it stops."""

    def connections() -> int:
        return len(redis_server.ask('CLIENT', 'LIST', 'TYPE', 'normal').splitlines())

    before = connections()
    async with make_sessions_app(**redis_server.settings).test_app():
        assert connections() == before + 1

    wait_until(lambda: connections() <= before)


async def test_400_requests_share_four_connections(redis_server: RedisServer) -> None:
    """Requests wait for one of `SESSION_REDIS_MAX_CONNECTIONS` connections; none fails."""
    app = make_sessions_app(**redis_server.settings, SESSION_REDIS_MAX_CONNECTIONS=4)
    async with app.test_app():
        ids = [cookie_of(await app.test_client().get('/')).value for _ in range(4)]

        responses = await asyncio.gather(
            *(
                get_with_cookie(app, '/get_session/' if number % 2 else '/', ids[number % 4])
                for number in range(400)
            )
        )

    assert {response.status_code for response in responses} == {200}


async def test_interface_works_in_any_app(redis_server: RedisServer) -> None:
    """`RedisSessionInterface(app)` needs only a secret key and `SESSION_REDIS_URL`."""
    app = Quart('own_app')
    app.config.update(SECRET_KEY=KEY, SESSION_REDIS_URL=redis_server.url)
    app.session_interface = RedisSessionInterface(app)  # type: ignore[assignment]
    app.register_blueprint(views)
    async with app.test_app():
        client = app.test_client()
        await client.get('/add/apple')
        response = await client.get('/add/pear')

    assert await response.get_data(as_text=True) == 'apple pear'
