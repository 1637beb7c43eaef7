"""Faults of Redis: full, hung, restarted scripts, other data, wrong certificates."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from quart import Quart, session
from quart.typing import TestClientProtocol as Client
from redis.asyncio import Redis

from quart_session_demo.sessions import regenerate_session
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import session_contents
from tests.redis_server import RedisServer
from tests.sessions.server.conftest import assert_no_traceback, assert_unavailable, text
from tests.sessions.server.redis.conftest import key_of

LESSON = {'username': 'zhiliao', 'age': 20, '_permanent': True}
NO_SESSION = '没有session数据'
DELETED = '删除session成功...'
PASSWORD = 'never-shown'


@pytest.fixture
def server(redis_program: None, tmp_path: Path) -> Iterator[RedisServer]:
    """Yield a Redis for one test, which may change and harm it."""
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
async def app(server: RedisServer) -> AsyncIterator[Quart]:
    app = make_sessions_app(**server.settings, SESSION_MAX_STORED_SIZE=10_000_000)
    async with app.test_app():
        yield app


def fill(server: RedisServer) -> None:
    server.ask('CONFIG', 'SET', 'maxmemory', '1')


def drain(server: RedisServer) -> None:
    server.ask('CONFIG', 'SET', 'maxmemory', '0')


async def test_full_redis_refuses_whole_writes(
    client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A full Redis stores all of a change or nothing, and reads go on."""
    before = server.ask('HGETALL', key_of(client))
    fill(server)

    for path in ('/fill/3', '/fill/3000', '/browser_session/'):
        await assert_unavailable(client, path)
        assert server.ask('HGETALL', key_of(client)) == before
    assert await text(client, '/get_session/') == 'zhiliao'
    assert await text(client, '/unused') == 'unused'
    assert_no_traceback(caplog)

    drain(server)
    assert await text(client, '/fill/3000') == 'filled'


async def test_full_redis_fails_login_without_loss(client: Client, server: RedisServer) -> None:
    """A login on a full Redis returns 503 and leaves the old session as it was."""
    fill(server)

    await assert_unavailable(client, '/login')

    assert await text(client, '/get_session/') == 'zhiliao'
    drain(server)
    assert await text(client, '/login') == 'logged in'
    assert await text(client, '/get_session/') == 'zhiliao'


async def test_new_id_survives_full_redis(app: Quart, client: Client, server: RedisServer) -> None:
    """A new id stays, and its cookie is set, if Redis then refuses another change with 503."""

    @app.get('/late')
    async def change_late() -> str:
        session['user'] = 'zhiliao'
        await regenerate_session()
        session['late'] = 'x' * 1000
        fill(server)
        return 'logged in'

    old = key_of(client)

    response = await client.get('/late')

    assert response.status_code == 503
    drain(server)
    assert key_of(client) != old
    assert await session_contents(client) == {**LESSON, 'user': 'zhiliao'}


async def test_full_redis_turns_view_error_into_503(
    app: Quart, client: Client, server: RedisServer
) -> None:
    """A view's own error becomes 503 if its change is refused: an attempt must be counted."""

    @app.get('/attempt')
    async def attempt() -> tuple[str, int]:
        session['attempts'] = session.get('attempts', 0) + 1
        return 'wrong password', 401

    assert (await client.get('/attempt')).status_code == 401
    fill(server)

    await assert_unavailable(client, '/attempt')


async def test_full_redis_still_removes_and_extends(
    app: Quart, client: Client, server: RedisServer
) -> None:
    """A full Redis extends sessions, removes keys and deletes sessions."""
    fill(server)
    server.ask('EXPIRE', key_of(client), 1000)
    with time_machine.travel(timedelta(days=1)):
        assert await text(client, '/get_session/') == 'zhiliao'
        assert server.ask('TTL', key_of(client)) > 1000
        assert await text(client, '/del_session/pop/') == DELETED
        assert await text(client, '/get_session/') == NO_SESSION
        old = key_of(client)
        assert await text(client, '/del_session/') == DELETED
        assert server.ask('PTTL', old) <= 2 * app.config['SESSION_REDIS_TIMEOUT'] * 1000
        assert await text(client, '/get_session/') == NO_SESSION


