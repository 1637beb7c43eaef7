"""All sessions of a user are revoked across processes, and after a process or Redis was killed."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, Event, Request, TextMessage

from quart_session_demo.compare.harness.servers import (
    Server,
    ServerCommand,
    hypercorn,
    run_servers,
)
from quart_session_demo.sessions import SessionStore
from quart_session_demo.sessions.server.store import store_key, user_key
from tests.apps.users_app import SETTINGS, make_users_app
from tests.conftest import ROOT, id_in
from tests.redis_server import RedisServer
from tests.sessions.conftest import settings_of
from tests.sessions.server.stored import own_prefix, store_of

STORES = [
    pytest.param('redis', marks=pytest.mark.redis),
    pytest.param('redis cluster', marks=pytest.mark.redis),
    pytest.param('postgresql', marks=pytest.mark.postgres),
    'sqlite',
]
WRITERS = 200
#: What the writers do, one after the other.
ACTIONS = (
    'set',
    'append',
    'new-id',
    'clear',
    'clear-and-set',
)
SESSIONS = 40
#: The deletion in which a process is killed.
DELETION = 15
#: A busy machine may take long for each step.
TIMEOUTS = {'SESSION_REDIS_TIMEOUT': 20, 'SESSION_SQLALCHEMY_TIMEOUT': 20}
#: Websockets are checked more often than by default.
WEBSOCKETS = {'SESSION_WEBSOCKET_CHECK': 1}


@pytest.fixture(params=STORES)
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the settings of an app for each store that several processes may use."""
    return settings_of(request.param, request) | own_prefix() | TIMEOUTS | WEBSOCKETS


def server_command(settings: dict[str, Any]) -> ServerCommand:
    """Return how to serve an app with these settings."""
    environment = {SETTINGS: json.dumps(settings), 'PYTHONPATH': str(ROOT)}
    return ServerCommand('users', hypercorn('tests.apps.users_app:app'), environment)


@pytest.fixture
def servers(settings: dict[str, Any]) -> Iterator[list[Server]]:
    """Yield two processes that serve the same app."""
    with run_servers(*[server_command(settings)] * 2) as servers:
        yield servers


@pytest.fixture
async def store(settings: dict[str, Any]) -> AsyncIterator[SessionStore]:
    """Yield the store of the processes, opened by the test."""
    store = store_of(make_users_app(**settings))
    yield store
    await store.close()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client without cookies of its own and without limits."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:
        yield client


@pytest.fixture
def user() -> str:
    """Return a user of one test: tests share the stores."""
    return f'ann-{secrets.token_hex(8)}'


async def post(
    client: httpx.AsyncClient, server: Server, path: str, cookie: str = '', **arguments: Any
) -> httpx.Response:
    """Return the response to a request with a session cookie."""
    headers = {'Cookie': f'session={cookie}'} if cookie else {}
    response = await client.post(server.url + path, json=arguments, headers=headers)
    client.cookies.clear()
    return response


async def log_in(client: httpx.AsyncClient, servers: list[Server], user: str, n: int) -> list[str]:
    """Return the cookies of so many logins, at each process in turn."""
    cookies: list[str] = []

    async def log_in_some(first: int) -> None:
        for number in range(first, n, 10):
            server = servers[number % len(servers)]
            response = await post(client, server, '/log-in', user=user)
            assert response.json() == {'user': user}
            cookies.append(response.headers['Set-Cookie'].split('=', 1)[1].split(';')[0])

    await asyncio.gather(*map(log_in_some, range(10)))
    return cookies


async def users(client: httpx.AsyncClient, server: Server, cookies: list[str]) -> set[str | None]:
    """Return the users of the sessions with these cookies, as a process shows them."""
    found = set()
    for cookie in cookies:
        headers = {'Cookie': f'session={cookie}'}
        found.add((await client.get(f'{server.url}/user', headers=headers)).json()['user'])
        client.cookies.clear()
    return found


class OpenSocket:
    """A websocket to a process, which stays open until the process closes it."""

    def __init__(self, server: Server, cookie: str) -> None:
        self._server = server
        self._cookie = f'session={cookie}'.encode()
        self._protocol = WSConnection(ConnectionType.CLIENT)

    async def open(self) -> str:
        """Open the websocket and return its first message."""
        self._reader, self._writer = await asyncio.open_connection('127.0.0.1', self._server.port)
        headers = [(b'Cookie', self._cookie)]
        request = Request(host='127.0.0.1', target='/socket', extra_headers=headers)
        self._writer.write(self._protocol.send(request))
        return str((await self._receive(TextMessage)).data)

    async def close_code(self) -> int:
        """Wait until the process closes the websocket, and return the code."""
        event = await self._receive(CloseConnection)
        self._writer.write(self._protocol.send(event.response()))
        self._writer.close()
        return int(event.code)

    async def _receive(self, kind: type[Event]) -> Any:
        while True:
            for event in self._protocol.events():
                if isinstance(event, kind):
                    return event
            self._protocol.receive_data(await self._reader.read(4096) or None)


