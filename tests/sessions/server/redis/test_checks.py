"""`check-deploy` and `/health/ready`: what they find about Redis."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import ConnectionPool, SSLConnection
from redis.credentials import UsernamePasswordCredentialProvider

from quart_session_demo.sessions.server.redis.checks import pool_findings
from tests.conftest import KEY, make_app
from tests.redis_server import RedisServer

SECRET = 'never-shown'


@pytest.fixture
def server(redis_program: None, tmp_path: Path) -> Iterator[RedisServer]:
    """Yield a Redis for one test, which may change and stop it."""
    with RedisServer(tmp_path, '--appendonly', 'yes') as server:
        yield server


def redis_findings(url: str, **settings: Any) -> dict[str, str]:
    """Return the ids and messages of check-deploy's findings about Redis."""
    app = make_app(
        **{'PRODUCTION': True, 'SECRET_KEY': '5d' * 16 + KEY, 'SESSION_TYPE': 'redis'},
        **{'SESSION_REDIS_URL': url, **settings},
    )
    result = app.test_cli_runner().invoke(args=['check-deploy', '--json'])
    found = json.loads(result.stdout)
    assert result.exit_code == int(any(finding['level'] == 'error' for finding in found))
    assert SECRET not in result.output
    return {
        finding['id']: finding['message'] for finding in found if finding['id'].startswith('redis')
    }


def test_good_redis_has_no_findings(server: RedisServer) -> None:
    """check-deploy finds nothing about a Redis that is safe to use."""
    assert redis_findings(server.url) == {}


def test_unreachable_redis_is_found() -> None:
    """check-deploy reports a Redis that does not answer."""
    assert list(redis_findings(f'redis://:{SECRET}@127.0.0.1:1')) == ['redis-unreachable']


def test_read_only_redis_is_found(server: RedisServer) -> None:
    """check-deploy reports a Redis that refuses writes, with Redis's error."""
    server.ask('REPLICAOF', '127.0.0.1', '1')

    found = redis_findings(server.url)

    assert list(found) == ['redis-unreachable']
    assert 'ReadOnlyError' in found['redis-unreachable']


def test_hidden_policy_is_found(server: RedisServer) -> None:
    """check-deploy warns if Redis does not report its eviction policy, with Redis's error."""
    server.ask('ACL', 'SETUSER', 'app', 'on', f'>{SECRET}', '~session:*', '+@all', '-info')

    found = redis_findings(server.url.replace('//', f'//app:{SECRET}@'))

    assert list(found) == ['redis-policy-unknown']
    # The class, because redis-py does not keep the error's code.
    assert found['redis-policy-unknown'].endswith('NoPermissionError')


# TEST-NET-1 (RFC 5737): no host answers there.
@pytest.mark.parametrize(
    ('url', 'expected'),
    [
        ('redis://:{}@192.0.2.1:1', {'redis-unencrypted'}),
        ('redis://192.0.2.1:1', {'redis-unencrypted', 'redis-no-password'}),
        ('rediss://192.0.2.1:1', {'redis-no-password'}),
        ('rediss://user:{}@192.0.2.1:1', set()),
        ('rediss://:{}@192.0.2.1:1?ssl_cert_reqs=none', {'redis-unverified'}),
        ('rediss://:{}@192.0.2.1:1?ssl_check_hostname=false', {'redis-unverified'}),
        ('rediss://:{}@192.0.2.1:1?ssl_cert_reqs=optional', set()),
        ('redis://127.0.0.1:1', set()),
        ('redis://[::1]:1', set()),
        ('rediss://localhost:1?ssl_cert_reqs=none', set()),
        ('unix:///no/such/socket', set()),
    ],
)
def test_unsafe_connection_is_found(url: str, expected: set[str]) -> None:
    """check-deploy reports what is unsafe about a connection to another host, and no other."""
    found = redis_findings(url.format(SECRET), SESSION_REDIS_TIMEOUT=0.01)

    assert found.keys() - {'redis-unreachable'} == expected


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({'ssl_certfile': 'client.pem'}, []),
        ({'credential_provider': UsernamePasswordCredentialProvider('user', SECRET)}, []),
        ({'password': SECRET, 'ssl_cert_reqs': ssl.CERT_NONE}, ['redis-unverified']),
        ({'password': SECRET, 'ssl_cert_reqs': None}, ['redis-unverified']),
        ({'password': SECRET, 'ssl_cert_reqs': ssl.CERT_REQUIRED}, []),
    ],
    ids=['certificate', 'provider', 'unchecked', 'none', 'checked'],
)
def test_unsafe_pool_is_found(options: dict[str, Any], expected: list[str]) -> None:
    """A pool made in Python is checked too; a certificate or a provider replaces a password."""
    pool = ConnectionPool(connection_class=SSLConnection, host='192.0.2.1', **options)

    assert [finding.id for finding in pool_findings(pool)] == expected


@pytest.mark.parametrize('save', ['', '3600 1'], ids=['nothing', 'snapshots'])
def test_redis_without_append_only_file_is_found(server: RedisServer, save: str) -> None:
    """check-deploy warns of a Redis that can lose sessions, or restore deleted ones."""
    server.ask('CONFIG', 'SET', 'appendonly', 'no')
    server.ask('CONFIG', 'SET', 'save', save)

    assert list(redis_findings(server.url)) == ['redis-not-persistent']


def test_evicting_redis_is_found(server: RedisServer) -> None:
    """check-deploy reports a Redis that deletes sessions when its memory is full."""
    server.ask('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru')

    assert list(redis_findings(server.url)) == ['redis-evicts']


async def test_ready_shows_whether_redis_answers(server: RedisServer) -> None:
    """`/health/ready` returns 503 while Redis is down; `/health` does not."""
    app = make_app(**server.settings)
    async with app.test_app():
        client = app.test_client()
        assert (await client.get('/health/ready')).status_code == 200
        server.stop()
        down = await client.get('/health/ready')
        assert (down.status_code, down.headers['Cache-Control']) == (503, 'no-store')
        # A restart of the process would not help.
        assert (await client.get('/health')).status_code == 200


@pytest.mark.parametrize(
    'command',
    [
        ('REPLICAOF', '127.0.0.1', '1'),
        ('CONFIG', 'SET', 'maxmemory', '1'),
        ('ACL', 'SETUSER', 'default', '-evalsha'),
        ('ACL', 'SETUSER', 'default', '-hset', '-pexpire'),
    ],
    ids=['replica', 'full', 'no scripts', 'no writes'],
)
async def test_ready_is_503_if_redis_refuses_writes(
    server: RedisServer, command: tuple[str, ...]
) -> None:
    """`/health/ready` returns 503 while Redis answers but refuses to store a session."""
    app = make_app(**server.settings)
    async with app.test_app():
        client = app.test_client()
        assert (await client.get('/health/ready')).status_code == 200
        server.ask(*command)
        assert (await client.get('/health/ready')).status_code == 503


async def test_ready_needs_no_store_for_cookies() -> None:
    """`/health/ready` returns 200 for an app whose sessions are in cookies."""
    assert (await make_app().test_client().get('/health/ready')).status_code == 200
