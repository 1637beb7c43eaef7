"""What visitors get while Redis is down, hung, full, or holds something else; and afterwards."""

import asyncio
import contextlib
import hashlib
import logging
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, request, request_finished, session, websocket, websocket_finished
from quart.typing import TestClientProtocol as Client

from quart_session_demo import create_app
from quart_session_demo.sessions import regenerate_session
from quart_session_demo.sessions.server import lifetime
from quart_session_demo.sessions.settings import DEFAULTS
from tests.conftest import KEY
from tests.redis_server import RedisServer

PASSWORD = 'do-not-tell'


@pytest.fixture
def server(redis_program: None, tmp_path: Path) -> Iterator[RedisServer]:
    """Yield a Redis to be harmed, which finds its sessions again when it is started again."""
    with RedisServer(tmp_path, '--appendonly', 'yes', '--appendfsync', 'always') as server:
        yield server


@pytest.fixture
async def app(server: RedisServer) -> AsyncIterator[Quart]:
    app = serving(server.url)
    async with app.test_app():
        yield app


def serving(url: str, **config: Any) -> Quart:
    app = create_app(
        {
            'SECRET_KEY': KEY,
            'SESSION_TYPE': 'redis',
            'SESSION_REDIS_URL': url,
            'PROPAGATE_EXCEPTIONS': False,
            **config,
        }
    )

    @app.get('/alone')
    async def alone() -> str:
        return 'alone'

    @app.get('/set/<int:size>')
    async def set_key(size: int) -> str:
        for number in range(size):
            session[f'key {number}'] = 'x' * 1000
        return 'set'

    @app.get('/login')
    async def login() -> str:
        session['user'] = 'zhiliao'
        await regenerate_session()
        return 'in'

    @app.after_request
    async def look(response: Any) -> Any:
        if 'late' in request.args:
            session.get('username')
        return response

    return app


@pytest.fixture
async def client(app: Quart) -> Client:
    client = app.test_client()
    assert (await client.get('/')).status_code == 200
    return client


def key(client: Client) -> str:
    [cookie] = list(client.cookie_jar or ())
    return 'session:' + hashlib.sha256(str(cookie.value).encode()).hexdigest()


async def text(client: Client, path: str) -> str:
    response = await client.get(path)
    assert response.status_code == 200
    return str(await response.get_data(as_text=True))


async def assert_unavailable(client: Client, path: str) -> None:
    response = await client.get(path)

    assert response.status_code == 503
    assert int(response.headers['Retry-After']) > 0
    assert 'Set-Cookie' not in response.headers
    assert response.headers['Vary'] == 'Cookie'


def assert_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    assert caplog.records
    for record in caplog.records:
        assert record.exc_info is None, record.getMessage()


