"""What all tests share: a clean environment, markers, fixtures and factories."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from quart import Quart, Response
from quart.typing import TestClientProtocol as Client
from werkzeug.http import parse_cookie

from quart_session_demo import create_app
from quart_session_demo.compare.harness.postgres import find_program
from quart_session_demo.config import DEFAULTS
from quart_session_demo.sessions.platforms import PLATFORMS
from quart_session_demo.sessions.server.signing import id_signer
from tests.postgres_server import PostgresServer, make_template
from tests.redis_cluster import RedisCluster
from tests.redis_server import RedisServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

# Tests in this folder belong to apps that tests port.
collect_ignore = ['apps']

ROOT = Path(__file__).parent.parent
KEY = 'a key for tests, which is long enough for production'

PLATFORM_VARIABLES = [name for platform in PLATFORMS for name in platform.variables]

E2E = ROOT / 'tests/e2e'
# Slow tests whose result does not depend on the line of Quart: in `.ci/run` they run once.
ANY_QUART = {
    ROOT / 'tests' / name
    for name in (
        'cli/test_terminal_output.py',
        'compare/cost/test_store_cost.py',
        'compare/load/test_charts.py',
        'compare/load/test_command.py',
        'compare/load/test_custom_scenario.py',
        'compare/load/test_database.py',
        'compare/load/test_fixed_rates.py',
        'compare/load/test_generator_closed_loop.py',
        'compare/load/test_generator_cookies.py',
        'compare/load/test_generator_open_loop.py',
        'compare/load/test_generator_process.py',
        'compare/load/test_generator_users.py',
        'compare/load/test_generator_wrk.py',
        'compare/load/test_intervals.py',
        'compare/load/test_output.py',
        'compare/load/test_report_page.py',
        'compare/load/test_side_by_side.py',
        'compare/parity/test_command.py',
        'deploy_check/test_guessable_keys.py',
        'docs/test_generated.py',
        'docs/test_language.py',
        'docs/test_screenshots.py',
        'e2e/test_run_command.py',
        'port/test_check.py',
        'port/test_findings_rules.py',
        'port/test_output.py',
        'port/test_properties.py',
        'port/test_report.py',
        'port/test_speed.py',
        'port/test_unported.py',
        'test_layering.py',
    )
}
# What a marked test needs besides the Python packages: programs, and how to get one of them.
PROGRAMS = {
    'git': (('git',), 'needs Git: apt-get install git'),
    'haproxy': (('haproxy',), 'needs HAProxy: apt-get install haproxy'),
    'nginx': (('nginx',), 'needs nginx: apt-get install nginx'),
    'postgres': (('initdb',), 'needs PostgreSQL: apt-get install postgresql'),
    'redis': (('redis-server',), 'needs redis-server: apt-get install redis-server'),
    'systemd': (('systemd-analyze',), 'needs systemd-analyze: apt-get install systemd'),
    'wrk': (('wrk',), 'needs wrk: apt-get install wrk'),
    'browser': (('chromium', 'google-chrome'), 'needs Chromium: apt-get install chromium'),
}


def pytest_configure() -> None:
    # The settings of whoever runs the tests must not reach the apps of the tests.
    for name in list(os.environ):
        if name.startswith('QUART_') or name in ('REDIS_URL', *DEFAULTS, *PLATFORM_VARIABLES):
            del os.environ[name]
    # A shell's background job ignores SIGINT, and so would the commands that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


# First, so that `-m` sees the markers.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = getattr(item, 'fixturenames', ())
        if 'redis_program' in fixtures:
            item.add_marker('redis')
        if 'postgres_template' in fixtures:
            item.add_marker('postgres')
        if 'playwright' in fixtures:
            item.add_marker('browser')
        if item.path.is_relative_to(E2E):
            item.add_marker('e2e')
        if item.path in ANY_QUART:
            item.add_marker('any_quart')


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Not in a fixture: pytest would report each skipped test in a line of its own.
    for marker, (programs, advice) in PROGRAMS.items():
        if item.get_closest_marker(marker) and not any(map(find_program, programs)):
            pytest.skip(advice)


@pytest.fixture(scope='session', autouse=True)
def _no_new_key_file() -> Iterator[None]:
    instance = ROOT / 'instance'
    before = instance.exists()
    yield
    assert before or not instance.exists(), 'a test served an app without a key, in this folder'


@pytest.fixture
def app() -> Quart:
    """Return the demo app, as `make_app` makes it, for tests of what it does without a server."""
    return make_app(TESTING=True)


@pytest.fixture(scope='session')
def redis_program() -> None:
    """Do nothing: a test that uses this fixture is skipped if there is no redis-server."""


@pytest.fixture(scope='session')
def redis_server(
    redis_program: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """Yield a Redis that all tests share: no test may empty, stop or reconfigure it."""
    with RedisServer(tmp_path_factory.mktemp('redis')) as server:
        yield server


@pytest.fixture(scope='session')
def redis_cluster(
    redis_program: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisCluster]:
    """Yield a Redis Cluster that all tests share: no test may empty, stop or reconfigure it."""
    with RedisCluster(tmp_path_factory.mktemp('redis-cluster')) as cluster:
        yield cluster


@pytest.fixture(scope='session')
def postgres_template() -> Iterator[Path]:
    """Yield the files of an empty PostgreSQL, from which tests make servers."""
    folder = make_template()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope='session')
def postgres_server(postgres_template: Path) -> Iterator[PostgresServer]:
    """Yield a PostgreSQL that all tests share: no test may stop or reconfigure it."""
    with PostgresServer(postgres_template) as server:
        yield server


@pytest.fixture(scope='session')
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and its self-signed certificate, for 127.0.0.1 and ::1."""
    if shutil.which('openssl') is None:
        pytest.skip('needs openssl: apt-get install openssl')
    directory = tmp_path_factory.mktemp('certificate')
    key, file = directory / 'key.pem', directory / 'certificate.pem'
    subprocess.run(
        [
            *[
                'openssl',
                'req',
                '-x509',
                '-newkey',
                'rsa:2048',
                '-nodes',
                '-subj',
                '/CN=test',
                '-days',
                '1',
            ],
            '-addext',
            'subjectAltName=IP:127.0.0.1,IP:::1',
            '-keyout',
            key,
            '-out',
            file,
        ],
        check=True,
        capture_output=True,
    )
    file.write_text(key.read_text() + file.read_text())
    return file


