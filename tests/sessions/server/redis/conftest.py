"""What the tests of sessions on Redis ask of Redis itself."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from quart_session_demo.sessions.server.store import store_key
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import id_in
from tests.redis_server import RedisServer


@pytest.fixture
async def app(redis_server: RedisServer) -> AsyncIterator[Quart]:
    """Yield an app with its sessions in the Redis that all tests share."""
    app = make_sessions_app(**redis_server.settings)
    async with app.test_app():
        yield app


@pytest.fixture(scope='session')
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and its self-signed certificate."""
    if shutil.which('openssl') is None:
        pytest.skip('needs openssl: apt-get install openssl')
    directory = tmp_path_factory.mktemp('certificate')
    key, file = directory / 'key.pem', directory / 'certificate.pem'
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


def redis_key(cookie: str) -> str:
    """Return the key under which the session of a cookie is stored."""
    return f'session:{store_key(id_in(cookie))}'


def key_of(client: Client) -> str:
    """Return the key under which the client's session is stored."""
    [cookie] = list(client.cookie_jar or ())
    return redis_key(str(cookie.value))