@pytest.mark.parametrize('fault', ['stop', 'pause'])
async def test_outage_is_503_where_the_session_is_used_and_nowhere_else(
    client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    getattr(server, fault)()

    # Nothing here takes longer than two attempts; without a limit it would hang.
    async with asyncio.timeout(60):
        assert await text(client, '/alone') == 'alone'
        assert (await client.get('/nowhere')).status_code == 404
        for path in ('/get_session/', '/', '/del_session/', '/login', '/alone?late'):
            await assert_unavailable(client, path)
    assert_no_traceback(caplog)

    if fault == 'stop':
        server.start()
        server.wait_until_loaded()
    else:
        server.resume()
    # The first request, and nobody was logged out.
    assert await text(client, '/get_session/') == 'zhiliao'


async def test_new_visitor_during_an_outage_gets_503_only_where_something_is_saved(
    app: Quart, server: RedisServer
) -> None:
    server.stop()
    client = app.test_client()

    assert await text(client, '/get_session/') == '没有session数据'
    await assert_unavailable(client, '/')


async def test_error_page_may_look_into_the_session(
    app: Quart, client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    @app.errorhandler(503)
    async def page(error: Exception) -> tuple[str, int]:
        return f'Sorry, {session.get("username", "visitor")}', 503

    server.stop()

    response = await client.get('/get_session/')

    assert response.status_code == 503
    assert await response.get_data(as_text=True) == 'Sorry, visitor'
    assert int(response.headers['Retry-After']) > 0
    assert response.headers['Cache-Control'] == 'no-store'
    assert_no_traceback(caplog)


async def test_receiver_of_a_signal_may_look_after_the_response(
    app: Quart, client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    seen = []

    async def note(sender: Quart, **_: Any) -> None:
        seen.append(session.get('username'))

    server.stop()
    with request_finished.connected_to(note, app):
        assert await text(client, '/alone') == 'alone'
        await assert_unavailable(client, '/get_session/')

    assert seen == [None, None]
    assert_no_traceback(caplog)


async def test_what_runs_after_a_websocket_may_look(
    app: Quart, client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    seen = []

    @app.websocket('/ws')
    async def ws() -> None:
        await websocket.send('hello')

    @app.after_websocket
    async def after(response: Any) -> Any:
        seen.append(session.get('username'))
        return response

    async def note(sender: Quart, **_: Any) -> None:
        seen.append(session.get('username'))

    server.stop()
    with websocket_finished.connected_to(note, app):
        async with client.websocket('/ws') as connection:
            assert await connection.receive() == 'hello'

    assert seen == [None, None]
    assert_no_traceback(caplog)


async def test_view_that_catches_everything_gets_503_all_the_same(
    app: Quart, client: Client, server: RedisServer
) -> None:
    @app.get('/catches')
    async def catches() -> str:
        try:
            return str(session['username'])
        except Exception:
            return str(session.get('username', 'not logged in'))

    server.stop()

    await assert_unavailable(client, '/catches')


async def test_redis_that_dies_between_open_and_save_is_503_and_changes_nothing(
    app: Quart, client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get('/dies')
    async def dies() -> str:
        session['username'] = 'someone else'
        session['more'] = 1
        server.stop()
        return 'saved?'

    await assert_unavailable(client, '/dies')

    assert_no_traceback(caplog)
    server.start()
    server.wait_until_loaded()
    async with client.session_transaction() as held:
        assert dict(held) == {'username': 'zhiliao', 'age': 20, '_permanent': True}


async def test_failed_new_id_logs_nobody_in_under_the_old_one(
    app: Quart, client: Client, server: RedisServer
) -> None:
    @app.get('/dies_at_login')
    async def dies() -> str:
        session['user'] = 'zhiliao'
        server.pause()
        try:
            await regenerate_session()
        finally:
            server.resume()
        return 'in'

    old = key(client)

    response = await client.get('/dies_at_login')

    assert response.status_code == 503
    assert not server.ask('HEXISTS', old, '"user"')
    # Redis may have ended the old session after all.
    assert await text(client, '/get_session/') in ('zhiliao', '没有session数据')


async def test_failed_new_id_is_503_though_the_view_catches_it(
    app: Quart, client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get('/catches_login')
    async def catches_login() -> str:
        session['user'] = 'zhiliao'
        server.stop()
        with contextlib.suppress(Exception):
            await regenerate_session()
        server.start()
        server.wait_until_loaded()
        return 'in'

    await assert_unavailable(client, '/catches_login')

    assert_no_traceback(caplog)
    async with client.session_transaction() as held:
        assert dict(held) == {'username': 'zhiliao', 'age': 20, '_permanent': True}


@pytest.mark.parametrize('removed', [False, True])
async def test_new_id_for_what_cannot_be_stored_is_the_same_500_as_saving(
    app: Quart, client: Client, caplog: pytest.LogCaptureFixture, removed: bool
) -> None:
    @app.get('/bad_login')
    async def bad_login() -> str:
        session['user'] = {'a', 'set'}
        await regenerate_session()
        if removed:
            # Too late: the old id would be logged in.
            session['user'] = 'zhiliao'
        return 'in'

    response = await client.get('/bad_login')

    assert response.status_code == 500
    assert 'Set-Cookie' not in response.headers
    [record] = [record for record in caplog.records if record.exc_info]
    assert record.getMessage() == 'The session cannot be saved'
    async with client.session_transaction() as held:
        assert dict(held) == {'username': 'zhiliao', 'age': 20, '_permanent': True}


async def test_full_redis_refuses_writes_whole_and_still_reads(
    client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    before = server.ask('HGETALL', key(client))
    server.ask('CONFIG', 'SET', 'maxmemory', '1')

    for path in ('/set/3', '/set/3000', '/browser_session/'):
        await assert_unavailable(client, path)
        assert server.ask('HGETALL', key(client)) == before
    assert await text(client, '/get_session/') == 'zhiliao'
    assert await text(client, '/alone') == 'alone'
    assert_no_traceback(caplog)

    server.ask('CONFIG', 'SET', 'maxmemory', '0')
    assert await text(client, '/set/3000') == 'set'


async def test_new_id_that_a_full_redis_cannot_take_costs_nothing(
    client: Client, server: RedisServer
) -> None:
    server.ask('CONFIG', 'SET', 'maxmemory', '1')

    await assert_unavailable(client, '/login')

    assert await text(client, '/get_session/') == 'zhiliao'
    server.ask('CONFIG', 'SET', 'maxmemory', '0')
    assert await text(client, '/login') == 'in'
    assert await text(client, '/get_session/') == 'zhiliao'


@pytest.mark.parametrize(('late', 'status'), [(object(), 500), ('x' * 1000, 503)])
async def test_new_id_stays_whatever_becomes_of_later_changes(
    app: Quart, client: Client, server: RedisServer, late: Any, status: int
) -> None:
    @app.get('/late')
    async def change_late() -> str:
        session['user'] = 'zhiliao'
        await regenerate_session()
        session['late'] = late
        server.ask('CONFIG', 'SET', 'maxmemory', '1')
        return 'in'

    old = key(client)

    response = await client.get('/late')

    assert response.status_code == status
    server.ask('CONFIG', 'SET', 'maxmemory', '0')
    assert key(client) != old
    async with client.session_transaction() as held:
        assert dict(held) == {
            **{'username': 'zhiliao', 'age': 20, '_permanent': True},
            'user': 'zhiliao',
        }


async def test_write_that_fails_behind_an_error_is_503(
    app: Quart, client: Client, server: RedisServer
) -> None:
    @app.get('/attempt')
    async def attempt() -> tuple[str, int]:
        session['attempts'] = session.get('attempts', 0) + 1
        return 'wrong password', 401

    assert (await client.get('/attempt')).status_code == 401
    server.ask('CONFIG', 'SET', 'maxmemory', '1')

    await assert_unavailable(client, '/attempt')


async def test_full_redis_still_removes_ends_and_extends(
    client: Client, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.ask('CONFIG', 'SET', 'maxmemory', '1')
    server.ask('EXPIRE', key(client), 1000)
    a_day_ahead = time.time_ns() // 1_000_000 + 24 * 60 * 60 * 1000
    monkeypatch.setattr(lifetime, 'now', lambda: a_day_ahead)

    assert await text(client, '/get_session/') == 'zhiliao'
    assert server.ask('TTL', key(client)) > 1000
    assert await text(client, '/del_session/pop/') == '删除session成功...'
    assert await text(client, '/get_session/') == '没有session数据'
    ended = key(client)
    assert await text(client, '/del_session/') == '删除session成功...'
    assert server.ask('PTTL', ended) <= 2 * DEFAULTS['SESSION_REDIS_TIMEOUT'] * 1000
    assert await text(client, '/get_session/') == '没有session数据'


@pytest.mark.parametrize(
    'foreign',
    [('SET', 'text'), ('RPUSH', 'item'), ('HSET', 'field', 'value'), ('HSET', '"username"', '{')],
    ids=['string', 'list', 'hash', 'bad JSON'],
)
async def test_what_is_no_session_is_503_and_stays_as_it_is(
    client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture, foreign: tuple[str, ...]
) -> None:
    name, *values = foreign
    if name != 'HSET' or values[0] == 'field':
        server.ask('DEL', key(client))
    server.ask(name, key(client), *values)
    before = server.ask('DUMP', key(client))

    await assert_unavailable(client, '/get_session/')
    await assert_unavailable(client, '/')

    assert server.ask('DUMP', key(client)) == before
    assert_no_traceback(caplog)


async def test_type_that_changes_between_open_and_save_is_503(
    app: Quart, client: Client, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    name = key(client)

    @app.get('/spoil')
    async def spoil() -> str:
        session['more'] = 1
        server.ask('DEL', name)
        server.ask('SET', name, 'text')
        return 'spoilt'

    await assert_unavailable(client, '/spoil')

    assert server.ask('GET', name) == b'text'
    assert_no_traceback(caplog)


async def test_scripts_are_sent_again_after_script_flush(
    client: Client, server: RedisServer
) -> None:
    for path in ('/set/1', '/login', '/del_session/'):
        server.ask('SCRIPT', 'FLUSH')
        assert (await client.get(path)).status_code == 200


async def test_many_visitors_of_a_hung_redis_wait_no_longer_than_one(server: RedisServer) -> None:
    app = serving(server.url, SESSION_REDIS_MAX_CONNECTIONS=2)
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        server.pause()

        began = time.monotonic()
        await client.get('/get_session/')
        one = time.monotonic() - began
        began = time.monotonic()
        responses = await asyncio.gather(*(client.get('/get_session/') for _ in range(40)))
        many = time.monotonic() - began
        server.resume()

    assert {response.status_code for response in responses} == {503}
    # One after another, two at a time, they would wait twenty times as long.
    assert many < 5 * one


async def test_reply_that_waits_while_the_process_is_busy_is_read(client: Client) -> None:
    async def keep_busy() -> None:
        # Longer than an attempt may take, each time that the loop goes round.
        for _ in range(6):
            time.sleep(1.5 * DEFAULTS['SESSION_REDIS_TIMEOUT'])  # noqa: ASYNC251
            await asyncio.sleep(0)

    response, _ = await asyncio.gather(client.get('/get_session/'), keep_busy())

    assert response.status_code == 200


async def test_app_that_starts_before_redis_serves_when_it_is_there(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.stop()
    app = serving(server.url)
    async with app.test_app():
        client = app.test_client()
        await assert_unavailable(client, '/')
        server.start()
        server.wait_until_loaded()

        assert await text(client, '/') == '设置session成功'
    assert_no_traceback(caplog)


async def test_store_error_in_json_when_that_is_asked_for(app: Quart, server: RedisServer) -> None:
    server.stop()

    response = await app.test_client().get('/', headers={'Accept': 'application/json'})

    assert response.status_code == 503
    assert (await response.get_json())['error'] == 'Service Unavailable'


async def test_password_is_used_and_never_logged(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.ask('CONFIG', 'SET', 'requirepass', PASSWORD)
    right = serving(server.url.replace('//', f'//:{PASSWORD}@'))
    wrong = serving(server.url.replace('//', f'//:{PASSWORD}-wrong@'))
    with caplog.at_level(logging.DEBUG):
        async with right.test_app(), wrong.test_app():
            assert await text(right.test_client(), '/') == '设置session成功'
            await assert_unavailable(wrong.test_client(), '/')

    assert PASSWORD not in caplog.text


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a file with a key and the certificate that it signed itself."""
    if shutil.which('openssl') is None:
        pytest.skip('no openssl: apt-get install openssl')
    key, file = tmp_path / 'key.pem', tmp_path / 'certificate.pem'
    subprocess.run(
        [
            *('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test'),
            *('-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1'),
            *('-keyout', key, '-out', file),
        ],
        check=True,
        capture_output=True,
    )
    file.write_text(key.read_text() + file.read_text())
    return file


async def test_rediss_checks_the_certificate_unless_the_url_asks_otherwise(
    redis_program: None, tmp_path: Path, certificate: Path
) -> None:
    with RedisServer(tmp_path, certificate=certificate) as server:
        for query, status in (
            ('', 503),
            (f'?ssl_ca_certs={certificate}', 200),
            ('?ssl_cert_reqs=none', 200),
        ):
            # Making a TLS connection takes time on a busy machine.
            app = serving(server.url + query, SESSION_REDIS_TIMEOUT=10)
            async with app.test_app():
                assert (await app.test_client().get('/')).status_code == status


async def test_stop_does_not_wait_for_the_farewell_of_a_hung_redis(
    redis_program: None, tmp_path: Path, certificate: Path
) -> None:
    with RedisServer(tmp_path, certificate=certificate) as server:
        url = server.url + '?ssl_cert_reqs=none'
        app, other = (serving(url, SESSION_REDIS_TIMEOUT=1) for _ in range(2))
        async with app.test_app():
            await app.test_client().get('/')
            server.pause()
            began = time.monotonic()
        stop = time.monotonic() - began
        began = time.monotonic()
        async with other.test_app():
            two_attempts = time.monotonic() - began
        server.resume()

    # asyncio itself gives the farewell thirty seconds.
    assert stop < 5 * two_attempts