async def live_keys(store: SessionStore, cookies: list[str]) -> set[str]:
    """Return the keys of those sessions that live."""
    keys = [store_key(id_in(cookie)) for cookie in cookies]
    return {
        key
        for key, stored in zip(keys, await store.read_many(keys), strict=True)
        if stored is not None
    }


@pytest.mark.parametrize('is_race', [False, True], ids=['before', 'during'])
async def test_nothing_revoked_survives(
    servers: list[Server],
    store: SessionStore,
    client: httpx.AsyncClient,
    user: str,
    is_race: bool,
) -> None:
    """Of 200 sessions that two processes write, none survives that one of them revokes.

    A websocket that is open in each process is closed.
    """
    cookies = await log_in(client, servers, user, WRITERS)
    sockets = [
        OpenSocket(server, cookie) for server, cookie in zip(servers, cookies[-2:], strict=True)
    ]
    assert [await socket.open() for socket in sockets] == [user] * 2
    writers = [
        asyncio.create_task(
            post(client, servers[number % 2], f'/slow/{ACTIONS[number % len(ACTIONS)]}', cookie)
        )
        for number, cookie in enumerate(cookies)
    ]
    for server in servers:
        while (await client.get(f'{server.url}/waiting')).json()['waiting'] < WRITERS // 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    revocation = asyncio.create_task(post(client, servers[0], '/revoke-all', user=user))
    if not is_race:
        assert (await revocation).json() == {'revoked': WRITERS}
    await asyncio.gather(*(post(client, server, '/open') for server in servers))
    responses = await asyncio.gather(*writers)
    revoked = (await revocation).json()['revoked']
    async with asyncio.timeout(30):
        assert [await socket.close_code() for socket in sockets] == [4401] * 2

    assert {response.status_code for response in responses} == {200}
    assert {response.json()['user'] for response in responses} == {user}
    if is_race:
        # Some were cleared or got a new id first.
        assert revoked <= WRITERS
    else:
        assert not any('Set-Cookie' in response.headers for response in responses)
    new = [
        header.split('=', 1)[1].split(';')[0]
        for response in responses
        for header in response.headers.get_list('Set-Cookie')
    ]
    everything = [*cookies, *filter(None, new)]
    assert await store.read_user(user_key(user)) == {}
    for server in servers:
        assert (await post(client, server, '/records', user=user)).json() == []
        assert await users(client, server, everything[::20]) == {None}
    # What was cleared first, and is anonymous, may live.
    found = await store.read_many([store_key(id_in(cookie)) for cookie in everything])
    assert not any(stored and b':user' in stored.fields for stored in found)


async def test_killed_process_leaves_nothing_unlisted(
    servers: list[Server], store: SessionStore, client: httpx.AsyncClient, user: str
) -> None:
    """After `kill -9` of a process that revokes, all that lives is listed; a repetition ends it."""
    killed, survivor = servers
    cookies = await log_in(client, servers, user, SESSIONS)

    with pytest.raises(httpx.HTTPError):
        await post(client, killed, '/revoke-all-and-kill', user=user, deletion=DELETION)

    left = await live_keys(store, cookies)
    assert SESSIONS - DELETION <= len(left) <= SESSIONS - DELETION + 1
    assert (await store.read_user(user_key(user))).keys() == left
    listed = (await post(client, survivor, '/records', user=user)).json()
    assert {record['id'] for record in listed} == {key[:16] for key in left}
    again = await post(client, survivor, '/revoke-all', user=user)
    assert again.json() == {'revoked': len(left)}
    assert await live_keys(store, cookies) == set()
    assert await users(client, survivor, cookies[:10]) == {None}


@pytest.mark.parametrize('deletion', [1, DELETION, SESSIONS])
async def test_killed_redis_leaves_nothing_unlisted(
    redis_program: None, tmp_path: Path, client: httpx.AsyncClient, user: str, deletion: int
) -> None:
    """After `kill -9` of Redis during a revocation, all that lives is listed; nothing is back."""
    durable = ('--appendonly', 'yes', '--appendfsync', 'always')
    with RedisServer(tmp_path, *durable) as redis:
        store = store_of(make_users_app(**redis.settings))
        with run_servers(*[server_command(redis.settings)] * 2) as servers:
            cookies = await log_in(client, servers, user, SESSIONS)
            arguments = {'user': user, 'deletion': deletion, 'pid': redis.ask('INFO')['process_id']}

            response = await post(client, servers[0], '/revoke-all-and-kill', **arguments)
            assert response.status_code == 503
            redis.stop()
            redis.start()

            left = await live_keys(store, cookies)
            # What was confirmed is not back.
            assert SESSIONS - deletion <= len(left) <= SESSIONS - deletion + 1
            assert (await store.read_user(user_key(user))).keys() == left
            again = await post(client, servers[1], '/revoke-all', user=user)
            assert again.json() == {'revoked': len(left)}
            assert await live_keys(store, cookies) == set()
            assert (await post(client, servers[0], '/records', user=user)).json() == []
            assert await users(client, servers[0], cookies[:10]) == {None}
        await store.close()
