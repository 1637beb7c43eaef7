"""`check-deploy` and `/health/ready`: what they find about a database."""

import json
from pathlib import Path

import pytest

from tests.conftest import KEY, make_app
from tests.postgres_server import PostgresServer

SECRET = 'never-shown'
# TEST-NET-1 (RFC 5737): no host answers there.
REMOTE = f'postgresql://app:{SECRET}@192.0.2.1:1/app'


def findings(url: str) -> list[str]:
    """Return the ids of check-deploy's findings about a database, without `sql-unreachable`."""
    app = make_app(
        PRODUCTION=True,
        SECRET_KEY='5d' * 16 + KEY,
        # Nobody answers at some of the addresses. A file may need longer.
        SESSION_SQLALCHEMY_TIMEOUT=0.01 if url.startswith('postgresql') else 10,
        SESSION_SQLALCHEMY_URL=url,
        SESSION_TYPE='sqlalchemy',
    )
    result = app.test_cli_runner().invoke(args=['check-deploy', '--json'])
    assert SECRET not in result.output
    found = [finding['id'] for finding in json.loads(result.stdout)]
    return [name for name in found if name.startswith('sql') and name != 'sql-unreachable']


@pytest.mark.parametrize(
    ('url', 'expected'),
    [
        (REMOTE, ['sql-unencrypted']),
        (f'{REMOTE}?sslmode=prefer', ['sql-unencrypted']),
        (f'{REMOTE}?sslmode=require', ['sql-unverified']),
        (f'{REMOTE}?sslmode=verify-ca', ['sql-unverified']),
        (f'{REMOTE}?sslmode=verify-full', []),
        ('postgresql://192.0.2.1:1/app?sslmode=verify-full', ['sql-no-password']),
        ('postgresql:///app?host=192.0.2.1', ['sql-unencrypted', 'sql-no-password']),
        ('postgresql://app@127.0.0.1:1/app', []),
        ('postgresql://app@[::1]:1/app', []),
        ('postgresql://app@localhost:1/app', []),
        ('postgresql:///app?host=/no/such/folder', []),
    ],
)
def test_unsafe_connection_is_found(url: str, expected: list[str]) -> None:
    """check-deploy reports TLS without checks, and no TLS or no password, to another host."""
    assert findings(url) == expected


@pytest.mark.parametrize('variable', ['DYNO', 'K_SERVICE', 'RENDER'])
def test_ephemeral_file_is_found(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """check-deploy warns of SQLite on a platform that deletes files, and nowhere else."""
    url = f'sqlite:///{tmp_path}/sessions.db'
    assert findings(url) == []

    monkeypatch.setenv(variable, 'x')

    assert findings(url) == ['sqlite-ephemeral']


def test_unreachable_database_is_found() -> None:
    """check-deploy reports a database that does not answer, without the password."""
    url = f'postgresql://app:{SECRET}@127.0.0.1:1/app'
    app = make_app(SESSION_TYPE='sqlalchemy', SESSION_SQLALCHEMY_URL=url)

    result = app.test_cli_runner().invoke(args=['check-deploy'])

    assert result.exit_code == 1
    assert 'sql-unreachable' in result.output
    assert SECRET not in result.output


async def test_ready_shows_whether_database_answers(server: PostgresServer) -> None:
    """`/health/ready` returns 503 while PostgreSQL is down or refuses writes."""
    app = make_app(**server.settings)
    async with app.test_app():
        client = app.test_client()
        assert (await client.get('/health/ready')).status_code == 200
        assert server.ask('SELECT count(*) FROM quart_sessions') == '0'
        server.ask('ALTER TABLE quart_sessions ADD CHECK (false) NOT VALID')
        assert (await client.get('/health/ready')).status_code == 503
        server.stop()
        assert (await client.get('/health/ready')).status_code == 503
