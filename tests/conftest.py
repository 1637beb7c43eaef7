"""What every test has: an environment without QUART_*, a fresh app, and a Redis if need be."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from quart import Quart

from tests.redis_server import RedisServer

ROOT = Path(__file__).parent.parent
KEY = 'a key for tests, which is long enough for production'


def pytest_configure() -> None:
    # Before the first test module imports the app.
    for name in list(os.environ):
        if name.startswith('QUART_') or name == 'REDIS_URL':
            del os.environ[name]
    # A shell's background job ignores SIGINT, and so would the commands that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Not in the fixture, for then pytest tells of each test in a line of its own.
    if shutil.which('redis-server') is None and _needs_redis(item):
        pytest.skip('no redis-server: apt-get install redis-server')


def _needs_redis(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
        return False
    # The parameter is for a fixture that asks for a Redis only then.
    parameters = item.callspec.params if hasattr(item, 'callspec') else {}
    return 'redis_program' in item.fixturenames or 'redis' in parameters.values()


@pytest.fixture(scope='session', autouse=True)
def _no_key_file_left_behind() -> Iterator[None]:
    instance = ROOT / 'instance'
    before = instance.exists()
    yield
    assert before or not instance.exists(), 'a test served an app without a key, in this folder'


@pytest.fixture
def app() -> Quart:
    # Its import makes an app, from the settings in the environment.
    from quart_session_demo import create_app

    return create_app({'TESTING': True, 'SECRET_KEY': KEY})


@pytest.fixture(scope='session')
def redis_program() -> None:
    """Do nothing: a test that names it is skipped where there is no redis-server."""


@pytest.fixture(scope='session')
def redis_server(
    redis_program: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """Yield a Redis that all tests share: none of them empties or harms it."""
    with RedisServer(tmp_path_factory.mktemp('redis')) as server:
        yield server