# Not for the whole session: while Playwright runs, no asynchronous test can.
@pytest.fixture(scope='module')
def playwright() -> Iterator['Playwright']:
    """Yield Playwright. A test that uses this fixture is skipped if there is no Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope='module')
def browser(playwright: 'Playwright') -> Iterator['Browser']:
    """Yield a Chromium that the tests of a module share."""
    from tests.browser import ARGUMENTS, CHROMIUM

    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(
    params=[
        pytest.param('nginx', marks=pytest.mark.nginx),
        pytest.param('haproxy', marks=pytest.mark.haproxy),
    ]
)
def proxy_program(request: pytest.FixtureRequest) -> str:
    """Return the program for a `tests.proxies.Proxy`: a test runs with each."""
    return str(request.param)


def make_app(**config: Any) -> Quart:
    """Return a new demo app with the tests' key and these settings."""
    return create_app({'SECRET_KEY': KEY, **config})


async def session_contents(client: Client) -> dict[str, Any]:
    """Return what the client's session contains."""
    async with client.session_transaction() as session:
        return dict(session)


@dataclass(frozen=True)
class SetCookie:
    """A cookie that a response sets.

    Attributes:
        name: The cookie's name.
        value: The cookie's value, without the quotes and escapes of the header.
        attributes: The value of each attribute, by its name in lower case. Flags, such as
            `secure`, have the value `''`.
    """

    name: str
    value: str
    attributes: dict[str, str]


def parse_set_cookie(header: str) -> SetCookie:
    """Return the cookie in a `Set-Cookie` header, with every attribute, known or not."""
    # Before Python 3.14 `http.cookies` drops a cookie that has the attribute Partitioned.
    pair, *parts = header.split(';')
    [(name, value)] = parse_cookie(pair).items()
    attributes = {}
    for part in parts:
        attribute, _, text = part.partition('=')
        attributes[attribute.strip().lower()] = text.strip()
    return SetCookie(name, value, attributes)


def cookies_of(response: Any) -> list[SetCookie]:
    """Return the cookies that a response sets, in order."""
    return [parse_set_cookie(header) for header in response.headers.getlist('Set-Cookie')]


def cookie_of(response: Any, name: str = 'session') -> SetCookie:
    """Return the one cookie of this name that a response sets."""
    [cookie] = [cookie for cookie in cookies_of(response) if cookie.name == name]
    return cookie


def signed_id(session_id: str) -> str:
    """Return the cookie of a server session with this id, in an app of `make_app`."""
    return id_signer((KEY.encode(),)).sign(session_id)


def id_in(cookie: str) -> str:
    """Return the session id in the cookie of a server session, in an app of `make_app`."""
    session_id = id_signer((KEY.encode(),)).verify(cookie)
    assert session_id is not None
    return session_id


async def get_with_cookie(app: Quart, path: str, value: str, *, name: str = 'session') -> Response:
    """Return the response to one request with this session cookie."""
    client = app.test_client(use_cookies=False)
    return await client.get(path, headers={'Cookie': f'{name}={value}'})


async def contents_of(app: Quart, value: str) -> dict[str, Any]:
    """Return what `/contents` of the sessions app shows for a session cookie."""
    found: dict[str, Any] = await (await get_with_cookie(app, '/contents', value)).get_json()
    return found