@pytest.mark.parametrize(
    'data',
    [('SET', 'text'), ('RPUSH', 'item'), ('HSET', 'field', 'value'), ('HSET', '"username"', '{')],
    ids=['string', 'list', 'hash', 'bad JSON'],
)
async def test_other_data_is_not_overwritten(
    client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture, data: tuple[str, ...]
) -> None:
    """A key that holds something else than a session returns 503 and stays as it is."""
    name, *values = data
    if values[0] != '"username"':
        server.ask('DEL', key_of(client))
    server.ask(name, key_of(client), *values)
    before = server.ask('DUMP', key_of(client))

    await assert_unavailable(client, '/get_session/')
    await assert_unavailable(client, '/')

    assert server.ask('DUMP', key_of(client)) == before
    assert_no_traceback(caplog)


async def test_data_that_changes_before_save_stays(
    app: Quart, client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A key that changes its type during a request returns 503 and stays as it is."""
    key = key_of(client)

    @app.get('/replace')
    async def replace() -> str:
        session['more'] = 1
        server.ask('DEL', key)
        server.ask('SET', key, 'text')
        return 'replaced'

    await assert_unavailable(client, '/replace')

    assert server.ask('GET', key) == b'text'
    assert_no_traceback(caplog)


async def test_scripts_are_sent_again_after_flush(client: Client, server: RedisServer) -> None:
    """Each kind of save works when Redis has forgotten the scripts."""
    for path in ('/set/one', '/login', '/del_session/'):
        server.ask('SCRIPT', 'FLUSH')
        assert (await client.get(path)).status_code == 200


async def test_password_is_used_and_never_logged(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The URL's password is sent to Redis, and no log line contains it."""
    server.ask('CONFIG', 'SET', 'requirepass', PASSWORD)
    settings: dict[str, Any] = {**server.settings}

    def app_with(password: str) -> Quart:
        url = server.url.replace('//', f'//:{password}@')
        return make_sessions_app(**{**settings, 'SESSION_REDIS_URL': url})

    right, wrong = app_with(PASSWORD), app_with(f'{PASSWORD}-wrong')
    with caplog.at_level(logging.DEBUG):
        async with right.test_app(), wrong.test_app():
            assert (await right.test_client().get('/')).status_code == 200
            await assert_unavailable(wrong.test_client(), '/')

    assert PASSWORD not in caplog.text


@pytest.fixture
def tls_server(redis_program: None, tmp_path: Path, certificate: Path) -> Iterator[RedisServer]:
    """Yield a Redis that speaks TLS."""
    with RedisServer(tmp_path, certificate=certificate) as server:
        yield server


async def test_rediss_checks_the_certificate(tls_server: RedisServer, certificate: Path) -> None:
    """A `rediss://` URL checks the certificate unless `ssl_cert_reqs=none` asks otherwise."""
    for query, status in (
        ('', 503),
        (f'?ssl_ca_certs={certificate}', 200),
        ('?ssl_cert_reqs=none', 200),
    ):
        # A TLS connection takes long on a busy machine.
        settings = tls_server.settings_with_timeout(10)
        settings['SESSION_REDIS_URL'] += query
        app = make_sessions_app(**settings)
        async with app.test_app():
            assert (await app.test_client().get('/')).status_code == status


async def test_own_client_may_use_tls(tls_server: RedisServer, certificate: Path) -> None:
    """The TLS options of a client that the user made are used."""
    for authority, status in ((None, 503), (str(certificate), 200)):
        client = Redis(port=tls_server.port, ssl=True, ssl_ca_certs=authority, host='127.0.0.1')
        app = make_sessions_app(
            SESSION_TYPE='redis', SESSION_REDIS=client, SESSION_REDIS_TIMEOUT=10
        )
        async with app.test_app():
            assert (await app.test_client().get('/')).status_code == status


async def test_stop_does_not_wait_for_hung_tls(tls_server: RedisServer) -> None:
    """An app stops in bounded time though a hung Redis never answers the end of TLS."""
    settings = tls_server.settings_with_timeout(0.5)
    settings['SESSION_REDIS_URL'] += '?ssl_cert_reqs=none'
    app, other = make_sessions_app(**settings), make_sessions_app(**settings)
    async with app.test_app():
        await app.test_client().get('/')
        tls_server.pause()
        start = time.monotonic()
    stop = time.monotonic() - start
    start = time.monotonic()
    async with other.test_app():
        two_attempts = time.monotonic() - start
    # Its connections end, and asyncio closes them before the test does.
    tls_server.stop()
    await asyncio.sleep(0.1)

    # asyncio would wait for 30 seconds.
    assert stop < 5 * two_attempts
