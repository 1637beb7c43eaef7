"""The examples of docs/session-stores.md with a client of one's own."""

import json

import pytest
from quart import Quart
from redis.credentials import UsernamePasswordCredentialProvider

from quart_session_demo import create_app
from quart_session_demo.sessions.redis import RedisSessionInterface
from tests.conftest import KEY
from tests.docs.markdown import code_blocks, read, section

SECTION = section(read('docs/session-stores.md'), '## Redis: Sentinel and your own client')


def test_own_client_examples_are_accepted() -> None:
    """The page's client and the page's function are valid settings."""
    [code] = code_blocks(SECTION, 'python')
    app = Quart('own')
    app.secret_key = KEY
    names = {'app': app, 'provider': UsernamePasswordCredentialProvider('web', KEY)}
    first, function = code.split('\n\n\n', 1)

    for part in (first, function):
        exec(part, names)  # noqa: S102
        RedisSessionInterface(app)

    assert app.config['SESSION_REDIS']().connection_pool.service_name == 'mymaster'


def test_sentinel_variables_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's environment variables select the Sentinels."""
    [commands] = code_blocks(SECTION, 'console')
    for line in commands.splitlines():
        name, _, value = line.removeprefix('export ').partition('=')
        monkeypatch.setenv(name, value.strip("'"))

    config = create_app({'SECRET_KEY': KEY, 'SESSION_TYPE': 'redis'}).config

    assert config['SESSION_REDIS_SENTINELS'] == json.loads(value_of(commands))


def value_of(commands: str) -> str:
    """Return the JSON in the first command."""
    return commands.split("'")[1]
